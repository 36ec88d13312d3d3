package jsjobs

import (
	_ "embed"
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

//go:embed generators.js
var generatorsSource string

//go:embed regexp.js
var regexpSource string

//go:embed date.js
var dateSource string

// modern is what runs in every VM, compiled once, in this order: what lowered
// programs call, then the built-ins that the engine lacks.
var modern = sync.OnceValues(func() ([]*otto.Script, error) {
	return compileAll([]string{lower.Runtime, shimSource, collectionsSource, regexpSource, dateSource, reflectSource, generatorsSource})
})

func compileAll(sources []string) ([]*otto.Script, error) {
	var all []*otto.Script
	for _, source := range sources {
		script, err := otto.New().Compile("(built in)", source)
		if err != nil {
			return nil, err
		}
		all = append(all, script)
	}
	return all, nil
}

// modernize brings a VM up to date. It comes after the prelude, which bounds
// what this uses of the engine.
func (m *machine) modernize(global otto.Value) error {
	common := m.common()
	m.set(common, "asSpecies", native(func(call otto.FunctionCall) otto.Value { return m.asSpecies(call.Argument(0), call.Argument(1)) }))
	m.set(common, "slice", m.plainly("slice"))
	m.set(common, "concat", m.plainly("concat"))
	m.set(common, "set", native(m.defineHidden))
	m.set(common, "define", native(m.defineMembers))
	none := makeNone(inner(global))
	m.call(m.kit.hidden, global, "%none", outer(none))
	for name, f := range map[string]native{"%superOf": m.superOf, "%instanceof": m.instanceOf, "%number": m.number} {
		m.call(m.kit.hidden, global, name, f)
	}
	for name, f := range m.coroutineKit() {
		m.call(m.kit.hidden, global, name, f)
	}
	for name, f := range m.reflectKit() {
		m.set(common, name, f)
	}
	for name, f := range m.typedKit() {
		m.set(common, name, f)
	}
	m.set(common, "leaving", m.coroutines.leaving)
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
		if made.IsObject() { // as regexp.js returns
			m.kit.patterns = made
		}
	}
	m.useReflection(common)
	prototype := inner(global).prototype
	m.call(m.kit.hidden, outer(prototype), "toString", native(m.objectTag))
	prototype.property["toString"] = innerProperty{prototype.property["toString"].value, modeHidden}
	m.tidyBuiltIns(inner(global))
	m.useNone(none)
	return m.putOff(inner(global), common)
}

// common is what the sources have of the host.
func (m *machine) common() *otto.Object {
	regexp := functions(m, m.patternFunctions())
	m.kit.exec = m.get(regexp, "exec")
	m.set(regexp, "names", m.flagNames())
	dates := functions(m, m.dateFunctions())
	m.set(dates, "methods", functions(m, m.dateMethods()))
	return m.object(map[string]any{
		"chars": native(m.chars), "keys": native(m.keys), "enqueue": native(m.enqueue), "literal": native(m.literal),
		"string": functions(m, m.stringMethods()), "fromCharCode": native(m.fromCharCode), "fromCodePoint": native(m.fromCodePoint),
		"regexp": regexp, "number": functions(m, m.numberMethods()), "parseInt": native(m.parseInt), "parseFloat": native(m.parseFloat),
		"numberOf": native(m.number),
		"date":     dates, "dateValue": m.kit.dateValue, "setDate": m.kit.setDate,
		"math":      functions(m, m.mathFunctions()),
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
	id, ok := m.author.index[inner(v)]
	if !ok {
		return withoutSymbols(v.Object().Keys())
	}
	properties := m.taskProperties()
	if id < 0 {
		properties = m.commandProperties()
	}
	list := make([]string, len(properties))
	for i, p := range properties {
		list[i] = p.name
	}
	return append(list, withoutSymbols(v.Object().Keys())...)
}
