package jsjobs

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/robertkrimen/otto"
)

// Few job types use promises or typed arrays, and to make these takes a third
// of what a virtual machine costs. So the global object gets them when it is
// asked for one, or for all its names, the first time; a script cannot tell.

//go:embed typed.js
var typedSource string

//go:embed promise.js
var promiseSource string

// latecomers are what is made later, as the globals that it makes.
var latecomers = []struct{ source, names string }{
	{typedSource, "ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array"},
	{promiseSource, "Promise %async %await"},
}

// later holds what a machine has not made yet.
type later struct {
	missing map[string]int // global name: index among the latecomers
	starts  []otto.Value   // functions that make them
	common  *otto.Object
	tidied  map[*innerObject]bool
	plain   *innerClass // what the global object is once nothing is missing
}

// compiledLater are the latecomers, compiled once.
var compiledLater = sync.OnceValues(func() ([]*otto.Script, error) {
	var sources []string
	for _, l := range latecomers {
		sources = append(sources, l.source)
	}
	return compileAll(sources)
})

// putOff has the global object make what is missing when it is asked for.
func (m *machine) putOff(global *innerObject, common *otto.Object) error {
	scripts, err := compiledLater()
	if err != nil {
		return err
	}
	l := &m.later
	l.missing, l.common, l.plain = map[string]int{}, common, global.objectClass
	for i, script := range scripts {
		start, err := m.vm.Run(script)
		if err != nil {
			return err
		}
		l.starts = append(l.starts, start)
		for name := range strings.FieldsSeq(latecomers[i].names) {
			l.missing[name] = i
		}
	}
	class := *l.plain
	class.getOwnProperty = func(o *innerObject, name string) *innerProperty {
		p := l.plain.getOwnProperty(o, name)
		if p == nil && m.makeMissing(o, name) {
			return l.plain.getOwnProperty(o, name)
		}
		return p
	}
	class.enumerate = func(o *innerObject, all bool, each func(string) bool) {
		for name := range l.missing {
			m.makeMissing(o, name)
		}
		o.objectClass.enumerate(o, all, each)
	}
	global.objectClass = &class
	return nil
}

// makeMissing makes what a global name belongs to, and reports whether it did.
func (m *machine) makeMissing(global *innerObject, name string) bool {
	l := &m.later
	i, ok := l.missing[name]
	if !ok {
		return false
	}
	names := strings.Fields(latecomers[i].names)
	for _, name := range names { // before it looks for them itself
		delete(l.missing, name)
	}
	if len(l.missing) == 0 {
		global.objectClass = l.plain
	}
	// The script may be as deep in calls as it is allowed to be.
	m.vm.SetStackDepthLimit(maxCalls + 100)
	defer m.vm.SetStackDepthLimit(m.calls)
	callInner(inner(l.starts[i]), otto.UndefinedValue(), outer(global), l.common.Value())
	for _, name := range names {
		m.tidyGlobal(global, name, l.tidied)
	}
	return true
}
