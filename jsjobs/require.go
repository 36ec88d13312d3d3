package jsjobs

import (
	"path"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
)

// maxModules bounds the modules that one script may load.
const maxModules = 200

// findModule finds what require(name) means in a script of the folder dir: an
// object with the CommonJS module and, if nobody ran it yet, its function. The
// prelude runs it, so that what it throws reaches who required it. A module
// required while it runs gives what it exported so far.
func (m *machine) findModule(call otto.FunctionCall) otto.Value {
	dir, name := m.text(call.Argument(0)), m.text(call.Argument(1))
	switch name {
	case "author", "path", "process":
		v, err := m.vm.Get(name)
		if err != nil {
			m.throw(err)
		}
		return m.object(map[string]any{"module": m.object(map[string]any{"exports": v})}).Value()
	}
	f := m.moduleFile(dir, name)
	if module, ok := m.modules[f.Name]; ok {
		return m.object(map[string]any{"module": module}).Value()
	}
	if len(m.modules) >= maxModules {
		m.throw(farm.Errorf(farm.Invalid, "the script requires more than %d modules", maxModules))
	}
	found := map[string]any{"file": f.Name, "dir": path.Dir(f.Name)}
	module := map[string]any{"exports": m.newObject(), "id": f.Name, "filename": f.Name}
	if path.Ext(f.Name) == ".json" {
		module["exports"] = m.readJSON(f)
	} else {
		found["run"] = m.moduleFunction(f)
	}
	m.modules[f.Name] = m.object(module).Value()
	found["module"] = m.modules[f.Name]
	return m.object(found).Value()
}

// forgetModule takes away a module that did not get to its end.
func (m *machine) forgetModule(call otto.FunctionCall) otto.Value {
	delete(m.modules, m.text(call.Argument(0)))
	return otto.UndefinedValue()
}

// moduleFile finds the file that name means in dir. No path leads out of the
// folder of scripts; the folder itself is looked at before what is built in.
func (m *machine) moduleFile(dir, name string) file {
	if name == "" || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\:\x00") {
		m.throw(farm.Errorf(farm.Invalid, "require(%q): name a file relative to the script, such as ./parts.js", brief(name)))
	}
	base := path.Join(dir, name)
	if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		base = path.Clean(name) // a bare name is looked for at the top
	}
	if base == ".." || strings.HasPrefix(base, "../") {
		m.throw(farm.Errorf(farm.Invalid, "require(%q) leads out of the scripts' folder: put the module inside", brief(name)))
	}
	f, err := m.host.find([]string{base, base + ".js", base + ".json", path.Join(base, "index.js")})
	switch {
	case err != nil:
		m.throw(farm.Errorf(farm.Invalid, "require(%q): %w", brief(name), err))
	case f.Name == "":
		m.throw(farm.Errorf(farm.Invalid, "require(%q): there is no such module beside the script or in the scripts' folder", brief(name)))
	}
	return f
}

// readJSON returns what a module of data exports.
func (m *machine) readJSON(f file) otto.Value {
	v, err := m.readJSONText(codeunit.Encode(strings.TrimPrefix(f.Text, "\ufeff")))
	if err != nil {
		m.throw(farm.Errorf(farm.Invalid, "%s is not JSON: %w", f.Name, err))
	}
	return v
}

// moduleFunction parses a module and makes a function of it.
func (m *machine) moduleFunction(f file) otto.Value {
	p := parse(f.Name, f.Text, true)
	if p.err != nil {
		m.throw(p.err)
	}
	m.files[f.Name] = p
	m.limitCalls(p)
	function, err := m.vm.Run(p.module())
	if err != nil {
		m.throw(err)
	}
	return function
}
