package jsjobs

import (
	"unsafe"

	"github.com/robertkrimen/otto"
)

// In strict mode this is undefined in a function that is called on nothing. The
// engine puts its global object there instead. So it is told that another
// object is the global one: it answers as undefined does, with a TypeError to
// every question, and lowered programs take it for undefined wherever they use
// this in another way than to ask it for a property. Plain calls of methods pay
// nothing for that.

// noneClass is what that object does: it refuses. Names that are assigned to
// and declared nowhere, as modules may, still become global.
var noneClass = &innerClass{
	getOwnProperty: func(o *innerObject, name string) *innerProperty { panic(ofNothing(o, name)) },
	getProperty:    func(o *innerObject, name string) *innerProperty { panic(ofNothing(o, name)) },
	get:            func(o *innerObject, name string) otto.Value { panic(ofNothing(o, name)) },
	canPut:         func(o *innerObject, name string) bool { panic(ofNothing(o, name)) },
	put:            func(o *innerObject, name string, _ otto.Value, _ bool) { panic(ofNothing(o, name)) },
	hasProperty:    func(o *innerObject, name string) bool { panic(ofNothing(o, name)) },
	hasOwnProperty: func(o *innerObject, name string) bool { panic(ofNothing(o, name)) },
	defineOwnProperty: func(o *innerObject, name string, p innerProperty, throw bool) bool {
		global := o.global()
		return global.objectClass.defineOwnProperty(global, name, p, throw)
	},
	delete:    func(o *innerObject, name string, _ bool) bool { panic(ofNothing(o, name)) },
	enumerate: func(*innerObject, bool, func(string) bool) {},
}

// ofNothing is the error of asking undefined for a property.
func ofNothing(o *innerObject, name string) otto.Value {
	return o.vm().MakeTypeError(`Cannot access member "` + shownKey(name) + `" of this, which is undefined`)
}

// makeNone makes the object.
func makeNone(global *innerObject) *innerObject {
	return &innerObject{runtime: global.runtime, objectClass: noneClass, class: "Undefined"}
}

// useNone makes it what functions have as this that are called on nothing. Only
// what the engine itself is started with may come before.
func (m *machine) useNone(none *innerObject) {
	*(**innerObject)(unsafe.Add(none.runtime, inside.global)) = none
}
