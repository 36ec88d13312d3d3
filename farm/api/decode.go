package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// Decode reads a request's JSON into a pointer to its type and checks what the
// protocol says about it: required keys are there, nothing is null that has no
// meaning as null, statuses are words of the protocol, numbers are in range.
// Errors are farm.Invalid and name the key. Unknown keys are ignored. Types of
// other packages, such as farm.Config, are read but not checked.
func Decode(body []byte, into any) error {
	if d, ok := into.(interface{ setDefaults() }); ok {
		d.setDefaults()
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return farm.Errorf(farm.Invalid, "the request has no body: send JSON")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return explain(err, body)
	}
	if err := require(into, body); err != nil {
		return err
	}
	if c, ok := into.(interface{ check() error }); ok {
		return c.check()
	}
	return nil
}

// explain turns an error of encoding/json into a sentence for the sender.
func explain(err error, body []byte) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, column := place(body, syntax.Offset)
		return farm.Errorf(farm.Invalid, "the request is not JSON: line %d, column %d: %w", line, column, err)
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		what := "the request"
		if mismatch.Field != "" {
			what = strconv.Quote(mismatch.Field)
		}
		return farm.Errorf(farm.Invalid, "%s must be %s, and is %s", what, jsonName(mismatch.Type), mismatch.Value)
	}
	return farm.Errorf(farm.Invalid, "the request cannot be read: %w", err)
}

// place returns the line and column, from 1, of the last byte read when
// encoding/json gave up.
func place(body []byte, offset int64) (line, column int) {
	read := body[:max(0, min(offset-1, int64(len(body))))]
	return bytes.Count(read, []byte("\n")) + 1, len(read) - bytes.LastIndexByte(read, '\n')
}

// jsonName returns what people call the JSON form of a Go type.
func jsonName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// require checks presence and nulls of a body that was read into a value. The
// shapes alone cannot tell an absent key from a zero value.
func require(into any, body []byte) error {
	t := reflect.TypeOf(into).Elem()
	if !hasRequired(t) && !bytes.Contains(body, []byte("null")) {
		return nil // spares the frequent task updates a second reading
	}
	return requireIn(t, body, "")
}

// hasRequired reports whether there is anything of which absence is an error.
func hasRequired(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return true
	}
	for f := range fieldsOf(t) {
		if f.required || f.typ.Kind() == reflect.Pointer && f.typ.Elem().Kind() == reflect.Struct {
			return true
		}
	}
	return false
}

var ownPackage = reflect.TypeFor[Error]().PkgPath()

// requireIn checks raw, which is at key (empty: the whole body), against t.
func requireIn(t reflect.Type, raw []byte, key string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface {
		return nil // any JSON value, null included
	}
	if string(bytes.TrimSpace(raw)) == "null" {
		return farm.Errorf(farm.Invalid, "%s is null: leave the key out, or give it a value", named(key))
	}
	switch {
	case t.Kind() == reflect.Struct && t.PkgPath() == ownPackage:
		return requireKeys(t, raw, key)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return nil // Decode already read it; a type with a form of its own
		}
		for i, item := range items {
			if err := requireIn(t.Elem(), item, key+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Map && t.Elem().Kind() != reflect.Interface:
		var items map[string]json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
		for k, item := range items {
			if err := requireIn(t.Elem(), item, join(key, k)); err != nil {
				return err
			}
		}
	}
	return nil
}

// requireKeys checks the keys of an object of this package's type t.
func requireKeys(t reflect.Type, raw []byte, key string) error {
	var items map[string]json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	for f := range fieldsOf(t) {
		item, ok := items[f.name]
		if !ok && f.required {
			return farm.Errorf(farm.Invalid, "%s is missing from the request", named(join(key, f.name)))
		}
		if !ok {
			continue
		}
		if err := requireIn(f.typ, item, join(key, f.name)); err != nil {
			return err
		}
	}
	return nil
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func named(key string) string {
	if key == "" {
		return "the request"
	}
	return strconv.Quote(key)
}

// field is a key of a JSON object.
type field struct {
	name     string
	typ      reflect.Type
	required bool
}

// fieldsOf yields the keys of a struct, those of embedded structs included. A
// key is required unless it may be left out when written (omitempty,
// omitzero) or is marked api:"optional", which means that it is always sent
// but has a default.
func fieldsOf(t reflect.Type) func(yield func(field) bool) {
	return func(yield func(field) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "" || name == "-" {
				continue
			}
			required := !strings.Contains(options, "omit") && f.Tag.Get("api") != "optional"
			if !yield(field{name, f.Type, required}) {
				return
			}
		}
	}
}
