package jsjobs

import (
	"fmt"
	"math"
	"regexp"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
)

// What built-in functions do with their arguments, as the standard says. Texts
// are inside texts here; see package codeunit.

// toString is the standard's ToString.
func (m *machine) toString(v otto.Value) string {
	if v.IsString() {
		return v.String()
	}
	s, err := v.ToString()
	if err != nil {
		m.rethrow(err)
	}
	return s
}

// toNumber is the standard's ToNumber.
func (m *machine) toNumber(v otto.Value) float64 {
	if v.IsString() {
		return numberOf(v.String())
	}
	f, err := v.ToFloat()
	if err != nil {
		m.rethrow(err)
	}
	return f
}

// toInteger is the standard's ToIntegerOrInfinity.
func (m *machine) toInteger(v otto.Value) float64 {
	if v.IsUndefined() {
		return 0
	}
	f := m.toNumber(v)
	if math.IsNaN(f) {
		return 0
	}
	return math.Trunc(f) + 0 // no negative zero
}

// position is an integer argument, kept within 0 and most; without the
// argument, it is other.
func (m *machine) position(v otto.Value, most, other int) int {
	if v.IsUndefined() {
		return other
	}
	return int(max(0, min(m.toInteger(v), float64(most))))
}

// relative is position for an argument that counts from the end if it is
// negative.
func (m *machine) relative(v otto.Value, length, other int) int {
	if v.IsUndefined() {
		return other
	}
	f := m.toInteger(v)
	if f < 0 {
		f += float64(length)
	}
	return int(max(0, min(f, float64(length))))
}

// this is the text that a method of String is called on.
func (m *machine) this(call otto.FunctionCall, method string) string {
	if call.This.IsUndefined() || call.This.IsNull() {
		m.raise("TypeError", "String.prototype."+method+" called on null or undefined")
	}
	// A text without an object gets one of the engine for the call.
	if o := inner(call.This); o != nil && o.class == "String" {
		if text, ok := o.value.(fmt.Stringer); ok {
			return text.String()
		}
	}
	return m.toString(call.This)
}

// ofText makes a JavaScript string of a text inside.
func ofText(s string) otto.Value {
	v, err := otto.ToValue(s)
	if err != nil { // which no string causes
		return otto.UndefinedValue()
	}
	return v
}

// raise throws an error of one of the standard's kinds.
func (m *machine) raise(kind, message string) {
	panic(m.vm.MakeCustomError(kind, codeunit.Encode(message)))
}

// errorKind is how the engine's errors begin.
var errorKind = regexp.MustCompile(`^(\w*Error): `)

// rethrow throws what a call into JavaScript threw. The engine hands out no
// more than its text; but the value is known if a throw statement threw it.
func (m *machine) rethrow(err error) {
	text := err.Error()
	if text == m.thrown.text && m.thrown.value.IsDefined() {
		panic(m.thrown.value)
	}
	if found := errorKind.FindStringSubmatch(text); found != nil {
		panic(m.vm.MakeCustomError(found[1], text[len(found[0]):]))
	}
	m.throw(err)
}

// invoke calls a function of the script. What it throws goes on as it is.
func (m *machine) invoke(f, this otto.Value, args ...otto.Value) otto.Value {
	return innerCall(inner(f), this, args, false, innerFrame{native: true})
}

// read is get that lets pass what a getter throws.
func (m *machine) read(o *otto.Object, name string) otto.Value {
	i := inner(o.Value())
	return i.objectClass.get(i, name)
}

// method is a property that is a function or nothing.
func (m *machine) method(v otto.Value, name string) (otto.Value, bool) {
	if !v.IsObject() {
		return otto.Value{}, false
	}
	f := m.read(v.Object(), name)
	switch {
	case f.IsUndefined() || f.IsNull():
		return f, false
	case !f.IsFunction():
		m.raise("TypeError", name+" is not a function")
	}
	return f, true
}
