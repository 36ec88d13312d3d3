package jsjobs

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// maxLevels bounds how deep values nest that cross between Go and JavaScript;
// it is also what ends those that contain themselves.
const maxLevels = 100

// toJS makes a JavaScript value of a value as encoding/json makes them. Lists
// become genuine arrays and maps genuine objects.
func (m *machine) toJS(v any) otto.Value {
	switch v := v.(type) {
	case nil:
		return otto.NullValue()
	case map[string]any:
		o := m.newObject()
		for _, key := range sortedKeys(v) {
			m.set(o, key, m.toJS(v[key]))
		}
		return o.Value()
	case map[string]string:
		o := m.newObject()
		for _, key := range sortedKeys(v) {
			m.set(o, key, v[key])
		}
		return o.Value()
	case []any:
		return toArray(m, v, m.toJS)
	case []string:
		return toArray(m, v, m.string)
	case time.Time:
		return m.call(m.kit.newDate, v.UnixMilli())
	}
	value, err := otto.ToValue(v)
	if err != nil { // nothing that JSON has
		return otto.UndefinedValue()
	}
	return value
}

// toArray makes a genuine array, so that Array.isArray, concat and the like work
// on it. The engine's own wrapping of Go slices is none.
func toArray[E any](m *machine, list []E, convert func(E) otto.Value) otto.Value {
	array := m.call(m.kit.newArray).Object()
	for i, item := range list {
		m.set(array, strconv.Itoa(i), convert(item))
	}
	return array.Value()
}

// set sets a property; the objects it is used on cannot refuse.
func (m *machine) set(o *otto.Object, name string, value any) {
	if err := o.Set(name, value); err != nil {
		m.throw(err)
	}
}

// get reads a property, and passes on what a getter throws.
func (m *machine) get(o *otto.Object, name string) otto.Value {
	v, err := o.Get(name)
	if err != nil {
		m.throw(err)
	}
	return v
}

// fromJS makes a Go value of a JavaScript one as JSON would carry it: numbers
// are float64, dates are text, what JSON cannot say is nil or left out. size
// is lowered by about the bytes of the result; running below zero is an error.
func (m *machine) fromJS(v otto.Value, size *int64) (any, error) {
	return m.convert(v, size, maxLevels)
}

// convert is fromJS with the levels of nesting that are left.
func (m *machine) convert(v otto.Value, size *int64, levels int) (any, error) {
	if *size -= 16; *size < 0 {
		return nil, farm.Errorf(farm.Invalid, "the commands of the job are larger than %d MiB together", maxCommandBytes>>20)
	}
	switch {
	case v.IsString():
		s := v.String()
		*size -= int64(len(s))
		return strings.ToValidUTF8(s, "\ufffd"), nil
	case v.IsBoolean():
		return v.ToBoolean()
	case v.IsNumber():
		f, err := v.ToFloat()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, err
		}
		return f, err
	case !v.IsObject():
		return nil, nil
	case levels == 0:
		return nil, farm.Errorf(farm.Invalid, "a value is nested more than %d levels deep, or contains itself", maxLevels)
	}
	o := v.Object()
	switch o.Class() {
	case "Array", "GoArray", "GoSlice", "Arguments":
		return m.convertList(o, size, levels-1)
	case "Function":
		return nil, nil
	case "String", "Number", "Boolean", "Date":
		inner, err := o.Call("valueOf")
		if o.Class() == "Date" {
			inner, err = o.Call("toJSON")
		}
		if err != nil || inner.IsObject() {
			return nil, err
		}
		return m.convert(inner, size, levels-1)
	}
	return m.convertMap(o, size, levels-1)
}

// convertMap converts an object. What JSON.stringify leaves out is left out.
func (m *machine) convertMap(o *otto.Object, size *int64, levels int) (any, error) {
	result := map[string]any{}
	for _, key := range o.Keys() {
		v, err := o.Get(key)
		if err != nil {
			return nil, err
		}
		if v.IsUndefined() || v.IsFunction() {
			continue
		}
		*size -= int64(len(key)) + 32
		if result[key], err = m.convert(v, size, levels); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// convertList converts an array or what looks like one. The length is checked
// first, because a script can set it to anything.
func (m *machine) convertList(o *otto.Object, size *int64, levels int) (any, error) {
	length, err := o.Get("length")
	if err != nil {
		return nil, err
	}
	n, err := length.ToInteger()
	if err != nil || n < 0 || n > maxArray {
		return nil, farm.Errorf(farm.Invalid, "a list has %d items: the limit is %d", n, maxArray)
	}
	list := []any{}
	for i := range int(n) {
		v, err := o.Get(strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		item, err := m.convert(v, size, levels)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// text converts an argument for a host function that takes a string: nothing,
// undefined and null are "", everything else is what JavaScript makes of it.
func (m *machine) text(v otto.Value) string {
	if v.IsUndefined() || v.IsNull() {
		return ""
	}
	s, err := v.ToString()
	if err != nil {
		m.throw(err)
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// whole converts an argument for a host function that takes an integer: what
// is no number is 0, fractions are cut off.
func (m *machine) whole(v otto.Value) int {
	if v.IsUndefined() || v.IsNull() {
		return 0
	}
	f, err := v.ToFloat()
	if err != nil {
		m.throw(err)
	}
	const most = 1 << 31
	switch {
	case math.IsNaN(f):
		return 0
	case f > most || f < -most:
		return int(math.Copysign(most, f))
	}
	return int(f)
}

// when converts an argument for a host function that takes a time: a Date, or
// milliseconds since 1970. Nothing is the zero time.
func (m *machine) when(v otto.Value) time.Time {
	if v.IsUndefined() || v.IsNull() {
		return time.Time{}
	}
	f, err := v.ToFloat()
	if err != nil {
		m.throw(err)
	}
	if math.IsNaN(f) || math.Abs(f) > 8.64e15 { // the range of a Date
		m.throw(farm.Errorf(farm.Invalid, "%q is not a time", brief(v.String())))
	}
	return time.UnixMilli(int64(f))
}

// string makes a JavaScript string.
func (m *machine) string(s string) otto.Value {
	v, err := otto.ToValue(s)
	if err != nil {
		m.throw(err)
	}
	return v
}
