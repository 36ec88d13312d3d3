package jsjobs

import (
	"slices"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// bounded are methods of the engine that go over an array without looking
// whether they have to end.
const bounded = "concat every filter forEach indexOf join lastIndexOf map reduce reduceRight reverse shift slice some sort splice unshift"

// boundArrayMethods has these refuse what is too long.
func (m *machine) boundArrayMethods() {
	array := inner(m.global.property["Array"].value.(otto.Value))
	m.arrays = inner(array.property["prototype"].value.(otto.Value))
	for name := range strings.FieldsSeq(bounded) {
		p := m.arrays.property[name]
		method, makes := inner(p.value.(otto.Value)), slices.Contains(makesArrays, name)
		if name == "slice" || name == "concat" {
			m.plain[name] = method
		}
		p.value, _ = m.vm.ToValue(native(func(call otto.FunctionCall) otto.Value {
			m.checkLength(call.This)
			if name == "concat" && spreads(call) {
				return m.concatSpread(call)
			}
			made := innerCall(method, call.This, call.ArgumentList, false, innerFrame{})
			if makes {
				return m.asSpecies(call.This, made)
			}
			return made
		}))
		m.arrays.property[name] = p
	}
}

// plainly calls the engine's slice or concat, whose result is an array of no
// other class. Built-ins that copy a script's array use it, as nothing of the
// script may run then.
func (m *machine) plainly(name string) native {
	return func(call otto.FunctionCall) otto.Value {
		m.checkLength(call.This)
		return innerCall(m.plain[name], call.This, call.ArgumentList, false, innerFrame{})
	}
}

// checkLength throws if an array is too long for the engine to go over.
func (m *machine) checkLength(array otto.Value) {
	o := inner(array)
	if o == nil {
		return
	}
	if n := m.whole(o.objectClass.get(o, "length")); n > maxLength {
		m.throw(farm.Errorf(farm.Invalid, "an array has %d items: the limit is %d", n, maxLength))
	}
}
