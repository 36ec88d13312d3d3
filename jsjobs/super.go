package jsjobs

import "github.com/robertkrimen/otto"

// superClass is what the object does that super is in super.x: it asks the
// parent for a property, and sets one, for the object that the method was called
// on (ECMA-262 13.3.7.3). The lowering makes one for each access.
var superClass = &innerClass{
	getOwnProperty: func(*innerObject, string) *innerProperty { return nil },
	getProperty:    func(*innerObject, string) *innerProperty { return nil },
	get: func(o *innerObject, name string) otto.Value {
		s := o.value.(*parent)
		if s.object.objectClass == proxyClass {
			return proxyOf(s.object).get(name, s.self)
		}
		return getFor(s.object, name, s.self)
	},
	canPut: func(*innerObject, string) bool { return true },
	put: func(o *innerObject, name string, v otto.Value, _ bool) {
		s := o.value.(*parent)
		if !s.m.setFor(s.object, name, v, s.self) {
			panic(s.m.vm.MakeTypeError("Cannot set property '" + shownKey(name) + "' of super"))
		}
	},
	hasProperty:       func(*innerObject, string) bool { return true },
	hasOwnProperty:    func(*innerObject, string) bool { return false },
	defineOwnProperty: func(*innerObject, string, innerProperty, bool) bool { return false },
	delete: func(o *innerObject, _ string, _ bool) bool {
		panic(o.value.(*parent).m.vm.MakeCustomError("ReferenceError", "Unsupported reference to 'super'"))
	},
	enumerate: func(*innerObject, bool, func(string) bool) {},
}

// A parent is the slot of such an object.
type parent struct {
	m      *machine
	object *innerObject
	self   otto.Value
}

// superOf(parent, self) makes one.
func (m *machine) superOf(call otto.FunctionCall) otto.Value {
	object := inner(call.Argument(0))
	if object == nil {
		panic(m.vm.MakeTypeError("Cannot access a member of super, which is null"))
	}
	o := newInner(m.global, nil)
	o.objectClass, o.value = superClass, &parent{m, object, call.Argument(1)}
	return outer(o)
}
