package jsjobs

import (
	"math"

	"github.com/robertkrimen/otto"
)

// reflection is what host functions need of the runtime.
type reflection struct {
	keyOf          otto.Value            // the symbol of a property's name
	checkKeys      otto.Value            // looks at what an ownKeys trap returned
	defineProperty otto.Value            // the engine's
	made           map[*innerObject]bool // objects that a constructor is working on which are not its own
}

// call calls one of them; what it throws goes on upwards.
func (r *reflection) call(f otto.Value, args ...otto.Value) otto.Value {
	return callInner(inner(f), otto.UndefinedValue(), args...)
}

// useReflection keeps what the runtime made for it.
func (m *machine) useReflection(common *otto.Object) {
	m.reflection.keyOf, m.reflection.checkKeys = m.get(common, "keyOf"), m.get(common, "checkKeys")
}

// keepProxies makes the place for proxies, and keeps what the engine defines
// properties with, before the runtime is started.
func (m *machine) keepProxies(global otto.Value) {
	m.reflection.made = map[*innerObject]bool{}
	holder := m.newObject()
	inner(holder.Value()).value = map[*innerObject]*proxied{}
	m.call(m.kit.hidden, global, "%proxies", holder)
	object := m.get(global.Object(), "Object").Object()
	m.reflection.defineProperty = m.get(object, "defineProperty")
}

// propertyOf is the property that a descriptor makes.
func (m *machine) propertyOf(descriptor otto.Value) *innerProperty {
	o := inner(m.newObject().Value())
	m.reflection.call(m.reflection.defineProperty, outer(o), jsText("p"), descriptor)
	return o.objectClass.getOwnProperty(o, "p")
}

// partOf is what a descriptor says of a property, which may be part of it. The
// engine reads it, for an object that keeps it.
func (m *machine) partOf(descriptor otto.Value) (d innerProperty) {
	o := inner(m.newObject().Value())
	class := *o.objectClass
	class.defineOwnProperty = func(_ *innerObject, _ string, p innerProperty, _ bool) bool {
		d = p
		return true
	}
	o.objectClass = &class
	m.reflection.call(m.reflection.defineProperty, outer(o), jsText("p"), descriptor)
	return d
}

// tryDefine(object, key, descriptor) reports whether the property could be
// defined.
func (m *machine) tryDefine(call otto.FunctionCall) otto.Value {
	o, name, d := inner(call.Argument(0)), call.Argument(1).String(), m.partOf(call.Argument(2))
	return m.toJS(o.objectClass.defineOwnProperty(o, name, d, false))
}

// tryDelete(object, key) reports whether the property could be deleted.
func (m *machine) tryDelete(call otto.FunctionCall) otto.Value {
	o, name := inner(call.Argument(0)), call.Argument(1).String()
	if o.objectClass == proxyClass {
		return m.toJS(proxyOf(o).remove(name))
	}
	if fixed(o.objectClass.getOwnProperty(o, name)) {
		return otto.FalseValue()
	}
	return m.toJS(o.objectClass.delete(o, name, false))
}

// descriptorOf is the descriptor of a property. What it leaves as it is, the
// descriptor does not say.
func (m *machine) descriptorOf(p innerProperty) otto.Value {
	d := m.newObject()
	if v, data := p.value.(otto.Value); data {
		m.set(d, "value", v)
	} else if get, set, ok := p.accessors(); ok {
		for name, f := range map[string]*innerObject{"get": get, "set": set} {
			if f != nil && f.class == "Function" {
				m.set(d, name, outer(f))
			}
		}
	}
	for name, shift := range map[string]int{"writable": 6, "enumerable": 3, "configurable": 0} {
		if bits := p.mode >> shift & 7; bits < 2 && (name != "writable" || p.value == nil || isData(p)) {
			m.set(d, name, bits == 1)
		}
	}
	return d.Value()
}

func isData(p innerProperty) bool {
	_, data := p.value.(otto.Value)
	return data
}

// list is an array of values.
func (m *machine) list(values []otto.Value) otto.Value {
	return toArray(m, values, func(v otto.Value) otto.Value { return v })
}

// setFor is OrdinarySet (ECMA-262 10.1.9): it assigns to a property of o for
// self, and reports whether that could be done.
func (m *machine) setFor(o *innerObject, name string, v, self otto.Value) bool {
	if o.objectClass == proxyClass {
		return proxyOf(o).set(name, v, self)
	}
	for in := o; in != nil; in = in.prototype {
		if in.objectClass == proxyClass {
			return proxyOf(in).set(name, v, self)
		}
		q := in.objectClass.getOwnProperty(in, name)
		if q == nil {
			continue
		}
		if _, set, ok := q.accessors(); ok {
			if set == nil {
				return false
			}
			callInner(set, self, v)
			return true
		}
		if !q.writable() {
			return false
		}
		break
	}
	to := inner(self)
	if to == nil {
		return false
	}
	if q := to.objectClass.getOwnProperty(to, name); q != nil {
		if !isData(*q) || !q.writable() {
			return false
		}
		return to.objectClass.defineOwnProperty(to, name, innerProperty{v, 0o222}, false)
	}
	if !to.extensible {
		return false
	}
	return to.objectClass.defineOwnProperty(to, name, innerProperty{v, modeOpen}, false)
}

// sameValue is what Object.is says.
func sameValue(a, b otto.Value) bool {
	if a.IsNumber() && b.IsNumber() {
		x, _ := a.ToFloat()
		y, _ := b.ToFloat()
		return x == y && math.Signbit(x) == math.Signbit(y) || x != x && y != y
	}
	switch {
	case a.IsObject() || b.IsObject():
		return inner(a) == inner(b)
	case a.IsString() && b.IsString():
		return a.String() == b.String()
	}
	return a == b
}
