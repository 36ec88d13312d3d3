package jsjobs

import (
	"strconv"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// makesArrays are methods whose result is of the class of the array.
var makesArrays = []string{"concat", "filter", "map", "slice", "splice"}

// asSpecies makes of an array one of the class of another array, as that says in
// its constructor's Symbol.species (ECMA-262 10.4.2.2). It is filled when its
// items are known, which only a constructor that looks at its argument notices.
func (m *machine) asSpecies(of, made otto.Value) otto.Value {
	o := inner(of)
	if o == nil || o.class != "Array" {
		return made
	}
	if _, own := o.property["constructor"]; o.prototype == m.arrays && !own {
		return made
	}
	class := inner(o.objectClass.get(o, "constructor"))
	if class == nil {
		return made
	}
	class = inner(class.objectClass.get(class, "@@species"))
	if class == nil || class == inner(m.global.property["Array"].value.(otto.Value)) {
		return made
	}
	if !isConstructor(class) {
		panic(m.vm.MakeTypeError("object.constructor[Symbol.species] is not a constructor"))
	}
	v := innerConstruct(class, []otto.Value{jsWhole(0)})
	out, from := inner(v), inner(made)
	for _, name := range from.propertyOrder {
		if item, ok := from.property[name].value.(otto.Value); ok && name != "length" {
			out.objectClass.defineOwnProperty(out, name, innerProperty{item, modeOpen}, true)
		}
	}
	out.objectClass.put(out, "length", from.objectClass.get(from, "length"), true)
	return v
}

// spreads reports whether one that concat joins says by Symbol.isConcatSpreadable
// whether it is spread.
func spreads(call otto.FunctionCall) bool {
	says := func(v otto.Value) bool {
		o := inner(v)
		return o != nil && o.objectClass.hasProperty(o, "@@isConcatSpreadable")
	}
	for _, v := range call.ArgumentList {
		if says(v) {
			return true
		}
	}
	return says(call.This)
}

// concatSpread is Array.prototype.concat then (ECMA-262 23.1.3.2).
func (m *machine) concatSpread(call otto.FunctionCall) otto.Value {
	joined, n := m.newArray(), 0
	for _, v := range append([]otto.Value{call.This}, call.ArgumentList...) {
		o := inner(v)
		spread := o != nil && o.class == "Array"
		if o != nil {
			if says := o.objectClass.get(o, "@@isConcatSpreadable"); !says.IsUndefined() {
				spread, _ = says.ToBoolean()
			}
		}
		if !spread {
			joined.append(strconv.Itoa(n), v)
			n++
			continue
		}
		m.checkLength(v)
		length := max(0, m.whole(o.objectClass.get(o, "length")))
		if n+length > maxLength {
			m.throw(farm.Errorf(farm.Invalid, "an array has %d items: the limit is %d", n+length, maxLength))
		}
		for i := range length {
			if key := strconv.Itoa(i); o.objectClass.hasProperty(o, key) {
				joined.append(strconv.Itoa(n+i), o.objectClass.get(o, key))
			}
		}
		n += length
	}
	joined.property["length"] = innerProperty{jsLength(n), modeLength}
	return m.asSpecies(call.This, outer(joined))
}

// instanceOf(value, class) is instanceof (ECMA-262 13.10.2).
func (m *machine) instanceOf(call otto.FunctionCall) otto.Value {
	class := inner(call.Argument(1))
	if class == nil {
		panic(m.vm.MakeTypeError("Right-hand side of 'instanceof' is not an object"))
	}
	if f := class.objectClass.get(class, "@@hasInstance"); !f.IsUndefined() && !f.IsNull() {
		if !f.IsFunction() {
			panic(m.vm.MakeTypeError("Symbol.hasInstance of this object is not a function"))
		}
		is, _ := callInner(inner(f), call.Argument(1), call.Argument(0)).ToBoolean()
		return m.toJS(is)
	}
	if !call.Argument(1).IsFunction() {
		panic(m.vm.MakeTypeError("Right-hand side of 'instanceof' is not callable"))
	}
	return m.toJS(innerHasInstance(class, call.Argument(0)))
}

// number(value) is what a value is as a number.
func (m *machine) number(call otto.FunctionCall) otto.Value {
	return numberValue(m.toNumber(call.Argument(0)))
}
