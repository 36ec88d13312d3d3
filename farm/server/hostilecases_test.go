package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// An operation is one of the OpenAPI document.
type operation struct {
	*openapi3.Operation
	id, method, path string
	signed           bool // only for workers
	parameters       openapi3.Parameters
}

// operationsOf returns the operations, those that delete and configure last.
func operationsOf(doc *openapi3.T) (all []operation) {
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{op, op.OperationID, method, path, op.Security != nil && len(*op.Security) > 0, slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	order := func(o operation) string {
		if o.method == http.MethodDelete || o.method == http.MethodPut {
			return "2 " + o.id
		}
		return "1 " + o.id
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(order(a), order(b)) })
	return all
}

// deep is how deep values are nested. encoding/json allows 10,000.
const deep = 10_050

// wrongTexts are values for parameters in paths, queries and headers, not escaped.
func wrongTexts() map[string]string {
	return map[string]string{"empty": "", "blank": " ", "zero": "\x00", "dots": "..", "up": "../../../etc/passwd", "negative": "-1", "huge": "99999999999999999999999",
		"int64": "9223372036854775807", "NaN": "NaN", "exponent": "1e400", "invalid UTF-8": "\xff\xfe\xc0\xaf", "long": strings.Repeat("x", 5000), "quotes": `"'<b>` + "`",
		"braces": "{}", "list": "[]", "null": "null", "line": "a\nb", "right to left": "\u202egnp", "combining": strings.Repeat("\u0301", 300), "upper case": "AB0E8400-E29B-41D4-A716-446655440000"}
}

// hostile returns the requests for an operation.
func (op operation) hostile(s *testServer) (all []hostile) {
	right := op.sample()
	add := func(what, target, body string, header ...string) {
		h := http.Header{}
		if body != "" {
			h.Set("Content-Type", op.media())
		}
		for i := 0; i < len(header); i += 2 {
			h[http.CanonicalHeaderKey(header[i])] = []string{header[i+1]}
		}
		all = append(all, hostile{what, op.method, target, h, body})
	}
	here := pathOf(op.path, s.ids, "")
	for _, p := range op.parameters {
		for what, text := range wrongTexts() {
			switch name, what := p.Value.Name, p.Value.In+" "+p.Value.Name+": "+what; p.Value.In {
			case openapi3.ParameterInPath:
				values := maps.Clone(s.ids)
				values[name] = text
				add(what, pathOf(op.path, values, ""), right)
			case openapi3.ParameterInQuery:
				add(what, here+"?"+name+"="+url.QueryEscape(text), right)
				add(what+", twice", here+"?"+name+"="+url.QueryEscape(text)+"&"+name+"=1&;", right)
			case openapi3.ParameterInHeader:
				if !strings.ContainsAny(text, "\x00\n") { // which Go's client would not send
					add(what, here, right, name, text)
				}
			}
		}
	}
	for _, raw := range []string{"%00", "%2e%2e%2f%2e%2e%2ffarm.db", "..%2f..", "%2F", "%ff", "%C0%AE", "%25%30%30", "a%0d%0aX-Evil:%201", ";a=b", "*"} {
		for name := range s.ids {
			if strings.Contains(op.path, "{"+name+"}") {
				values := maps.Clone(s.ids)
				values[name] = raw
				add("path "+raw, pathOf(op.path, values, name), right)
			}
		}
		add("path and "+raw, here+raw, right)
		add("query "+raw, here+"?"+raw, right)
	}
	add("query without end", here+"?"+strings.Repeat("a=b&", 2000), right)
	add("long header", here, right, "X-Long", strings.Repeat("x", 100<<10))
	add("path long", here+"/"+strings.Repeat("x/", 10_000), right)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"} {
		if method != op.method {
			all = append(all, hostile{"method " + method, method, here, http.Header{}, ""})
		}
	}
	return append(all, op.hostileBodies(here, right)...)
}

// media is what the operation's body is.
func (op operation) media() string {
	if op.RequestBody != nil && op.RequestBody.Value.Content["application/json"] == nil {
		for _, media := range slices.Sorted(maps.Keys(op.RequestBody.Value.Content)) {
			return media
		}
	}
	return "application/json"
}

// schema is that of the operation's JSON body, nil for none.
func (op operation) schema() *openapi3.Schema {
	if op.RequestBody == nil {
		return nil
	}
	media := op.RequestBody.Value.Content["application/json"]
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// rightBodies are those that have to make sense for the manager to look at them closely.
var rightBodies = map[string]string{"submitJob": echoJob, "submitJobCheck": echoJob, "requestWorkerStatusChange": `{"status":"awake","is_lazy":false}`,
	"rerenderJob": `{"frames":"1-3","reason":"again","keep":false}`, "shamanCheckout": `{"files":[],"checkoutPath":"shot"}`, "updateWorkerTag": `{"name":"other","description":"x"}`}

// sample is a body that the document allows, "" for none.
func (op operation) sample() string {
	switch schema := op.schema(); {
	case rightBodies[op.id] != "":
		return rightBodies[op.id]
	case schema != nil:
		return text(sampleOf(schema, 0))
	case op.RequestBody != nil:
		return "xyz"
	}
	return ""
}

// hostileBodies returns the requests whose path is right and whose body is not.
func (op operation) hostileBodies(target, right string) (all []hostile) {
	add := func(what, media, body string) {
		h := http.Header{}
		if media != "" {
			h.Set("Content-Type", media)
		}
		all = append(all, hostile{"body: " + what, op.method, target, h, body})
	}
	if op.method != http.MethodGet || op.RequestBody != nil {
		for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=\xff", ";;;", strings.Repeat("a/", 4000), "image/png", "application/octet-stream"} {
			add("of type "+media[:min(len(media), 40)], media, right)
		}
	}
	if op.schema() == nil {
		return all
	}
	bodies := map[string]string{"none": "", "blank": " \n", "null": "null", "true": "true", "number": "3", "text": `"x"`, "list": "[]", "object": "{}", "lists": "[[[[]]]]",
		"cut off": right[:len(right)/2], "and more": right + right, "zeros": strings.Repeat("\x00", 100), "not UTF-8": "{\"\xff\":\"\xff\"}", "UTF-16": "\xff\xfe{\x00}\x00", "BOM": "\ufeff" + right,
		"NaN": "NaN", "deep lists": strings.Repeat("[", deep) + strings.Repeat("]", deep), "deep lists without end": strings.Repeat("[", 1<<20),
		"deep objects": strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep), "many keys": "{" + manyKeys(20_000) + `"z":1}`, "XML": `<?xml version="1.0"?><a/>`, "comment": "/* */" + right}
	for what, body := range bodies {
		add(what, "application/json", body)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(right), &object) != nil {
		return all
	}
	for i, key := range slices.Sorted(maps.Keys(object)) {
		for what, value := range wrongValues() {
			if i > 1 && len(value) > 1000 && os.Getenv("FARM_SOAK") == "" {
				continue // long ones take long, and are read before anybody looks at their keys
			}
			changed := maps.Clone(object)
			delete(changed, key)
			if what == "missing" {
				add(key+" missing", "application/json", text(changed))
				continue
			}
			// By hand, as it is no JSON sometimes, with the right value behind it or before it.
			rest := strings.TrimSuffix(strings.TrimPrefix(text(changed), "{"), "}")
			if rest != "" {
				rest += ","
			}
			add(key+" "+what, "application/json", fmt.Sprintf("{%s%q:%s}", rest, key, value))
			if what == "number" || what == "text" {
				add(key+" twice, "+what, "application/json", fmt.Sprintf("{%q:%s,%s%q:%s}", key, object[key], rest, key, value))
			}
		}
	}
	return all
}

// wrongValues are values for keys of objects, as they are written.
func wrongValues() map[string]string {
	return map[string]string{"missing": "", "null": "null", "bool": "true", "number": "7", "negative": "-1", "fraction": "0.5", "huge": "1e400", "int64": "9223372036854775808", "NaN": "NaN",
		"long number": strings.Repeat("9", 5000), "text": `"x"`, "empty": `""`, "long": `"` + strings.Repeat("x", 100_000) + `"`, "zero": `"\u0000"`, "not UTF-8": "\"\xff\xfe\"", "half a pair": `"\ud800"`,
		"up": `"../../../etc/passwd"`, "list": "[]", "nulls": "[null]", "numbers": "[1]", "texts": `["x","x"]`, "object": "{}", "objects": "[{}]", "unknown": `{"x":{"y":[]}}`,
		"deep": strings.Repeat("[", deep-100) + strings.Repeat("]", deep-100), "deep objects": strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)}
}

// sampleOf makes a value that a schema allows.
func sampleOf(s *openapi3.Schema, depth int) any {
	for _, all := range []openapi3.SchemaRefs{s.AllOf, s.OneOf, s.AnyOf} {
		if len(all) > 0 {
			return sampleOf(all[0].Value, depth+1)
		}
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Example != nil:
		return s.Example
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1
	case s.Type.Is("array"):
		if depth > 5 || s.Items == nil {
			return []any{}
		}
		return []any{sampleOf(s.Items.Value, depth+1)}
	case s.Type.Is("object"):
		object := map[string]any{}
		for name, property := range s.Properties {
			if depth < 6 {
				object[name] = sampleOf(property.Value, depth+1)
			}
		}
		return object
	}
	switch s.Format {
	case "date-time":
		return "2026-11-23T10:50:51Z"
	case "uuid":
		return nobody
	}
	return "misc"
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	return b.String()
}
