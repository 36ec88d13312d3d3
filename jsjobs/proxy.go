package jsjobs

import (
	"github.com/robertkrimen/otto"
)

// A proxied is an object that answers with the functions of another (ECMA-262
// 10.5). The handler is nil once the proxy was revoked.
type proxied struct {
	m               *machine
	target, handler *innerObject
}

// proxyClass is what proxies do. It is filled in later, as it and its functions
// refer to each other.
var proxyClass = &innerClass{}

func init() { *proxyClass = proxyTable() }

// proxyTable is the internal methods of ECMA-262 10.5, as far as the engine has such. The traps
// getPrototypeOf, setPrototypeOf, isExtensible and preventExtensions are in reflect.js.
func proxyTable() innerClass {
	return innerClass{
		getOwnProperty: func(o *innerObject, name string) *innerProperty { return proxyOf(o).ownProperty(name) },
		getProperty: func(o *innerObject, name string) *innerProperty {
			p := proxyOf(o)
			if p.trap("get") != nil { // of an object that inherits from the proxy
				if v := p.get(name, outer(o)); !v.IsUndefined() {
					return &innerProperty{v, modeOpen}
				}
				return nil
			}
			if own := p.ownProperty(name); own != nil || o.prototype == nil {
				return own
			}
			return o.prototype.objectClass.getProperty(o.prototype, name)
		},
		get: func(o *innerObject, name string) otto.Value { return proxyOf(o).get(name, outer(o)) },
		// Whether it can is found out by put, so that the trap is called once.
		canPut: func(*innerObject, string) bool { return true },
		put: func(o *innerObject, name string, v otto.Value, _ bool) {
			if p := proxyOf(o); !p.set(name, v, outer(o)) {
				panic(p.m.vm.MakeTypeError("'set' on proxy: trap returned falsish for property '" + shownKey(name) + "'"))
			}
		},
		hasProperty:    func(o *innerObject, name string) bool { return proxyOf(o).has(name) },
		hasOwnProperty: func(o *innerObject, name string) bool { return proxyOf(o).ownProperty(name) != nil },
		defineOwnProperty: func(o *innerObject, name string, d innerProperty, throw bool) bool {
			p := proxyOf(o)
			if p.define(name, d) {
				return true
			}
			if throw {
				panic(p.m.vm.MakeTypeError("'defineProperty' on proxy: trap returned falsish for property '" + shownKey(name) + "'"))
			}
			return false
		},
		delete: func(o *innerObject, name string, _ bool) bool {
			p := proxyOf(o)
			if !p.remove(name) {
				panic(p.m.vm.MakeTypeError("'deleteProperty' on proxy: trap returned falsish for property '" + shownKey(name) + "'"))
			}
			return true
		},
		enumerate: func(o *innerObject, all bool, each func(string) bool) { proxyOf(o).enumerate(all, each) },
	}
}

// proxyOf is the proxy that an object is.
func proxyOf(o *innerObject) *proxied { return proxies(o)[o] }

// proxies are those of a virtual machine. They are found by their objects, as
// those that can be called have something else in their slot.
func proxies(o *innerObject) map[*innerObject]*proxied {
	holder, _ := hiddenObject(o, "%proxies").value.(map[*innerObject]*proxied)
	return holder
}

// newProxy(target, handler) makes a proxy, which the runtime has checked.
func (m *machine) newProxy(call otto.FunctionCall) otto.Value {
	target, handler := inner(call.Argument(0)), inner(call.Argument(1))
	o := newInner(target, target.prototype)
	p := &proxied{m, target, handler}
	// Only a function can be called, and the engine decides that by its class.
	if target.class == "Function" {
		v, _ := m.vm.ToValue(func(call otto.FunctionCall) otto.Value { return p.call(call) })
		o = inner(v)
		// Name and length are those of the target, asked for when they are wanted.
		o.property, o.propertyOrder, o.prototype = map[string]innerProperty{}, nil, target.prototype
	} else if target.class == "Array" {
		o.class = "Array"
	}
	o.objectClass = proxyClass
	proxies(target)[o] = p
	return outer(o)
}

// proxyParts(object) lists the target and handler of a proxy, nothing for what
// is none.
func (m *machine) proxyParts(call otto.FunctionCall) otto.Value {
	o := inner(call.Argument(0))
	if o == nil || o.objectClass != proxyClass {
		return otto.UndefinedValue()
	}
	p := proxyOf(o)
	parts := m.newObject()
	m.set(parts, "target", outer(p.target))
	m.set(parts, "handler", outer(p.handler))
	return parts.Value()
}

// revokeProxy(object) makes a proxy refuse everything.
func (m *machine) revokeProxy(call otto.FunctionCall) otto.Value {
	if p := proxyOf(inner(call.Argument(0))); p != nil {
		p.handler = nil
	}
	return otto.UndefinedValue()
}

// trap is the handler's function for something, nil for none.
func (p *proxied) trap(name string) *innerObject {
	if p.handler == nil {
		panic(p.m.vm.MakeTypeError("Cannot perform '" + name + "' on a proxy that has been revoked"))
	}
	v := p.handler.objectClass.get(p.handler, name)
	if v.IsUndefined() || v.IsNull() {
		return nil
	}
	if !v.IsFunction() {
		panic(p.m.vm.MakeTypeError("the proxy's handler has a '" + name + "' that is not a function"))
	}
	return inner(v)
}

// ask calls a trap with the target and more.
func (p *proxied) ask(trap *innerObject, args ...otto.Value) otto.Value {
	return callInner(trap, outer(p.handler), append([]otto.Value{outer(p.target)}, args...)...)
}

// wrong throws what a script gets whose trap says what cannot be of the target. The standard's
// invariants keep others from being deceived about properties that do not change.
func (p *proxied) wrong(trap, name, what string) {
	panic(p.m.vm.MakeTypeError("'" + trap + "' on proxy: " + what + " for property '" + shownKey(name) + "'"))
}

// key is a property's name as scripts know it: a text or a symbol.
func (p *proxied) key(name string) otto.Value { return p.m.call(p.m.reflection.keyOf, name) }

func (p *proxied) own(name string) *innerProperty {
	return p.target.objectClass.getOwnProperty(p.target, name)
}

// fixed reports whether a property of the target can never be another one.
func fixed(q *innerProperty) bool { return q != nil && q.mode&0o007 != 0o001 }

func (p *proxied) get(name string, self otto.Value) otto.Value {
	if isPrivate(name) {
		panic(p.m.vm.MakeTypeError("Cannot read private member " + shownKey(name) + " from an object whose class did not declare it"))
	}
	trap := p.trap("get")
	if trap == nil {
		if p.target.objectClass == proxyClass {
			return proxyOf(p.target).get(name, self)
		}
		return getFor(p.target, name, self)
	}
	v := p.ask(trap, p.key(name), self)
	if q := p.own(name); fixed(q) {
		get, _, accessor := q.accessors()
		if accessor && get == nil && !v.IsUndefined() || !accessor && !q.writable() && !sameValue(v, q.value.(otto.Value)) {
			p.wrong("get", name, "the value is not that of the target")
		}
	}
	return v
}

// getFor asks an object for a property, for another one that inherits it.
func getFor(o *innerObject, name string, self otto.Value) otto.Value {
	q := o.objectClass.getProperty(o, name)
	if q == nil {
		return otto.UndefinedValue()
	}
	if get, _, ok := q.accessors(); ok {
		if get == nil {
			return otto.UndefinedValue()
		}
		return callInner(get, self)
	}
	return q.value.(otto.Value)
}

// set reports whether the property was set.
func (p *proxied) set(name string, v, self otto.Value) bool {
	if isPrivate(name) {
		panic(p.m.vm.MakeTypeError("Cannot write private member " + shownKey(name) + " to an object whose class did not declare it"))
	}
	trap := p.trap("set")
	if trap == nil {
		return p.m.setFor(p.target, name, v, self)
	}
	if ok, _ := p.ask(trap, p.key(name), v, self).ToBoolean(); !ok {
		return false
	}
	if q := p.own(name); fixed(q) {
		_, set, accessor := q.accessors()
		if accessor && set == nil || !accessor && !q.writable() && !sameValue(v, q.value.(otto.Value)) {
			p.wrong("set", name, "trap returned truish although the target cannot change")
		}
	}
	return true
}

func (p *proxied) has(name string) bool {
	if isPrivate(name) {
		return false
	}
	trap := p.trap("has")
	if trap == nil {
		return p.target.objectClass.hasProperty(p.target, name)
	}
	there, _ := p.ask(trap, p.key(name)).ToBoolean()
	if q := p.own(name); !there && q != nil && (fixed(q) || !p.target.extensible) {
		p.wrong("has", name, "trap returned falsish although the target has it")
	}
	return there
}

func (p *proxied) ownProperty(name string) *innerProperty {
	trap := p.trap("getOwnPropertyDescriptor")
	if trap == nil {
		return p.own(name)
	}
	v, q := p.ask(trap, p.key(name)), p.own(name)
	switch {
	case v.IsUndefined():
		if q != nil && (fixed(q) || !p.target.extensible) {
			p.wrong("getOwnPropertyDescriptor", name, "trap returned undefined although the target has it")
		}
		return nil
	case !v.IsObject():
		p.wrong("getOwnPropertyDescriptor", name, "trap returned neither object nor undefined")
	case q == nil && !p.target.extensible:
		p.wrong("getOwnPropertyDescriptor", name, "trap returned a descriptor although the target is not extensible")
	}
	d := p.m.propertyOf(v)
	if fixed(d) && (q == nil || !fixed(q)) {
		p.wrong("getOwnPropertyDescriptor", name, "trap reported it as not configurable")
	}
	return d
}

// define reports whether the property was defined.
func (p *proxied) define(name string, d innerProperty) bool {
	trap := p.trap("defineProperty")
	if trap == nil {
		return p.target.objectClass.defineOwnProperty(p.target, name, d, false)
	}
	if ok, _ := p.ask(trap, p.key(name), p.m.descriptorOf(d)).ToBoolean(); !ok {
		return false
	}
	q := p.own(name)
	if q == nil && (!p.target.extensible || d.mode&0o007 == 0) || q != nil && d.mode&0o007 == 0 && !fixed(q) {
		p.wrong("defineProperty", name, "trap returned truish although the target cannot have it")
	}
	return true
}

// remove reports whether the property was deleted.
func (p *proxied) remove(name string) bool {
	trap := p.trap("deleteProperty")
	if trap == nil {
		if q := p.own(name); fixed(q) {
			return false
		}
		return p.target.objectClass.delete(p.target, name, false)
	}
	if ok, _ := p.ask(trap, p.key(name)).ToBoolean(); !ok {
		return false
	}
	if q := p.own(name); q != nil && (fixed(q) || !p.target.extensible) {
		p.wrong("deleteProperty", name, "trap returned truish although the target keeps it")
	}
	return true
}

// enumerate goes over the names, all of them or those that are listed.
func (p *proxied) enumerate(all bool, each func(string) bool) {
	trap := p.trap("ownKeys")
	if trap == nil {
		p.target.objectClass.enumerate(p.target, all, each)
		return
	}
	for _, v := range items(inner(p.m.reflection.call(p.m.reflection.checkKeys, p.ask(trap), outer(p.target)))) {
		name := v.String()
		// Enumerable is what the trap getOwnPropertyDescriptor says, not what the target has.
		if !all {
			if q := p.ownProperty(name); q == nil || !q.enumerable() {
				continue
			}
		}
		if !each(name) {
			return
		}
	}
}

// call is a call of a proxy, or new said of it: then this is a fresh object.
func (p *proxied) call(call otto.FunctionCall) otto.Value {
	this := inner(call.This)
	// The engine does not tell a function whether new was said. What it made for that is empty, and
	// has the prototype of the target.
	made := this != nil && isConstructor(p.target) && len(this.property) == 0 && this.prototype != nil &&
		this.prototype == inner(p.target.objectClass.get(p.target, "prototype"))
	name := "apply"
	if made {
		name = "construct"
	}
	trap := p.trap(name)
	switch {
	case trap == nil && made:
		return innerConstruct(p.target, call.ArgumentList)
	case trap == nil:
		return innerCall(p.target, call.This, call.ArgumentList, false, innerFrame{})
	case made:
		v := p.ask(trap, p.m.list(call.ArgumentList), p.self())
		if !v.IsObject() {
			panic(p.m.vm.MakeTypeError("'construct' on proxy: the trap returned no object"))
		}
		return v
	}
	return p.ask(trap, call.This, p.m.list(call.ArgumentList))
}

// self is the proxy's own object.
func (p *proxied) self() otto.Value {
	// It is found by search: few scripts have proxies, and of those few construct by one.
	for o, q := range proxies(p.target) {
		if p == q {
			return outer(o)
		}
	}
	return otto.UndefinedValue()
}
