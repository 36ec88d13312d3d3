package jsjobs

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
)

// stringify(value, replacer, space) is JSON.stringify: own names in the
// standard's order, what toJSON and the replacer make of values, and an error
// for what contains itself.
func (m *machine) stringify(call otto.FunctionCall) otto.Value {
	w := &jsonWriter{m: m, out: joined{m: m}}
	replacer := call.Argument(1)
	switch {
	case replacer.IsFunction():
		w.replacer = replacer
	case replacer.Class() == "Array":
		w.only(replacer.Object())
	}
	w.gap = m.gap(call.Argument(2))
	// A replacer gets the object that the value is in, at first one with the value under "".
	holder := otto.UndefinedValue()
	if w.replacer.IsFunction() {
		o := m.newObject()
		m.set(o, "", call.Argument(0))
		holder = o.Value()
	}
	if !w.property(holder, "", call.Argument(0), "") {
		return otto.UndefinedValue()
	}
	return ofText(string(w.out.b))
}

// gap is what the argument space indents by.
func (m *machine) gap(v otto.Value) string {
	switch {
	case v.IsNumber() || v.Class() == "Number":
		return strings.Repeat(" ", int(max(0, min(10, m.toInteger(v)))))
	case v.IsString() || v.Class() == "String":
		return codeunit.Slice(m.toString(v), 0, 10)
	}
	return ""
}

// A jsonWriter writes JSON for a script.
type jsonWriter struct {
	m        *machine
	out      joined
	gap      string
	replacer otto.Value
	names    []string // the only ones, if listed
	listed   bool
	open     []otto.Value // the objects that are being written
}

// only takes the names that are to be written, from an array.
func (w *jsonWriter) only(list *otto.Object) {
	w.listed = true
	seen := map[string]bool{}
	for i := range w.m.position(w.m.read(list, "length"), maxArray, 0) {
		v := w.m.read(list, strconv.Itoa(i))
		isText := v.IsString() || v.IsNumber() || v.Class() == "String" || v.Class() == "Number"
		if !isText {
			continue
		}
		if name := w.m.toString(v); !seen[name] {
			seen[name] = true
			w.names = append(w.names, name)
		}
	}
}

// property writes a value that has a name in its holder, and reports whether
// there was something to write.
func (w *jsonWriter) property(holder otto.Value, name string, v otto.Value, indent string) bool {
	// toJSON first, then the replacer: ECMA-262 25.5.2.2.
	if v.IsObject() {
		if f := w.m.read(v.Object(), "toJSON"); f.IsFunction() {
			v = w.m.invoke(f, v, ofText(name))
		}
	}
	if w.replacer.IsFunction() {
		v = w.m.invoke(w.replacer, holder, ofText(name), v)
	}
	switch v.Class() {
	case "Number":
		v = w.m.toJS(w.m.toNumber(v))
	case "String":
		v = ofText(w.m.toString(v))
	case "Boolean":
		v = w.m.call(w.m.kit.booleanValue, v)
	}
	switch {
	case v.IsUndefined() || v.IsFunction() || w.m.isSymbol(v):
		return false
	case v.IsNull():
		w.out.add("null")
	case v.IsBoolean():
		w.out.add(v.String())
	case v.IsString():
		w.out.add(jsonText(v.String()))
	case v.IsNumber():
		f, _ := v.ToFloat()
		// JSON has no such numbers.
		if math.IsNaN(f) || math.IsInf(f, 0) {
			w.out.add("null")
		} else {
			w.out.add(numberText(f))
		}
	default:
		w.nested(v, indent)
	}
	return true
}

// nested writes an object or an array.
func (w *jsonWriter) nested(v otto.Value, indent string) {
	// A search, as values are nested a few levels deep at most.
	for _, o := range w.open {
		if o == v {
			w.m.raise("TypeError", "Converting circular structure to JSON: a value contains itself")
		}
	}
	if len(w.open) >= maxJSONLevels {
		w.m.raise("RangeError", "a value is nested more than 1000 levels deep")
	}
	w.open = append(w.open, v)
	if v.Class() == "Array" {
		w.array(v, indent+w.gap)
	} else {
		w.object(v, indent+w.gap)
	}
	w.open = w.open[:len(w.open)-1]
}

// begin writes what is before an item.
func (w *jsonWriter) begin(first bool, indent string) {
	if !first {
		w.out.add(",")
	}
	if w.gap != "" {
		w.out.add("\n" + indent)
	}
}

// end closes a list of items.
func (w *jsonWriter) end(empty bool, indent, bracket string) {
	if !empty && w.gap != "" {
		w.out.add("\n" + indent[:len(indent)-len(w.gap)])
	}
	w.out.add(bracket)
}

// array writes an array, whose gaps and functions are null.
func (w *jsonWriter) array(v otto.Value, indent string) {
	o := v.Object()
	n := w.m.position(w.m.read(o, "length"), maxLength, 0)
	w.out.add("[")
	for i := range n {
		w.begin(i == 0, indent)
		name := strconv.Itoa(i)
		if !w.property(v, name, w.m.read(o, name), indent) {
			w.out.add("null")
		}
	}
	w.end(n == 0, indent, "]")
}

// object writes the listed names of an object, or all.
func (w *jsonWriter) object(v otto.Value, indent string) {
	o := v.Object()
	names := w.names
	if !w.listed {
		names = w.m.names(v)
	}
	w.out.add("{")
	empty := true
	for _, name := range names {
		before := len(w.out.b)
		w.begin(empty, indent)
		w.out.add(jsonText(name))
		w.out.add(":")
		if w.gap != "" {
			w.out.add(" ")
		}
		if w.property(v, name, w.m.read(o, name), indent) {
			empty = false
		} else {
			// What cannot be written, such as a function, is left out with its name.
			w.out.b = w.out.b[:before]
		}
	}
	w.end(empty, indent, "}")
}

// jsonText writes a text inside as JSON. Halves alone are escaped.
func jsonText(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for len(s) > 0 {
		r, n := codeunit.Point(s)
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			if i := strings.IndexRune("\b\t\n\f\r", r); i >= 0 {
				b = append(b, '\\', "btnfr"[i])
			} else {
				b = append(b, `\u00`+string("0123456789abcdef"[r>>4])+string("0123456789abcdef"[r&15])...)
			}
		// Half of a pair alone, which UTF-8 does not have.
		case utf16.IsSurrogate(r):
			b = append(b, `\u`+strconv.FormatInt(int64(r), 16)...)
		default:
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return string(append(b, '"'))
}

// isSymbol reports whether a value is what symbols are here.
func (m *machine) isSymbol(v otto.Value) bool {
	if !v.IsObject() {
		return false
	}
	mark, err := v.Object().Get("@@symbol")
	return err == nil && mark.IsBoolean()
}
