package jsjobs

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/robertkrimen/otto"
)

// Typed arrays are views of buffers (ECMA-262 23.2, 25.1, 25.3). What is done
// with single items is here, what is done with all of them in typed.js.

// maxBuffer bounds one buffer.
const maxBuffer = 64 << 20

// A bufferSlot is what an ArrayBuffer has in its slot.
type bufferSlot struct{ data []byte }

// A typedSlot is what a typed array has in its slot.
type typedSlot struct {
	m      *machine
	kind   itemKind
	buffer *bufferSlot
	offset int // bytes
	length int // items
}

// An itemKind is a way to keep a number in bytes.
type itemKind struct {
	size  int
	read  func([]byte) float64
	write func([]byte, float64)
}

// itemKinds are those of the language, in the order of the little end.
var itemKinds = map[string]itemKind{
	"Int8":         {1, func(b []byte) float64 { return float64(int8(b[0])) }, func(b []byte, n float64) { b[0] = byte(modulo(n)) }},
	"Uint8":        {1, func(b []byte) float64 { return float64(b[0]) }, func(b []byte, n float64) { b[0] = byte(modulo(n)) }},
	"Uint8Clamped": {1, func(b []byte) float64 { return float64(b[0]) }, func(b []byte, n float64) { b[0] = byte(math.RoundToEven(min(max(orZero(n), 0), 255))) }},
	"Int16":        {2, func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) }, func(b []byte, n float64) { binary.LittleEndian.PutUint16(b, uint16(modulo(n))) }},
	"Uint16":       {2, func(b []byte) float64 { return float64(binary.LittleEndian.Uint16(b)) }, func(b []byte, n float64) { binary.LittleEndian.PutUint16(b, uint16(modulo(n))) }},
	"Int32":        {4, func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) }, func(b []byte, n float64) { binary.LittleEndian.PutUint32(b, modulo(n)) }},
	"Uint32":       {4, func(b []byte) float64 { return float64(binary.LittleEndian.Uint32(b)) }, func(b []byte, n float64) { binary.LittleEndian.PutUint32(b, modulo(n)) }},
	"Float32": {4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
		func(b []byte, n float64) { binary.LittleEndian.PutUint32(b, math.Float32bits(float32(n))) }},
	"Float64": {8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
		func(b []byte, n float64) { binary.LittleEndian.PutUint64(b, math.Float64bits(n)) }},
}

func orZero(n float64) float64 {
	if n != n {
		return 0
	}
	return n
}

// modulo is ToUint32 (ECMA-262 7.1.7); narrower kinds take its low bits.
func modulo(n float64) uint32 {
	if n != n || math.IsInf(n, 0) {
		return 0
	}
	return uint32(int64(math.Mod(math.Trunc(n), 1<<32)))
}

func numberValue(n float64) otto.Value {
	v, _ := otto.ToValue(n)
	return v
}

// at is an item, nil if there is none.
func (t *typedSlot) at(i int) []byte {
	if i < 0 || i >= t.length {
		return nil
	}
	from := t.offset + i*t.kind.size
	return t.buffer.data[from : from+t.kind.size]
}

// itemIndex is the index that a property's name is. isIndex is true for all
// numbers, also those that are no index: they are the name of nothing.
func itemIndex(name string) (i int, isIndex bool) {
	if name == "" || name[0] > '9' && name != "Infinity" && name != "NaN" || name[0] < '-' {
		return -1, false
	}
	if n, err := strconv.Atoi(name); err == nil && strconv.Itoa(n) == name {
		return n, true
	}
	n, err := strconv.ParseFloat(name, 64)
	return -1, name == "-0" || err == nil && numberValue(n).String() == name
}

func typedOf(o *innerObject) *typedSlot {
	t, _ := o.value.(*typedSlot)
	return t
}

// typedClass is what typed arrays do, beside what objects do.
var typedClass = &innerClass{}

// makeTypedClass makes it of the class of plain objects.
func makeTypedClass(plain *innerClass) {
	*typedClass = *plain
	readItems(plain)
	writeItems(plain)
	typedClass.enumerate = func(o *innerObject, all bool, each func(string) bool) {
		for i := range typedOf(o).length {
			if !each(strconv.Itoa(i)) {
				return
			}
		}
		plain.enumerate(o, all, each)
	}
}

// readItems has the class look into the buffer for what has a number as name.
func readItems(plain *innerClass) {
	typedClass.getOwnProperty = func(o *innerObject, name string) *innerProperty {
		i, ok := itemIndex(name)
		if !ok {
			return plain.getOwnProperty(o, name)
		}
		t := typedOf(o)
		if b := t.at(i); b != nil {
			return &innerProperty{numberValue(t.kind.read(b)), modeOpen}
		}
		return nil
	}
	typedClass.getProperty = func(o *innerObject, name string) *innerProperty {
		if _, ok := itemIndex(name); ok {
			return typedClass.getOwnProperty(o, name)
		}
		return plain.getProperty(o, name)
	}
}

// writeItems has it write there. Items are neither made nor deleted: what is
// assigned beyond the end is lost.
func writeItems(plain *innerClass) {
	typedClass.put = func(o *innerObject, name string, v otto.Value, throw bool) {
		i, ok := itemIndex(name)
		if !ok {
			plain.put(o, name, v, throw)
			return
		}
		t := typedOf(o)
		n := t.m.toNumber(v)
		if b := t.at(i); b != nil {
			t.kind.write(b, n)
		}
	}
	typedClass.defineOwnProperty = func(o *innerObject, name string, p innerProperty, throw bool) bool {
		i, ok := itemIndex(name)
		if !ok {
			return plain.defineOwnProperty(o, name, p, throw)
		}
		t := typedOf(o)
		b := t.at(i)
		v, data := p.value.(otto.Value)
		if b == nil || p.value != nil && !data || p.mode&0o007 == 0 || p.mode&0o070 == 0 || p.mode&0o700 == 0 {
			if throw {
				panic(t.m.vm.MakeTypeError("Cannot redefine property: " + name))
			}
			return false
		}
		if data {
			t.kind.write(b, t.m.toNumber(v))
		}
		return true
	}
	typedClass.delete = func(o *innerObject, name string, throw bool) bool {
		i, ok := itemIndex(name)
		if !ok {
			return plain.delete(o, name, throw)
		}
		if typedOf(o).at(i) == nil {
			return true
		}
		panic(o.vm().MakeTypeError("Cannot delete property '" + name + "' of " + shownObject(o)))
	}
}

// typedKit is what typed.js makes them with.
func (m *machine) typedKit() map[string]any {
	return map[string]any{
		"newBuffer":   native(m.newBuffer),
		"bufferBytes": native(m.bufferBytes),
		"newTyped":    native(m.newTyped),
		"moveBytes":   native(m.moveBytes),
		"viewGet":     native(m.viewGet),
		"viewSet":     native(m.viewSet),
	}
}

// newBuffer(object, bytes) makes an object a buffer.
func (m *machine) newBuffer(call otto.FunctionCall) otto.Value {
	n := m.toNumber(call.Argument(1))
	if n < 0 || n > maxBuffer {
		panic(m.vm.MakeRangeError("Array buffer allocation failed: the limit is 64 MiB"))
	}
	o := inner(call.Argument(0))
	o.value, o.class = &bufferSlot{make([]byte, int(n))}, "ArrayBuffer"
	return call.Argument(0)
}

// bufferBytes(object) is the size of a buffer, undefined for what is none.
func (m *machine) bufferBytes(call otto.FunctionCall) otto.Value {
	if o := inner(call.Argument(0)); o != nil {
		if b, ok := o.value.(*bufferSlot); ok {
			return jsWhole(len(b.data))
		}
	}
	return otto.UndefinedValue()
}

// newTyped(object, kind, buffer, offset, length) makes an object a typed array.
// The runtime has checked that it lies within the buffer.
func (m *machine) newTyped(call otto.FunctionCall) otto.Value {
	o, kind := inner(call.Argument(0)), call.Argument(1).String()
	b := inner(call.Argument(2)).value.(*bufferSlot)
	o.value = &typedSlot{m, itemKinds[kind], b, m.whole(call.Argument(3)), m.whole(call.Argument(4))}
	o.objectClass = typedClass
	return call.Argument(0)
}

// moveBytes(to, toByte, from, fromByte, bytes) copies between buffers, which may
// be the same.
func (m *machine) moveBytes(call otto.FunctionCall) otto.Value {
	to, from := inner(call.Argument(0)).value.(*bufferSlot).data, inner(call.Argument(2)).value.(*bufferSlot).data
	at, start, n := m.whole(call.Argument(1)), m.whole(call.Argument(3)), m.whole(call.Argument(4))
	copy(to[at:], from[start:start+n])
	return otto.UndefinedValue()
}

// viewGet(buffer, kind, byte, little) reads one number; viewSet writes one.
func (m *machine) viewGet(call otto.FunctionCall) otto.Value {
	kind, b := m.viewed(call, 3)
	return numberValue(kind.read(b))
}

func (m *machine) viewSet(call otto.FunctionCall) otto.Value {
	n := m.toNumber(call.Argument(4))
	kind, b := m.viewed(call, 3)
	kind.write(b, n)
	little, _ := call.Argument(3).ToBoolean()
	data := inner(call.Argument(0)).value.(*bufferSlot).data[m.whole(call.Argument(2)):]
	for i := range b {
		if little {
			data[i] = b[i]
		} else {
			data[i] = b[len(b)-1-i]
		}
	}
	return otto.UndefinedValue()
}

// viewed copies the bytes of a number, the little end first.
func (m *machine) viewed(call otto.FunctionCall, endian int) (itemKind, []byte) {
	kind := itemKinds[call.Argument(1).String()]
	data, at := inner(call.Argument(0)).value.(*bufferSlot).data, m.whole(call.Argument(2))
	b := make([]byte, kind.size)
	copy(b, data[at:])
	if little, _ := call.Argument(endian).ToBoolean(); !little {
		for i := range len(b) / 2 {
			b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
		}
	}
	return kind, b
}
