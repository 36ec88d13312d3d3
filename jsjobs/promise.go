package jsjobs

import (
	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// jobs are functions that promises put off, in the order they are to run. The
// language calls them jobs (ECMA-262 9.5).
type jobs struct {
	waiting []otto.Value
}

// enqueue(f) puts a function off.
func (m *machine) enqueue(call otto.FunctionCall) otto.Value {
	m.jobs.waiting = append(m.jobs.waiting, call.Argument(0))
	return otto.UndefinedValue()
}

// runJobs runs what was put off, and what that puts off in turn.
func (m *machine) runJobs() error {
	for len(m.jobs.waiting) > 0 {
		job := m.jobs.waiting[0]
		m.jobs.waiting = m.jobs.waiting[1:]
		if _, err := job.Call(otto.UndefinedValue()); err != nil {
			return m.explain(err)
		}
	}
	return nil
}

// settled is the error of a promise that compileJob returned: one that was
// rejected, or that nothing will ever resolve. Nothing happens after the script
// that could.
func (m *machine) settled(v otto.Value) error {
	state := m.stateOf(v)
	if !state.IsObject() {
		return nil
	}
	switch m.text(m.get(state.Object(), "kind")) {
	case "pending":
		return farm.Errorf(farm.Invalid, "compileJob of %s waits for a promise that nothing resolves: there are no timers in job types", m.main.file)
	case "rejected":
		_, err := m.get(m.later.common, "throw").Call(otto.UndefinedValue(), m.get(state.Object(), "value"))
		return m.explain(err)
	}
	return nil
}

// warnOfRejected tells of promises whose errors nothing has looked at.
func (m *machine) warnOfRejected() {
	rejected := m.get(m.later.common, "unhandled").Object()
	if rejected == nil {
		return
	}
	for i := range m.whole(m.get(rejected, "length")) {
		state := m.stateOf(m.get(rejected, jsWhole(i).String()))
		if handled, _ := m.get(state.Object(), "handled").ToBoolean(); !handled {
			m.say(line{Text: brief("a promise was rejected, and nothing handles that: " + m.get(state.Object(), "value").String()), Warning: true})
		}
	}
}

// stateOf is what has become of a promise, undefined for what is none. Before
// promises were made there are none.
func (m *machine) stateOf(v otto.Value) otto.Value {
	stateOf := m.get(m.later.common, "stateOf")
	if stateOf.IsUndefined() {
		return stateOf
	}
	return m.call(stateOf, v)
}
