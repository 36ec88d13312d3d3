package jsjobs

import (
	"iter"
	"runtime"
	"sync"

	"github.com/robertkrimen/otto"
)

// Generators and async functions stop in their middle and go on later. The
// engine is a recursive interpreter and cannot do that, so the body of each
// runs as a coroutine of Go, with a stack of its own. One of all of them runs at
// a time: the engine is told where it is when another goes on (moment). Tried
// beside it was rebuilding bodies as state machines in the lowering, which
// would have to give up the with statements that hold the variables of loops,
// and would leave the places of errors to chance.

// maxCoroutines bounds the bodies that stand still at a time; each has a stack.
const maxCoroutines = 4_000

// A coroutine is the body of a generator or an async function.
type coroutine struct {
	state  coroutineState
	resume func() (yielded, bool) // goes on until the next yield; not ok is the end
	stop   func()
	yield  func(yielded) bool // of the body; false if the run is over
	inside moment             // where the engine was when it stopped

	// what the yield that it stands at gives the body
	kind  resumption
	value otto.Value

	leaving  otto.Value // what it is to return with, once it was told to
	returned otto.Value // by the body
}

// A yielded is what a body hands out. It is whole if it is an iterator's result
// already, as yield* passes on.
type yielded struct {
	value otto.Value
	whole bool
}

type coroutineState int

const (
	coroutineFresh     coroutineState = iota // nothing of the body has run
	coroutineSuspended                       // at a yield; left by next, throw or return, or stopped with the run
	coroutineRunning
	coroutineDone
)

// A resumption is the way in which a body goes on.
type resumption int

const (
	resumeNext resumption = iota
	resumeThrow
	resumeReturn
)

// coroutines are those of a machine.
type coroutines struct {
	current []*coroutine        // that run, the innermost last
	live    map[*coroutine]bool // that have a stack
	leaving otto.Value          // what is thrown through a body that is to return

	mu   sync.Mutex
	lost []*coroutine // that no script can reach any more; guarded by mu, as the collector adds to it
}

// coroutineKit is what the runtime makes generators with.
func (m *machine) coroutineKit() map[string]native {
	m.coroutines.live = map[*coroutine]bool{}
	m.coroutines.leaving = m.newObject().Value()
	return map[string]native{
		"%generator": m.newGenerator,
		"%yield":     func(call otto.FunctionCall) otto.Value { return m.yield(yielded{value: call.Argument(0)}) },
		"%pass":      m.passLeaving,
		"%relay":     m.relay,
		"%leave":     m.leave,
		"%next":      func(call otto.FunctionCall) otto.Value { return m.advance(call, resumeNext) },
		"%throwInto": func(call otto.FunctionCall) otto.Value { return m.advance(call, resumeThrow) },
		"%return":    func(call otto.FunctionCall) otto.Value { return m.advance(call, resumeReturn) },
	}
}

// newGenerator(function, body) makes the object that a call of a generator
// function returns.
func (m *machine) newGenerator(call otto.FunctionCall) otto.Value {
	f, body := inner(call.Argument(0)), inner(call.Argument(1))
	prototype := inner(f.objectClass.get(f, "prototype"))
	if prototype == nil {
		prototype = hiddenObject(f, "%GeneratorPrototype")
	}
	o := newInner(f, prototype)
	m.stopLost()
	if len(m.coroutines.live) >= maxCoroutines {
		panic(m.vm.MakeRangeError("too many generators are in their middle: the limit is 4000"))
	}
	c := &coroutine{}
	m.coroutines.live[c] = true
	c.resume, c.stop = iter.Pull(func(yield func(yielded) bool) {
		c.yield = yield
		c.returned = m.runBody(c, body)
	})
	o.value, o.class = c, "Generator"
	runtime.AddCleanup(o, m.coroutines.lose, c)
	return outer(o)
}

// runBody runs a body to its end. One that was told to return ends with the
// value that is thrown through it.
func (m *machine) runBody(c *coroutine, body *innerObject) (v otto.Value) {
	defer func() {
		if r := recover(); r != nil {
			if t, ok := thrownValue(r); ok && t == m.coroutines.leaving {
				v = c.leaving
				return
			}
			panic(r)
		}
	}()
	return innerCall(body, otto.UndefinedValue(), nil, false, innerFrame{})
}

// advance is next(value), throw(value) and return(value) of generators.
func (m *machine) advance(call otto.FunctionCall, kind resumption) otto.Value {
	o := inner(call.This)
	var c *coroutine
	if o != nil {
		c, _ = o.value.(*coroutine)
	}
	if c == nil {
		panic(m.vm.MakeTypeError("a method of generators was called on something else"))
	}
	value := call.Argument(0)
	if c.state == coroutineFresh && kind != resumeNext {
		m.stopCoroutine(c)
	}
	switch {
	case c.state == coroutineRunning:
		panic(m.vm.MakeTypeError("Generator is already running"))
	case c.state == coroutineDone && kind == resumeThrow:
		panic(value)
	case c.state == coroutineDone && kind == resumeReturn:
		return iteratorResult(o, value, true)
	case c.state == coroutineDone:
		return iteratorResult(o, otto.UndefinedValue(), true)
	}
	c.kind, c.value = kind, value
	y, more := m.enter(c)
	switch {
	case !more:
		return iteratorResult(o, c.returned, true)
	case y.whole:
		return y.value
	}
	return iteratorResult(o, y.value, false)
}

// iteratorResult makes an object of a value and whether it was the last.
func iteratorResult(like *innerObject, value otto.Value, done bool) otto.Value {
	o := newInner(like, like.objectPrototype())
	over, _ := otto.ToValue(done)
	o.property["value"] = innerProperty{value, modeOpen}
	o.property["done"] = innerProperty{over, modeOpen}
	o.propertyOrder = []string{"value", "done"}
	return outer(o)
}

// enter lets a coroutine run until it yields or ends.
func (m *machine) enter(c *coroutine) (y yielded, more bool) {
	here, fresh := now(m.vm), c.state == coroutineFresh
	m.coroutines.current = append(m.coroutines.current, c)
	c.state = coroutineRunning
	defer func() {
		m.coroutines.current = m.coroutines.current[:len(m.coroutines.current)-1]
		if !more { // it ended, or something was thrown
			c.state = coroutineDone
			delete(m.coroutines.live, c)
		}
		here.goTo(m.vm)
	}()
	if !fresh {
		c.inside.goTo(m.vm)
	}
	return c.resume()
}

// stand hands a value out and stands still until the body is to go on.
func (m *machine) stand(y yielded) *coroutine {
	c := m.coroutines.current[len(m.coroutines.current)-1]
	c.inside, c.state = now(m.vm), coroutineSuspended
	if !c.yield(y) {
		runtime.Goexit() // the run is over: nothing of the script is to run any more
	}
	return c
}

// yield(value) returns what next was given, or throws what throw was.
func (m *machine) yield(y yielded) otto.Value {
	c := m.stand(y)
	switch c.kind {
	case resumeThrow:
		panic(c.value)
	case resumeReturn:
		c.leaving = c.value
		panic(m.coroutines.leaving)
	}
	return c.value
}

// relay(result, received) passes on an iterator's result. It returns in which
// way the body is to go on, and puts the value into received.
func (m *machine) relay(call otto.FunctionCall) otto.Value {
	c := m.stand(yielded{call.Argument(0), true})
	m.set(call.Argument(1).Object(), "value", c.value)
	return jsWhole(int(c.kind))
}

// leave(value) makes the body return.
func (m *machine) leave(call otto.FunctionCall) otto.Value {
	m.coroutines.current[len(m.coroutines.current)-1].leaving = call.Argument(0)
	panic(m.coroutines.leaving)
}

// passLeaving(caught) is at the start of every catch clause of a body: what
// makes the body return is not for it.
func (m *machine) passLeaving(call otto.FunctionCall) otto.Value {
	if call.Argument(0) == m.coroutines.leaving {
		panic(m.coroutines.leaving)
	}
	return otto.UndefinedValue()
}

// lose notes a coroutine that nothing refers to any more. The collector calls
// it, at any time.
func (cs *coroutines) lose(c *coroutine) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.lost = append(cs.lost, c)
}

// stopLost ends those, and gives their stacks back.
func (m *machine) stopLost() {
	m.coroutines.mu.Lock()
	lost := m.coroutines.lost
	m.coroutines.lost = nil
	m.coroutines.mu.Unlock()
	for _, c := range lost {
		m.stopCoroutine(c)
	}
}

// stopCoroutines ends all that stand still. It comes last in a run.
func (m *machine) stopCoroutines() {
	for c := range m.coroutines.live {
		m.stopCoroutine(c)
	}
}

// stopCoroutine ends one. Its goroutine leaves in a way that would take the
// caller with it, so that is one made for it.
func (m *machine) stopCoroutine(c *coroutine) {
	if c.state != coroutineSuspended && c.state != coroutineFresh {
		return
	}
	here := now(m.vm)
	c.inside.goTo(m.vm)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.stop()
	}()
	<-stopped
	c.state = coroutineDone
	delete(m.coroutines.live, c)
	here.goTo(m.vm)
}
