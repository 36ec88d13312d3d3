package jsjobs

import (
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"
)

// The engine runs everything as outside strict mode, where what cannot be
// written is left as it is, quietly. beStrict changes the engine's tables of
// what objects do, for all virtual machines of the process: what is refused is
// an error. Functions get the properties that newer JavaScript says they have.
func beStrict(vm *otto.Otto) {
	seen := map[*innerClass]bool{}
	for _, sample := range []string{"({})", "[]", "new String('')", "(function () { return arguments })()"} {
		v, _ := vm.Run(sample)
		class := inner(v).objectClass
		if seen[class] {
			continue
		}
		seen[class] = true
		class.put = strictPut
		// That of arguments finds parameters by their number, and has no private names.
		if class.get != nil && sample != "(function () { return arguments })()" {
			class.get = getChecked
		}
		remove := class.delete
		class.delete = func(o *innerObject, name string, _ bool) bool {
			if remove(o, name, false) {
				return true
			}
			panic(o.vm().MakeTypeError("Cannot delete property '" + shownKey(name) + "' of " + shownObject(o)))
		}
	}
	object, _ := vm.Run("({})")
	class := inner(object).objectClass
	makeTypedClass(class)
	define := class.defineOwnProperty
	class.defineOwnProperty = func(o *innerObject, name string, p innerProperty, throw bool) bool {
		if o.class == "Function" && (p.mode == 0 || p.mode == 0o100) && !ofFunction(o, name, &p) {
			return true
		}
		return define(o, name, p, throw)
	}
}

// getChecked is what the engine does, but that a private name which an object
// does not have is an error (ECMA-262 7.3.30).
func getChecked(o *innerObject, name string) otto.Value {
	// The engine looks for these when it makes a text or a number of an object, and only then is
	// Symbol.toPrimitive to come first.
	if name == "valueOf" || name == "toString" {
		if f := conversion(o, name); f != nil {
			return outer(f)
		}
	}
	p := o.objectClass.getProperty(o, name)
	if p == nil {
		if isPrivate(name) {
			panic(o.vm().MakeTypeError("Cannot read private member " + shownKey(name) + " from an object whose class did not declare it"))
		}
		return otto.UndefinedValue()
	}
	if v, data := p.value.(otto.Value); data {
		return v
	}
	if get, _, _ := p.accessors(); get != nil {
		return callInner(get, outer(o))
	}
	return otto.UndefinedValue()
}

// isPrivate reports whether a property is a private name, see lower/classes.go.
func isPrivate(name string) bool {
	return len(name) > 0 && name[0] == '#' && strings.IndexByte(name, '%') > 0
}

// strictPut assigns to a property (ECMA-262 9.1.9, with the errors of 6.2.4.9).
func strictPut(o *innerObject, name string, v otto.Value, _ bool) {
	p, own := o.objectClass.getOwnProperty(o, name), true
	if p == nil && o.prototype != nil {
		p, own = o.prototype.objectClass.getProperty(o.prototype, name), false
	}
	if p == nil {
		if isPrivate(name) {
			panic(o.vm().MakeTypeError("Cannot write private member " + shownKey(name) + " to an object whose class did not declare it"))
		}
		if !o.extensible {
			panic(o.vm().MakeTypeError("Cannot add property '" + shownKey(name) + "': " + shownObject(o) + " is not extensible"))
		}
		o.objectClass.defineOwnProperty(o, name, innerProperty{v, modeOpen}, true)
		return
	}
	if _, set, ok := p.accessors(); ok {
		if set == nil {
			panic(o.vm().MakeTypeError("Cannot set property '" + shownKey(name) + "' of " + shownObject(o) + ", which has only a getter"))
		}
		callInner(set, outer(o), v)
		return
	}
	switch {
	case !p.writable():
		panic(o.vm().MakeTypeError("Cannot assign to read only property '" + shownKey(name) + "' of " + shownObject(o)))
	case own:
		p.value = v
		o.objectClass.defineOwnProperty(o, name, *p, true)
	case !o.extensible:
		panic(o.vm().MakeTypeError("Cannot add property '" + shownKey(name) + "': " + shownObject(o) + " is not extensible"))
	default:
		o.objectClass.defineOwnProperty(o, name, innerProperty{v, modeOpen}, true)
	}
}

// callInner calls a function; what it throws goes on upwards.
func callInner(f *innerObject, this otto.Value, args ...otto.Value) otto.Value {
	return innerCall(f, this, args, false, innerFrame{})
}

// shownObject is what messages call an object. Its contents are not shown: they may be anything.
func shownObject(o *innerObject) string {
	if o.class == "Function" || o.class == "Array" {
		return "this " + strings.ToLower(o.class)
	}
	return "this object"
}

// shownKey is a property as people know it: symbols and private names have a
// text of their own.
func shownKey(name string) string {
	if rest, ok := strings.CutPrefix(name, "@@"); ok {
		return "Symbol(" + rest[strings.IndexByte(rest, ':')+1:] + ")"
	}
	if isPrivate(name) {
		return name[:strings.IndexByte(name, '%')]
	}
	return name
}

// ofFunction changes what the engine gives a function when it is made, and
// reports whether that is to be a property at all. The lowering tells by the
// name, see mark in lower/functions.go.
func ofFunction(o *innerObject, name string, p *innerProperty) bool {
	switch name {
	case "caller", "arguments":
		return false // strict functions have none
	case "name", "length":
		if p.mode != 0 {
			return true
		}
		p.mode = modeFixed
	case "prototype":
	default:
		return true
	}
	f := o.function()
	if f == nil {
		return name != "prototype" || p.mode != 0o100 // those of the engine construct nothing by it
	}
	called, length, marks := marked(f.name())
	if marks == "" {
		return true
	}
	switch name {
	case "name":
		p.value = jsText(called)
		if !strings.Contains(marks, "s") { // nothing is to find the name in its scope
			f.stash = (*innerStash)(f.stash[1]).outer
		}
	case "length":
		p.value = jsWhole(length)
	case "prototype":
		switch {
		case strings.Contains(marks, "g"):
			o.prototype = hiddenObject(o, "%GeneratorFunctionPrototype")
			p.value = outer(newInner(o, hiddenObject(o, "%GeneratorPrototype")))
		case strings.Contains(marks, "m"):
			return false
		}
		if len(o.propertyOrder) == 2 {
			o.propertyOrder[0], o.propertyOrder[1] = "length", "name"
		}
	}
	return true
}

// marked takes a name apart: what people call the function, how many parameters
// it says it has, and its marks.
func marked(name string) (called string, length int, marks string) {
	at := strings.LastIndexByte(name, '%')
	if at < 0 {
		return name, 0, ""
	}
	rest := name[at+1:]
	// The name is called%LENGTHmarks, such as "render%2s".
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	length, _ = strconv.Atoi(rest[:end])
	return name[:at], length, rest[end:]
}

// hiddenObject is an object that the runtime keeps under a name that no script
// can write.
func hiddenObject(o *innerObject, name string) *innerObject {
	global := o.global()
	return inner(global.objectClass.get(global, name))
}

// newInner makes a plain object in the virtual machine of another.
func newInner(like, prototype *innerObject) *innerObject {
	return &innerObject{runtime: like.runtime, objectClass: inside.plainClass, prototype: prototype, property: map[string]innerProperty{}, class: "Object", extensible: true}
}

// jsText makes a value of a text inside, without a virtual machine.
func jsText(s string) otto.Value {
	v, _ := otto.ToValue(s)
	return v
}

// jsWhole makes a value of a whole number, without a virtual machine.
func jsWhole(n int) otto.Value {
	v, _ := otto.ToValue(n)
	return v
}
