package jsjobs

import (
	_ "embed"
	"slices"
	"strconv"
	"sync"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/lower"
)

// What newer JavaScript than the engine's needs at run time.

//go:embed shim.js
var shimSource string

//go:embed collections.js
var collectionsSource string

//go:embed reflect.js
var reflectSource string

//go:embed typed.js
var typedSource string

//go:embed generators.js
var generatorsSource string

//go:embed regexp.js
var regexpSource string

//go:embed date.js
var dateSource string

// modern is what runs in every VM, compiled once, in this order: what lowered
// programs call, then the built-ins that the engine lacks.
var modern = sync.OnceValues(func() ([]*otto.Script, error) {
	var all []*otto.Script
	for _, source := range []string{lower.Runtime, shimSource, collectionsSource, regexpSource, dateSource, reflectSource, typedSource, generatorsSource, promiseSource} {
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
	common := m.common()
	none := makeNone(inner(global))
	m.call(m.kit.hidden, global, "%none", outer(none))
	for name, f := range m.coroutineKit() {
		m.call(m.kit.hidden, global, name, f)
	}
	for name, f := range m.reflectKit() {
		m.set(common, name, f)
	}
	for name, f := range m.typedKit() {
		m.set(common, name, f)
	}
	m.keepProxies(global)
	scripts, err := modern()
	if err != nil {
		return err
	}
	for _, script := range scripts {
		start, err := m.vm.Run(script)
		if err != nil {
			return err
		}
		made, err := start.Call(otto.UndefinedValue(), global, common)
		if err != nil {
			return err
		}
		if made.IsFunction() { // as regexp.js returns
			m.kit.newPattern = made
		}
	}
	m.jobs.stateOf, m.jobs.throw = m.get(common, "stateOf"), m.get(common, "throw")
	m.useReflection(common)
	prototype := inner(global).prototype
	m.call(m.kit.hidden, outer(prototype), "toString", native(m.objectTag))
	prototype.property["toString"] = innerProperty{prototype.property["toString"].value, modeHidden}
	m.tidyBuiltIns(inner(global))
	m.useNone(none)
	m.jobs.rejected = m.get(common, "unhandled").Object()
	return nil
}

// common is what the sources have of the host.
func (m *machine) common() *otto.Object {
	regexp := functions(m, m.patternFunctions())
	m.kit.exec = m.get(regexp, "exec")
	m.set(regexp, "names", m.flagNames())
	dates := functions(m, m.dateFunctions())
	m.set(dates, "methods", functions(m, m.dateMethods()))
	return m.object(map[string]any{
		"chars": native(m.chars), "keys": native(m.keys), "fround": native(m.fround), "enqueue": native(m.enqueue), "literal": native(m.literal),
		"string": functions(m, m.stringMethods()), "fromCharCode": native(m.fromCharCode), "fromCodePoint": native(m.fromCodePoint),
		"regexp": regexp, "number": functions(m, m.numberMethods()), "parseInt": native(m.parseInt), "parseFloat": native(m.parseFloat),
		"numberOf": native(func(call otto.FunctionCall) otto.Value { return m.toJS(m.toNumber(call.Argument(0))) }),
		"date":     dates, "dateValue": m.kit.dateValue, "setDate": m.kit.setDate,
		"parseJSON": native(m.parseJSON), "stringify": native(m.stringify), "uri": functions(m, m.uriFunctions()),
	})
}

// functions makes an object of functions of the host.
func functions(m *machine, list map[string]native) *otto.Object {
	o := m.newObject()
	for _, name := range sortedKeys(list) {
		m.set(o, name, list[name])
	}
	return o
}

// keys(object) lists an object's own names that are listed, as the standard
// orders them: numbers first, by size, then the others as they came. Symbols
// are not among them.
func (m *machine) keys(call otto.FunctionCall) otto.Value {
	v := call.Argument(0)
	if v.IsObject() {
		return toArray(m, m.names(v), ofText)
	}
	var list []string
	if v.IsString() {
		list = make([]string, codeunit.Length(v.String()))
		for i := range list {
			list[i] = strconv.Itoa(i)
		}
	}
	return toArray(m, list, ofText)
}

// names is keys for an object. Tasks and commands have none of their own, which
// is nobody's business.
func (m *machine) names(v otto.Value) []string {
	id, ok := m.author.index[v]
	if !ok {
		return inOrder(v.Object().Keys())
	}
	properties := m.taskProperties()
	if id < 0 {
		properties = m.commandProperties()
	}
	list := make([]string, len(properties))
	for i, p := range properties {
		list[i] = p.name
	}
	return append(list, inOrder(v.Object().Keys())...)
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
