package jsjobs

import (
	"runtime"
	"strings"

	"github.com/robertkrimen/otto"
)

// The engine turns objects into texts and numbers by valueOf and toString, in a
// function of its own that cannot be told otherwise. It asks the object's class
// for these two, though, so there it gets a method that does what the object's
// Symbol.toPrimitive says (ECMA-262 7.1.1). Scripts that ask for them get their own.

// conversion is the method for the engine, nil if it is not the engine that asks
// or the object has no Symbol.toPrimitive.
func conversion(o *innerObject, name string) *innerObject {
	p := o.objectClass.getProperty(o, "@@toPrimitive")
	symbol := p == nil && name == "valueOf" && isSymbol(o)
	if p == nil && !symbol {
		return nil
	}
	hint, asked := hintOf(name)
	if !asked || symbol && hint == "equal" {
		return nil
	}
	if symbol {
		panic(o.vm().MakeTypeError("Cannot convert a Symbol value to a " + map[bool]string{true: "number", false: "string"}[hint == "number"]))
	}
	f := getFor(o, "@@toPrimitive", outer(o))
	if f.IsUndefined() || f.IsNull() {
		return nil
	}
	if !f.IsFunction() {
		panic(o.vm().MakeTypeError("Symbol.toPrimitive of this object is not a function"))
	}
	if hint == "equal" {
		hint = "default"
	}
	method, _ := o.vm().ToValue(native(func(call otto.FunctionCall) otto.Value {
		made := callInner(inner(f), call.This, jsText(hint))
		if made.IsObject() {
			panic(o.vm().MakeTypeError("Cannot convert object to primitive value"))
		}
		return made
	}))
	return inner(method)
}

// hintOf tells whether the engine converts an object, and what for: it asks for
// valueOf first if that is to be a number or anything, and which it is only its
// caller knows. "equal" is anything, for a comparison with ==.
func hintOf(name string) (hint string, asked bool) {
	const engine = "github.com/robertkrimen/otto."
	hint = map[bool]string{true: "number", false: "string"}[name == "valueOf"]
	pcs := make([]uintptr, 8)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	for i := 0; i < 6; i++ {
		frame, more := frames.Next()
		switch called := strings.TrimPrefix(frame.Function, engine); {
		case called == "(*object).get" && !asked:
		case called == "(*object).DefaultValue":
			asked = true
		case !asked:
			return "", false
		case called == "toPrimitiveValue":
			hint = "default"
		case hint == "default" && called == "(*runtime).calculateComparison":
			return "equal", true
		}
		if !more {
			break
		}
	}
	return hint, asked
}

// isSymbol reports whether an object stands for a symbol, see shim.js.
func isSymbol(o *innerObject) bool {
	if o.prototype == nil {
		return false
	}
	_, ok := o.prototype.property["@@symbol"]
	return ok
}
