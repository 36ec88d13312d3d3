package jsjobs

import (
	_ "embed"
	"slices"
	"strconv"
	"sync"
	"unicode/utf16"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/lower"
)

// What newer JavaScript than the engine's needs at run time.

//go:embed shim.js
var shimSource string

//go:embed collections.js
var collectionsSource string

//go:embed generators.js
var generatorsSource string

// modern is what runs in every VM, compiled once, in this order: what lowered
// programs call, then the built-ins that the engine lacks.
var modern = sync.OnceValues(func() ([]*otto.Script, error) {
	var all []*otto.Script
	for _, source := range []string{lower.Runtime, shimSource, collectionsSource, generatorsSource, promiseSource} {
		script, err := otto.New().Compile("(built in)", source)
		if err != nil {
			return nil, err
		}
		all = append(all, script)
	}
	return all, nil
})

// modernize brings a VM up to date. It comes after the prelude, which bounds
// what this uses of the engine.
func (m *machine) modernize(global otto.Value) error {
	common := m.object(map[string]any{"chars": native(m.chars), "keys": native(m.keys),
		"fround": native(m.fround), "enqueue": native(m.enqueue)})
	for name, f := range m.coroutineKit() {
		m.call(m.kit.hidden, global, name, f)
	}
	scripts, err := modern()
	if err != nil {
		return err
	}
	for _, script := range scripts {
		start, err := m.vm.Run(script)
		if err != nil {
			return err
		}
		if _, err := start.Call(otto.UndefinedValue(), global, common); err != nil {
			return err
		}
	}
	m.jobs.stateOf, m.jobs.throw = m.get(common, "stateOf"), m.get(common, "throw")
	m.jobs.rejected = m.get(common, "unhandled").Object()
	return nil
}

// chars(text) lists the characters of a text, each of which is one or two of
// what JavaScript counts.
func (m *machine) chars(call otto.FunctionCall) otto.Value {
	text := m.text(call.Argument(0))
	list := make([]string, 0, len(text))
	for _, r := range text {
		list = append(list, string(r))
	}
	return m.toJS(list)
}

// keys(object) lists an object's own names that are listed, as the standard
// orders them: numbers first, by size, then the others as they came. Symbols
// are not among them.
func (m *machine) keys(call otto.FunctionCall) otto.Value {
	v := call.Argument(0)
	if !v.IsObject() {
		if !v.IsString() {
			return m.toJS([]string{})
		}
		list := make([]string, len(utf16.Encode([]rune(m.text(v)))))
		for i := range list {
			list[i] = strconv.Itoa(i)
		}
		return m.toJS(list)
	}
	if id, ok := m.author.index[v]; ok { // these have none of their own, which is nobody's business
		properties := m.taskProperties()
		if id < 0 {
			properties = m.commandProperties()
		}
		list := make([]string, len(properties))
		for i, p := range properties {
			list[i] = p.name
		}
		return m.toJS(append(list, inOrder(v.Object().Keys())...))
	}
	return m.toJS(inOrder(v.Object().Keys()))
}

// inOrder sorts the names of properties.
func inOrder(names []string) []string {
	type numbered struct {
		n    uint64
		name string
	}
	var numbers []numbered
	others := make([]string, 0, len(names))
	for _, name := range names {
		if n, err := strconv.ParseUint(name, 10, 32); err == nil && strconv.FormatUint(n, 10) == name {
			numbers = append(numbers, numbered{n, name})
		} else if len(name) < 2 || name[:2] != "@@" {
			others = append(others, name)
		}
	}
	if numbers == nil {
		return others
	}
	slices.SortFunc(numbers, func(a, b numbered) int { return int(int64(a.n) - int64(b.n)) })
	all := make([]string, 0, len(names))
	for _, n := range numbers {
		all = append(all, n.name)
	}
	return append(all, others...)
}

// fround(n) rounds to what a float of 32 bits holds.
func (m *machine) fround(call otto.FunctionCall) otto.Value {
	n, err := call.Argument(0).ToFloat()
	if err != nil {
		m.throw(err)
	}
	return m.toJS(float64(float32(n)))
}
