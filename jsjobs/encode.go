package jsjobs

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
)

// fromJS makes a Go value of a JavaScript one as JSON would carry it: numbers
// are float64, dates are text, what JSON cannot say is nil or left out. size
// is lowered by the bytes of the JSON; running below zero is an error.
func (m *machine) fromJS(v otto.Value, size *int64) (any, error) {
	text, err := m.encode(v, size)
	if err != nil {
		return nil, err
	}
	var result any
	err = json.Unmarshal(text, &result)
	return result, err
}

// encode is fromJS that stops at the JSON. The JSON.stringify of the engine
// would call what scripts made of toJSON, and knows no limits. The result is
// overwritten by the next call.
func (m *machine) encode(v otto.Value, size *int64) ([]byte, error) {
	e := &encoder{m: m, b: m.scratch[:0], left: *size}
	if err := e.value(v, maxLevels); err != nil {
		return nil, err
	}
	*size -= int64(len(e.b))
	m.scratch = e.b
	if cap(m.scratch) > 1<<20 { // a large one is not kept for the next
		m.scratch = nil
	}
	return e.b, nil
}

// An encoder writes JSON of JavaScript values.
type encoder struct {
	m    *machine
	b    []byte
	left int64 // bytes that b may have
}

// value writes a value that may nest so many levels.
func (e *encoder) value(v otto.Value, levels int) error {
	if int64(len(e.b)) > e.left {
		return tooManyBytes()
	}
	switch {
	case v.IsString():
		e.text(v.String())
		return nil
	case v.IsBoolean():
		b, err := v.ToBoolean()
		e.b = strconv.AppendBool(e.b, b)
		return err
	case v.IsNumber():
		f, err := v.ToFloat()
		e.number(f)
		return err
	case !v.IsObject():
		e.b = append(e.b, "null"...)
		return nil
	case levels == 0:
		return farm.Errorf(farm.Invalid, "a value is nested more than %d levels deep, or contains itself", maxLevels)
	}
	o := v.Object()
	switch o.Class() {
	case "Array", "GoArray", "GoSlice", "Arguments":
		return e.list(o, levels-1)
	case "Function":
		e.b = append(e.b, "null"...)
		return nil
	case "String", "Number", "Boolean", "Date":
		inner, err := o.Call("valueOf")
		if o.Class() == "Date" {
			inner, err = o.Call("toJSON")
		}
		if err != nil {
			return err
		}
		if inner.IsObject() {
			inner = otto.NullValue()
		}
		return e.value(inner, levels-1)
	}
	if data, err := o.Get("@@data"); err != nil || data.IsObject() {
		return e.collection(data, levels-1)
	}
	return e.object(o, levels-1)
}

// collection writes a Set as a list, and a Map as a list of pairs.
func (e *encoder) collection(data otto.Value, levels int) error {
	list, err := data.Object().Call("entries")
	if err != nil {
		return err
	}
	return e.value(list, levels)
}

// object writes an object. What JSON.stringify leaves out is left out.
func (e *encoder) object(o *otto.Object, levels int) error {
	e.b = append(e.b, '{')
	empty := true
	for _, key := range o.Keys() {
		v, err := o.Get(key)
		if err != nil {
			return err
		}
		if v.IsUndefined() || v.IsFunction() {
			continue
		}
		if !empty {
			e.b = append(e.b, ',')
		}
		empty = false
		e.text(key)
		e.b = append(e.b, ':')
		if err := e.value(v, levels); err != nil {
			return err
		}
	}
	e.b = append(e.b, '}')
	return nil
}

// list writes an array or what looks like one. The length is checked first,
// because a script can set it to anything.
func (e *encoder) list(o *otto.Object, levels int) error {
	length, err := o.Get("length")
	if err != nil {
		return err
	}
	n, err := length.ToInteger()
	if err != nil || n < 0 || n > maxArray {
		return farm.Errorf(farm.Invalid, "a list has %d items: the limit is %d", n, maxArray)
	}
	e.b = append(e.b, '[')
	for i := range int(n) {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		v, err := o.Get(strconv.Itoa(i))
		if err != nil {
			return err
		}
		if err := e.value(v, levels); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	return nil
}

// number writes what JSON has no word for as null.
func (e *encoder) number(f float64) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		e.b = append(e.b, "null"...)
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		e.b = strconv.AppendInt(e.b, int64(f), 10)
	default:
		e.b = strconv.AppendFloat(e.b, f, 'g', -1, 64)
	}
}

// text writes a string. Nearly all are as they are.
func (e *encoder) text(s string) {
	s = codeunit.Decode(s)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err == nil { // as it is for every string
				e.b = append(e.b, quoted...)
			}
			return
		}
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, s...)
	e.b = append(e.b, '"')
}
