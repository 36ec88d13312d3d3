package jsjobs

import (
	"math"
	"strconv"
	"time"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
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
			m.set(o, codeunit.Encode(key), m.toJS(v[key]))
		}
		return o.Value()
	case map[string]string:
		o := m.newObject()
		for _, key := range sortedKeys(v) {
			m.set(o, codeunit.Encode(key), m.string(v[key]))
		}
		return o.Value()
	case []any:
		return toArray(m, v, m.toJS)
	case []string:
		return toArray(m, v, m.string)
	case string:
		return m.string(v)
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
	array := m.newArray()
	for i, item := range list {
		array.append(strconv.Itoa(i), convert(item))
	}
	array.property["length"] = innerProperty{jsLength(len(list)), modeLength}
	return outer(array)
}

// set sets a property; the objects it is used on cannot refuse.
func (m *machine) set(o *otto.Object, name string, value any) {
	if s, ok := value.(string); ok {
		value = m.string(s)
	}
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

// text converts an argument for a host function that takes a string: nothing,
// undefined and null are "", everything else is what JavaScript makes of it.
func (m *machine) text(v otto.Value) string {
	if v.IsUndefined() || v.IsNull() {
		return ""
	}
	return codeunit.Decode(m.toString(v))
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

// string makes a JavaScript string of a text outside.
func (m *machine) string(s string) otto.Value { return ofText(codeunit.Encode(s)) }
