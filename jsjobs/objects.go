package jsjobs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
)

// The methods and properties of the task and command objects that scripts
// have. The prelude puts them there; this is the object.

// addCommand is task.addCommand(command).
func (m *machine) addCommand(call otto.FunctionCall) otto.Value {
	d := m.draftOf(call.This, "task.addCommand")
	id := m.copied(m.commandID(call.Argument(0), "task.addCommand"))
	if d.commands.live != nil {
		m.push(d.commands.live, m.commandObject(id))
		return otto.UndefinedValue()
	}
	d.commands.ids = append(d.commands.ids, id)
	return otto.UndefinedValue()
}

// addDependency is task.addDependency(task). The other task need not be in the
// job yet; planned sees to it at the end.
func (m *machine) addDependency(call otto.FunctionCall) otto.Value {
	d := m.draftOf(call.This, "task.addDependency")
	id := m.draftID(call.Argument(0), "task.addDependency")
	if d.needs.live != nil {
		m.push(d.needs.live, m.author.drafts[id].object)
		return otto.UndefinedValue()
	}
	d.needs.ids = append(d.needs.ids, id)
	return otto.UndefinedValue()
}

// push appends to an array that the script has seen.
func (m *machine) push(array *otto.Object, item otto.Value) {
	m.set(array, strconv.Itoa(m.whole(m.get(array, "length"))), item)
}

// commands is the getter of task.commands: an array that the script may change.
func (m *machine) commands(call otto.FunctionCall) otto.Value {
	d := m.draftOf(call.This, "task.commands")
	if d.commands.live == nil {
		array := toArray(m, d.commands.ids, m.commandObject)
		d.commands = list{live: array.Object()}
	}
	return d.commands.live.Value()
}

// setCommands is the setter of task.commands.
func (m *machine) setCommands(call otto.FunctionCall) otto.Value {
	m.draftOf(call.This, "task.commands").commands = list{live: m.arrayOf(call.Argument(0), "task.commands")}
	return otto.UndefinedValue()
}

// dependencies is the getter of task.dependencies.
func (m *machine) dependencies(call otto.FunctionCall) otto.Value {
	d := m.draftOf(call.This, "task.dependencies")
	if d.needs.live == nil {
		array := toArray(m, d.needs.ids, func(id int) otto.Value { return m.author.drafts[id].object })
		d.needs = list{live: array.Object()}
	}
	return d.needs.live.Value()
}

// setDependencies is the setter of task.dependencies.
func (m *machine) setDependencies(call otto.FunctionCall) otto.Value {
	m.draftOf(call.This, "task.dependencies").needs = list{live: m.arrayOf(call.Argument(0), "task.dependencies")}
	return otto.UndefinedValue()
}

// arrayOf returns the array that v is; what names the property for the error.
func (m *machine) arrayOf(v otto.Value, what string) *otto.Object {
	if v.Class() != "Array" {
		m.throw(farm.Errorf(farm.Invalid, "%s must be an array", what))
	}
	return v.Object()
}

// commandIDs returns the commands of a task as they are now.
func (m *machine) commandIDs(d *draft) []int {
	if d.commands.live == nil {
		n := len(d.commands.ids)
		return d.commands.ids[:n:n] // what is appended later is not among them
	}
	return m.idsIn(d.commands.live, func(v otto.Value) int { return m.copied(m.commandID(v, "task.commands")) })
}

// needIDs returns the drafts that a task depends on as they are now, each once.
func (m *machine) needIDs(d *draft) []int {
	ids := slices.Clone(d.needs.ids)
	if d.needs.live != nil {
		ids = m.idsIn(d.needs.live, func(v otto.Value) int { return m.draftID(v, "task.dependencies") })
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// idsIn returns the indexes of what is in an array that the script has seen.
func (m *machine) idsIn(array *otto.Object, idOf func(otto.Value) int) []int {
	var ids []int
	for i := range min(maxArray, m.whole(m.get(array, "length"))) {
		ids = append(ids, idOf(m.get(array, strconv.Itoa(i))))
	}
	return ids
}

// commandOf returns the command whose property is read or set.
func (m *machine) commandOf(call otto.FunctionCall) *command {
	return m.author.commands[m.commandID(call.This, "a property of a command")]
}

// commandName is the getter of command.name.
func (m *machine) commandName(call otto.FunctionCall) otto.Value {
	return m.toJS(m.commandOf(call).name)
}

// setCommandName is the setter of command.name.
func (m *machine) setCommandName(call otto.FunctionCall) otto.Value {
	m.commandOf(call).name = strings.TrimSpace(m.text(call.Argument(0)))
	return otto.UndefinedValue()
}

// parameters is the getter of command.parameters: an object that the script
// may change.
func (m *machine) parameters(call otto.FunctionCall) otto.Value {
	p := m.commandOf(call).parameters
	if p.live == nil {
		v, err := m.readJSONText(codeunit.Encode(string(p.encoded.Append(nil))))
		if err != nil {
			m.throw(err)
		}
		p.live = v.Object()
	}
	return p.live.Value()
}

// setParameters is the setter of command.parameters. An object that the script
// got before has nothing to do with the command from now on.
func (m *machine) setParameters(call otto.FunctionCall) otto.Value {
	c := m.commandOf(call)
	c.parameters = &parameters{encoded: m.parametersOf(c.name, call.Argument(0))}
	return otto.UndefinedValue()
}

// stepCount is the getter of command.totalStepCount.
func (m *machine) stepCount(call otto.FunctionCall) otto.Value {
	return m.toJS(m.commandOf(call).steps)
}

// setStepCount is the setter of command.totalStepCount.
func (m *machine) setStepCount(call otto.FunctionCall) otto.Value {
	m.commandOf(call).steps = max(0, m.whole(call.Argument(0)))
	return otto.UndefinedValue()
}

// taskProperties are the accessors of tasks, as they are listed.
func (m *machine) taskProperties() []property {
	of := func(call otto.FunctionCall) *draft { return m.draftOf(call.This, "a property of a task") }
	return []property{
		{"uUID", func(call otto.FunctionCall) otto.Value {
			d := of(call).origin()
			if m.author.uuids[d] == "" {
				m.author.uuids[d] = farm.NewUUID().String()
			}
			return m.string(m.author.uuids[d])
		}, nil},
		{"name", func(call otto.FunctionCall) otto.Value { return m.string(of(call).name) },
			func(call otto.FunctionCall) otto.Value {
				of(call).name = m.text(call.Argument(0))
				return otto.UndefinedValue()
			}},
		{"type", func(call otto.FunctionCall) otto.Value { return m.string(of(call).kind) },
			func(call otto.FunctionCall) otto.Value {
				of(call).kind = m.text(call.Argument(0))
				return otto.UndefinedValue()
			}},
		{"priority", func(call otto.FunctionCall) otto.Value { return m.toJS(of(call).priority) },
			func(call otto.FunctionCall) otto.Value {
				of(call).priority = m.whole(call.Argument(0))
				return otto.UndefinedValue()
			}},
		{"commands", m.commands, m.setCommands},
		{"dependencies", m.dependencies, m.setDependencies},
	}
}

// commandProperties are the accessors of commands, as they are listed.
func (m *machine) commandProperties() []property {
	return []property{
		{"name", m.commandName, m.setCommandName},
		{"parameters", m.parameters, m.setParameters},
		{"totalStepCount", m.stepCount, m.setStepCount},
	}
}

// A property is an accessor of a prototype. Without set it cannot be changed.
type property struct {
	name     string
	get, set native
}
