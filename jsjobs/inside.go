package jsjobs

//lint:file-ignore U1000 the fields say where things are in the engine, be they used or not

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/robertkrimen/otto"
)

// The engine is one of ES5, and some of what newer JavaScript asks for cannot
// be said through what it exports: what an object inherits from cannot be
// changed, no object can answer for its properties itself, no function can be
// left and gone on with later. All of it is there inside. This file is the only
// one that reaches in: it lays types of ours over those of the engine. The
// layout is compared by reflection before the first virtual machine is made
// (sameLayout in layout.go), so another version of the engine is refused in
// words, by every test, and does not go wrong quietly.
//
// What is relied on beside the layout:
//   - An object in a Value is a pointer, so the second word of the interface is it.
//   - The methods that are linked by name (innerCall, innerConstruct,
//     innerHasInstance) take what is written here. Without one of the name the
//     program does not link; go.mod pins the version.
//   - The garbage collector sees the same pointers in our types as in the
//     engine's: sameFields compares the kinds of fields, and every pointer is kept
//     as one, never as a uintptr. What our objects have in their slot the engine
//     neither looks at nor copies, as Otto.Copy is not used.
//   - The tables of classes belong to the process. They are changed once, within
//     sync.Once, before any machine runs; a machine changes only copies of its own.

// An innerValue lies over otto.Value.
type innerValue struct {
	value any
	kind  int
}

// An innerObject lies over the engine's object.
type innerObject struct {
	value         any // what a kind of object has of its own; see slot
	runtime       unsafe.Pointer
	objectClass   *innerClass
	prototype     *innerObject
	property      map[string]innerProperty
	class         string
	propertyOrder []string
	extensible    bool
}

// An innerProperty lies over the engine's property. The mode is three octal
// digits: may be written, is listed, may be changed. A digit of 2 leaves it as
// it is. The value is an otto.Value or a pair of accessors.
type innerProperty struct {
	value any
	mode  int
}

const (
	modeOpen   = 0o111 // as an assignment makes them
	modeHidden = 0o101 // as built-ins are
	modeFixed  = 0o001 // names and lengths of functions
)

func (p *innerProperty) writable() bool   { return p.mode&0o700 == 0o100 }
func (p *innerProperty) enumerable() bool { return p.mode&0o070 == 0o010 }

// accessors are the functions of a property that has some.
func (p *innerProperty) accessors() (get, set *innerObject, ok bool) {
	if _, data := p.value.(otto.Value); data || p.value == nil {
		return nil, nil, false
	}
	pair := (*[2]*innerObject)((*[2]unsafe.Pointer)(unsafe.Pointer(&p.value))[1])
	return pair[0], pair[1], true
}

// An innerClass lies over the engine's table of what a kind of object does.
// The last two are of no use here.
type innerClass struct {
	getOwnProperty    func(*innerObject, string) *innerProperty
	getProperty       func(*innerObject, string) *innerProperty
	get               func(*innerObject, string) otto.Value
	canPut            func(*innerObject, string) bool
	put               func(*innerObject, string, otto.Value, bool)
	hasProperty       func(*innerObject, string) bool
	hasOwnProperty    func(*innerObject, string) bool
	defineOwnProperty func(*innerObject, string, innerProperty, bool) bool
	delete            func(*innerObject, string, bool) bool
	enumerate         func(*innerObject, bool, func(string) bool)
	clone             unsafe.Pointer
	marshalJSON       unsafe.Pointer
}

// An innerFunction is the slot of a function that was written in JavaScript.
type innerFunction struct {
	node  unsafe.Pointer
	stash innerStasher
}

// An innerFrame lies over what the engine notes of a call.
type innerFrame struct {
	fn                 any
	file               unsafe.Pointer
	nativeFile, callee string
	nativeLine, offset int
	native             bool
}

// innerCall is the engine's call of a function. Unlike the one that it exports
// it lets pass what is thrown, as the same value.
//
//go:linkname innerCall github.com/robertkrimen/otto.(*object).call
func innerCall(f *innerObject, this otto.Value, args []otto.Value, eval bool, frame innerFrame) otto.Value

// innerConstruct is the engine's new.
//
//go:linkname innerConstruct github.com/robertkrimen/otto.(*object).construct
func innerConstruct(f *innerObject, args []otto.Value) otto.Value

// innerHasInstance is the engine's instanceof.
//
//go:linkname innerHasInstance github.com/robertkrimen/otto.(*object).hasInstance
func innerHasInstance(f *innerObject, of otto.Value) bool

// thrownValue is what JavaScript threw, of what was recovered from a panic.
func thrownValue(r any) (otto.Value, bool) {
	if v, ok := r.(otto.Value); ok {
		return v, true
	}
	if word(&r) != inside.exceptionType {
		return otto.Value{}, false
	}
	v, ok := (*(*any)((*[2]unsafe.Pointer)(unsafe.Pointer(&r))[1])).(otto.Value)
	return v, ok
}

// An innerStasher is the engine's interface of what holds variables, and an
// innerStash the start of the one that holds what is declared in blocks.
type (
	innerStasher [2]unsafe.Pointer
	innerStash   struct {
		runtime unsafe.Pointer
		outer   innerStasher
	}
)

// inside is what was found out about the engine.
var inside struct {
	once          sync.Once
	err           error
	objectType    unsafe.Pointer // the first word of an interface that holds an object
	functionType  unsafe.Pointer // of one that holds an innerFunction
	exceptionType unsafe.Pointer // and of one that holds what is thrown
	plainClass    *innerClass    // what plain objects do
	arrayClass    *innerClass
	ofOtto        uintptr // where an Otto has its runtime
	scope         uintptr // where the runtime has the innermost scope
	labels        uintptr
	otto          uintptr // and its Otto
	global        uintptr // and the object that is this where there is none
	globals       uintptr // and what holds the global variables
	ofGlobals     uintptr // and where that has its object
	objectKind    int
	nodeName      uintptr
}

// reachInside prepares everything, once.
func reachInside() error {
	inside.once.Do(func() {
		if inside.err = sameLayout(); inside.err != nil {
			inside.err = fmt.Errorf("the JavaScript engine is not the version that this program is written for: %w", inside.err)
			return
		}
		vm := otto.New()
		object, _ := vm.Run("({})")
		function, _ := vm.Run("(function f() {})")
		v := (*innerValue)(unsafe.Pointer(&object))
		inside.objectType, inside.objectKind = word(&v.value), v.kind
		inside.functionType = word(&inner(function).value)
		inside.exceptionType = exceptionType(vm)
		array, _ := vm.Run("[]")
		inside.plainClass, inside.arrayClass = inner(object).objectClass, inner(array).objectClass
		beStrict(vm)
		orderNames(vm)
	})
	return inside.err
}

// exceptionType is the type of what the engine panics with.
func exceptionType(vm *otto.Otto) unsafe.Pointer {
	r := recovered(vm)
	return word(&r)
}

// recovered is what the engine panics with where JavaScript throws.
func recovered(vm *otto.Otto) (r any) {
	thrower, _ := vm.Run("(function () { throw 1 })")
	defer func() { r = recover() }()
	innerCall(inner(thrower), otto.UndefinedValue(), nil, false, innerFrame{})
	return nil
}

// word is the type's word of an interface.
func word(i *any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(i))[0] }

// inner returns the object that a value is, nil for none.
func inner(v otto.Value) *innerObject {
	if !v.IsObject() {
		return nil
	}
	return (*innerObject)((*[2]unsafe.Pointer)(unsafe.Pointer(&(*innerValue)(unsafe.Pointer(&v)).value))[1])
}

// outer is the value of an object; that of nil is null.
func outer(o *innerObject) (v otto.Value) {
	if o == nil {
		return otto.NullValue()
	}
	i := (*innerValue)(unsafe.Pointer(&v))
	i.kind = inside.objectKind
	*(*[2]unsafe.Pointer)(unsafe.Pointer(&i.value)) = [2]unsafe.Pointer{inside.objectType, unsafe.Pointer(o)}
	return v
}

// function returns the slot of a function written in JavaScript, nil for others.
func (o *innerObject) function() *innerFunction {
	if o.value == nil || word(&o.value) != inside.functionType {
		return nil
	}
	return (*innerFunction)((*[2]unsafe.Pointer)(unsafe.Pointer(&o.value))[1])
}

// name is what the lowering called a function.
func (f *innerFunction) name() string {
	return *(*string)(unsafe.Add(f.node, inside.nodeName))
}

// vm is the virtual machine of an object.
func (o *innerObject) vm() *otto.Otto {
	return *(**otto.Otto)(unsafe.Add(o.runtime, inside.otto))
}

// global is the global object of an object's virtual machine: the one that
// variables are in. What the engine has as global object is changed (none.go).
func (o *innerObject) global() *innerObject {
	stash := *(*unsafe.Pointer)(unsafe.Add(o.runtime, inside.globals))
	return *(**innerObject)(unsafe.Add(stash, inside.ofGlobals))
}

// objectPrototype is what plain objects inherit from.
func (o *innerObject) objectPrototype() *innerObject { return o.global().prototype }

// A moment is where a virtual machine is: the innermost call that is being
// carried out, and the labels in front of what is next.
type moment struct {
	scope  unsafe.Pointer
	labels []string
}

func runtimeOf(vm *otto.Otto) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(vm), inside.ofOtto))
}

// now returns where a virtual machine is.
func now(vm *otto.Otto) moment {
	rt := runtimeOf(vm)
	return moment{*(*unsafe.Pointer)(unsafe.Add(rt, inside.scope)), *(*[]string)(unsafe.Add(rt, inside.labels))}
}

// goTo makes it be there.
func (t moment) goTo(vm *otto.Otto) {
	rt := runtimeOf(vm)
	*(*unsafe.Pointer)(unsafe.Add(rt, inside.scope)) = t.scope
	*(*[]string)(unsafe.Add(rt, inside.labels)) = t.labels
}
