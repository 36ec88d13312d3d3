package jsjobs

import (
	"strings"

	"github.com/robertkrimen/otto"
)

// reflectKit is what the runtime changes and makes objects with, in ways that
// the engine has no words for.
func (m *machine) reflectKit() map[string]any {
	return map[string]any{
		"setPrototypeOf": native(m.setPrototypeOf),
		"constructOn":    native(m.constructOn),
		"construct":      native(m.constructAs),
		"isMade":         native(func(call otto.FunctionCall) otto.Value { return m.toJS(m.reflection.made[inner(call.Argument(0))]) }),
		"named":          native(m.nameFunction),
		"newProxy":       native(m.newProxy),
		"proxyParts":     native(m.proxyParts),
		"revokeProxy":    native(m.revokeProxy),
		"tryDefine":      native(m.tryDefine),
		"tryDelete":      native(m.tryDelete),
		"getFor": native(func(call otto.FunctionCall) otto.Value {
			o, name := inner(call.Argument(0)), call.Argument(1).String()
			if o.objectClass == proxyClass {
				return proxyOf(o).get(name, call.Argument(2))
			}
			return getFor(o, name, call.Argument(2))
		}),
		"setFor": native(func(call otto.FunctionCall) otto.Value {
			return m.toJS(m.setFor(inner(call.Argument(0)), call.Argument(1).String(), call.Argument(2), call.Argument(3)))
		}),
		"isConstructor": native(func(call otto.FunctionCall) otto.Value { return m.toJS(isConstructor(inner(call.Argument(0)))) }),
	}
}

// setPrototypeOf(object, prototype) changes what an object inherits from.
func (m *machine) setPrototypeOf(call otto.FunctionCall) otto.Value {
	o, prototype := inner(call.Argument(0)), inner(call.Argument(1))
	if o == nil {
		return call.Argument(0)
	}
	if o.prototype == prototype {
		return call.Argument(0)
	}
	if !o.extensible || o == o.global() || o == o.objectPrototype() {
		panic(m.vm.MakeTypeError("the prototype of " + shownObject(o) + " cannot be changed"))
	}
	for p := prototype; p != nil; p = p.prototype {
		if p == o {
			panic(m.vm.MakeTypeError("Cyclic __proto__ value"))
		}
	}
	o.prototype = prototype
	return call.Argument(0)
}

// constructOn(parent, self, arguments) is super(...): what the engine makes gets
// the prototype of self; other constructors are given self to work on.
func (m *machine) constructOn(call otto.FunctionCall) otto.Value {
	parent, self := inner(call.Argument(0)), inner(call.Argument(1))
	args := items(inner(call.Argument(2)))
	if parent.function() == nil {
		made := innerConstruct(parent, args)
		if o := inner(made); o != nil {
			o.prototype = self.prototype
		}
		return made
	}
	if made := innerCall(parent, call.Argument(1), args, false, innerFrame{}); made.IsObject() {
		return made
	}
	return call.Argument(1)
}

// constructAs(f, arguments, target) is new f(...) with the prototype of another
// constructor.
func (m *machine) constructAs(call otto.FunctionCall) otto.Value {
	f, target := inner(call.Argument(0)), inner(call.Argument(2))
	args := items(inner(call.Argument(1)))
	if f == target {
		return innerConstruct(f, args)
	}
	prototype := inner(target.objectClass.get(target, "prototype"))
	if prototype == nil {
		prototype = f.objectPrototype()
	}
	if f.function() == nil {
		made := innerConstruct(f, args)
		if o := inner(made); o != nil {
			o.prototype = prototype
		}
		return made
	}
	o := newInner(f, prototype)
	self := outer(o)
	m.reflection.made[o] = true
	defer delete(m.reflection.made, o)
	if made := innerCall(f, self, args, false, innerFrame{}); made.IsObject() {
		return made
	}
	return self
}

// nameFunction(f, name, length) gives a function of the runtime its name and length.
func (m *machine) nameFunction(call otto.FunctionCall) otto.Value {
	f := inner(call.Argument(0))
	f.property["name"] = innerProperty{call.Argument(1), modeFixed}
	f.property["length"] = innerProperty{call.Argument(2), modeFixed}
	return call.Argument(0)
}

// isConstructor reports whether new may be said of an object.
func isConstructor(o *innerObject) bool {
	if o == nil || o.class != "Function" {
		return false
	}
	f := o.function()
	if f == nil {
		return o.objectClass.hasProperty(o, "prototype")
	}
	_, _, marks := marked(f.name())
	return !strings.ContainsAny(marks, "gm")
}

// items are those of an array.
func items(o *innerObject) []otto.Value {
	n, _ := o.objectClass.get(o, "length").ToInteger()
	list := make([]otto.Value, min(n, maxLength))
	for i := range list {
		list[i] = o.objectClass.get(o, jsWhole(i).String())
	}
	return list
}
