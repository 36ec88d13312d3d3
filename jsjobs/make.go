package jsjobs

import "github.com/robertkrimen/otto"

// What the host makes inside of the engine, without a call into JavaScript for
// each: plans have many thousands of tasks.

// objectOf makes an object that inherits from a prototype.
func (m *machine) objectOf(prototype otto.Value) otto.Value {
	return outer(newInner(m.global, inner(prototype)))
}

// newObject makes an empty object.
func (m *machine) newObject() *otto.Object {
	return outer(newInner(m.global, m.global.prototype)).Object()
}

const modeLength = 0o100 // of the length of an array

// newArray makes an array whose length is still to be set.
func (m *machine) newArray() *innerObject {
	o := newInner(m.global, m.arrays)
	o.class, o.objectClass = "Array", inside.arrayClass
	o.append("length", jsLength(0)) // first, as the engine does it
	return o
}

// jsLength is the length of an array as the engine keeps it.
func jsLength(n int) otto.Value {
	v, _ := otto.ToValue(uint32(n))
	return v
}

// append adds a property that the object does not have.
func (o *innerObject) append(name string, v otto.Value) {
	o.property[name] = innerProperty{v, modeOpen}
	o.propertyOrder = append(o.propertyOrder, name)
}

// defineHidden(object, name, value) defines a property as built-ins have them.
func (m *machine) defineHidden(call otto.FunctionCall) otto.Value {
	o := inner(call.Argument(0))
	o.objectClass.defineOwnProperty(o, call.Argument(1).String(), innerProperty{call.Argument(2), modeHidden}, true)
	return otto.UndefinedValue()
}

// defineMembers(object, members) does that with all that another object has.
func (m *machine) defineMembers(call otto.FunctionCall) otto.Value {
	o, members := inner(call.Argument(0)), inner(call.Argument(1))
	for _, name := range members.propertyOrder {
		o.objectClass.defineOwnProperty(o, name, innerProperty{members.property[name].value, modeHidden}, true)
	}
	return otto.UndefinedValue()
}
