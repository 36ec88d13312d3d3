package jsjobs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
)

// maxJSONLevels bounds the recursion over values of JSON.
const maxJSONLevels = 1000

// parseJSON(text) is JSON.parse without a reviver, which is in shim.js.
func (m *machine) parseJSON(call otto.FunctionCall) otto.Value {
	v, err := m.readJSONText(m.toString(call.Argument(0)))
	if err != nil {
		m.raise("SyntaxError", err.Error())
	}
	return v
}

// readJSONText makes a value of JSON, a text inside. Objects have their names
// in the order of the text.
func (m *machine) readJSONText(s string) (otto.Value, error) {
	r := &jsonReader{m: m, s: s}
	v := r.value(maxJSONLevels)
	r.blank()
	if r.err == nil && r.at < len(s) {
		r.fail()
	}
	return v, r.err
}

// A jsonReader reads JSON. After an error it reads nothing more.
type jsonReader struct {
	m   *machine
	s   string
	at  int
	err error
}

// fail notes that what is at the place is not expected.
func (r *jsonReader) fail() {
	if r.err != nil {
		return
	}
	if r.at >= len(r.s) {
		// The words are those of V8, which people search for.
		r.err = fmt.Errorf("Unexpected end of JSON input")
		return
	}
	_, size := first(r.s[r.at:])
	r.err = fmt.Errorf("Unexpected token %s in JSON at position %d", codeunit.Decode(r.s[r.at:r.at+size]), codeunit.Length(r.s[:r.at]))
}

// blank passes over blanks: fewer than JavaScript has, by RFC 8259.
func (r *jsonReader) blank() {
	for r.at < len(r.s) && strings.IndexByte(" \t\n\r", r.s[r.at]) >= 0 {
		r.at++
	}
}

// take passes over a text, if it is there.
func (r *jsonReader) take(s string) bool {
	if r.err == nil && strings.HasPrefix(r.s[r.at:], s) {
		r.at += len(s)
		return true
	}
	return false
}

// value reads any value, with at most so many levels in it.
func (r *jsonReader) value(levels int) otto.Value {
	r.blank()
	switch {
	case levels == 0:
		r.err = fmt.Errorf("the JSON is nested more than %d levels deep", maxJSONLevels)
	case r.take("{"):
		return r.object(levels - 1)
	case r.take("["):
		return r.array(levels - 1)
	case r.take(`"`):
		return ofText(r.text())
	case r.take("null"):
		return otto.NullValue()
	case r.take("true"):
		return otto.TrueValue()
	case r.take("false"):
		return otto.FalseValue()
	default:
		return r.number()
	}
	return otto.UndefinedValue()
}

// object reads what follows {. Of a name that comes twice the last value counts.
func (r *jsonReader) object(levels int) otto.Value {
	o := r.m.newObject()
	r.blank()
	if r.take("}") {
		return o.Value()
	}
	for r.err == nil {
		r.blank()
		if !r.take(`"`) {
			r.fail()
			break
		}
		key := r.text()
		r.blank()
		if !r.take(":") {
			r.fail()
			break
		}
		if v := r.value(levels); r.err == nil {
			r.m.own(o, key, v)
		}
		r.blank()
		if r.take("}") {
			break
		}
		if !r.take(",") {
			r.fail()
		}
	}
	return o.Value()
}

// own gives an object a property of its own, whatever its name.
func (m *machine) own(o *otto.Object, key string, v otto.Value) {
	// Set in the ordinary way, this would change the prototype.
	if key == "__proto__" {
		m.call(m.kit.ownProperty, o, key, v)
		return
	}
	m.set(o, key, v)
}

// array reads what follows [.
func (r *jsonReader) array(levels int) otto.Value {
	var list []otto.Value
	r.blank()
	if !r.take("]") {
		for r.err == nil {
			list = append(list, r.value(levels))
			r.blank()
			if r.take("]") {
				break
			}
			if !r.take(",") {
				r.fail()
			}
		}
	}
	return toArray(r.m, list, func(v otto.Value) otto.Value { return v })
}

// text reads a text up to its quote.
func (r *jsonReader) text() string {
	start := r.at
	for r.at < len(r.s) && r.s[r.at] != '"' && r.s[r.at] != '\\' && r.s[r.at] >= ' ' {
		r.at++
	}
	// Most texts have no escapes, and are copied in one piece.
	b := []byte(r.s[start:r.at])
	for r.err == nil {
		switch {
		case r.at >= len(r.s) || r.s[r.at] < ' ':
			r.fail()
		case r.take(`"`):
			return string(b)
		case r.take(`\`):
			b = r.escape(b)
		default:
			b = append(b, r.s[r.at])
			r.at++
		}
	}
	return ""
}

// escape reads what follows a backslash.
func (r *jsonReader) escape(b []byte) []byte {
	if r.take("u") {
		// ParseUint takes more than four digits of hexadecimal.
		if r.at+4 <= len(r.s) && !strings.ContainsAny(r.s[r.at:r.at+4], "+-_") {
			if n, err := strconv.ParseUint(r.s[r.at:r.at+4], 16, 16); err == nil {
				r.at += 4
				return append(b, codeunit.FromUTF16([]uint16{uint16(n)})...)
			}
		}
		r.fail()
		return b
	}
	if r.at < len(r.s) {
		if i := strings.IndexByte(`"\/bfnrt`, r.s[r.at]); i >= 0 {
			r.at++
			return append(b, "\"\\/\b\f\n\r\t"[i])
		}
	}
	r.fail()
	return b
}

// number reads a number. It is not told where the mistake in a wrong one is, but where it begins.
func (r *jsonReader) number() otto.Value {
	start := r.at
	for r.at < len(r.s) && strings.IndexByte("+-0123456789.eE", r.s[r.at]) >= 0 {
		r.at++
	}
	s := r.s[start:r.at]
	if !jsonNumber(strings.TrimPrefix(s, "-")) {
		r.at = start
		r.fail()
		return otto.UndefinedValue()
	}
	f, _ := strconv.ParseFloat(s, 64)
	return r.m.toJS(f)
}

// jsonNumber reports whether s is a number of JSON, without its sign: no zero
// in front, and digits on both sides of a point.
func jsonNumber(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 || n > 1 && s[0] == '0' || decimalLength(s) != len(s) {
		return false
	}
	return n == len(s) || s[n] != '.' || n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9'
}
