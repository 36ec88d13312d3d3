package jsjobs

import (
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

const (
	maxTasks        = 1_000_000
	maxCommandBytes = 256 << 20

	// The names under which tasks and commands carry their index.
	idName = "%id"
)

// author holds the tasks and commands of a job while its script makes them.
// The script has small objects with an index into it.
type author struct {
	drafts   []*draft
	commands []*command
	tasks    []authored // those added to the job, in order
	left     int64      // bytes that commands may still take
}

// draft is a task that a script made, and may not have added to the job yet.
type draft struct {
	object   *otto.Object // what the script has of it
	name     string
	commands list
	needs    list
	added    int // index among the tasks of the job, or -1
}

// authored is a task as it was when it was added: changes of the draft after
// that do not count. Needs are indexes of drafts here.
type authored struct {
	farm.PlannedTask
	draft *draft
	needs []int
	ids   []int // of its commands
}

// command is a command that a script made. Its parameters are kept in Go only,
// until the script looks at them: from then on the object it got is right.
type command struct {
	farm.Command
	object *otto.Object
	live   *otto.Object // parameters, or nil
}

// list is a list of indexes that a script sees as an array of objects. It is
// kept as numbers until the script looks at it; then the array is right.
type list struct {
	ids  []int
	live *otto.Object
}

// newTask is author.Task(name, type).
func (m *machine) newTask(call otto.FunctionCall) otto.Value {
	m.check()
	name, kind := strings.TrimSpace(m.text(call.Argument(0))), strings.TrimSpace(m.text(call.Argument(1)))
	switch {
	case name == "":
		m.throw(farm.Errorf(farm.Invalid, "author.Task(name, type): the name is empty"))
	case kind == "":
		m.throw(farm.Errorf(farm.Invalid, "author.Task(%q, type): the type is empty", brief(name)))
	case len(m.author.drafts) >= maxTasks:
		m.throw(farm.Errorf(farm.Invalid, "the script makes more than %d tasks: use larger chunks", maxTasks))
	}
	id := len(m.author.drafts)
	object := m.call(m.kit.newTask, id, farm.NewUUID().String(), name, kind)
	m.author.drafts = append(m.author.drafts, &draft{object: object.Object(), name: name, added: -1})
	return object
}

// newCommand is author.Command(name, parameters, totalStepCount).
func (m *machine) newCommand(call otto.FunctionCall) otto.Value {
	m.check()
	return m.addToAuthor(call.Argument(0), call.Argument(1), call.Argument(2)).object.Value()
}

// addToAuthor keeps a new command, and makes the object that the script gets.
// The parameters are copied now: what the script does to the object it passed
// does not change the command.
func (m *machine) addToAuthor(name, parameters, steps otto.Value) *command {
	c := &command{}
	c.Name = strings.TrimSpace(m.text(name))
	if c.Name == "" {
		m.throw(farm.Errorf(farm.Invalid, "author.Command(name, parameters): the name is empty"))
	}
	c.Parameters = m.parametersOf(c.Name, parameters)
	c.Steps = max(0, m.whole(steps))
	c.object = m.call(m.kit.newCommand, len(m.author.commands)).Object()
	m.author.commands = append(m.author.commands, c)
	return c
}

// parametersOf converts the parameters of a command.
func (m *machine) parametersOf(name string, v otto.Value) map[string]any {
	if v.IsUndefined() || v.IsNull() {
		return map[string]any{}
	}
	converted, err := m.fromJS(v, &m.author.left)
	if err != nil {
		m.throw(err)
	}
	parameters, ok := converted.(map[string]any)
	if !ok {
		m.throw(farm.Errorf(farm.Invalid, "author.Command(%q, parameters): the parameters are no object", brief(name)))
	}
	return parameters
}

// draftOf returns the task that v is; what names the call for the error.
func (m *machine) draftOf(v otto.Value, what string) *draft {
	if id := m.idOf(v); id >= 0 && id < len(m.author.drafts) && m.author.drafts[id].object.Value() == v {
		return m.author.drafts[id]
	}
	m.throw(farm.Errorf(farm.Invalid, "%s wants a task made by author.Task(name, type)", what))
	return nil
}

// commandID returns the index of the command that v is. An object with the
// fields of a command is taken for one.
func (m *machine) commandID(v otto.Value, what string) int {
	if id := m.idOf(v); id >= 0 && id < len(m.author.commands) && m.author.commands[id].object.Value() == v {
		return id
	}
	if v.IsObject() && m.get(v.Object(), "name").IsString() {
		o := v.Object()
		m.addToAuthor(m.get(o, "name"), m.get(o, "parameters"), m.get(o, "totalStepCount"))
		return len(m.author.commands) - 1
	}
	m.throw(farm.Errorf(farm.Invalid, "%s wants a command made by author.Command(name, parameters)", what))
	return -1
}

// idOf returns the index that a task or command object carries, or -1. Scripts
// could forge one, so callers compare the object itself.
func (m *machine) idOf(v otto.Value) int {
	if !v.IsObject() {
		return -1
	}
	id := m.get(v.Object(), idName)
	if !id.IsNumber() {
		return -1
	}
	return m.whole(id)
}

// addTask is job.addTask(task): a copy of the task as it is now goes into the job.
func (m *machine) addTask(call otto.FunctionCall) otto.Value {
	m.check()
	d := m.draftOf(call.Argument(0), "job.addTask")
	if d.added >= 0 {
		m.throw(farm.Errorf(farm.Invalid, "task %q was added to the job before", brief(d.name)))
	}
	t := authored{draft: d, ids: m.commandIDs(d), needs: m.needIDs(d)}
	t.Name = strings.TrimSpace(m.text(m.get(d.object, "name")))
	t.Type = strings.ToLower(strings.TrimSpace(m.text(m.get(d.object, "type"))))
	if t.Name == "" || t.Type == "" {
		m.throw(farm.Errorf(farm.Invalid, "task %q lost its name or type before it was added to the job", brief(d.name)))
	}
	t.Priority = m.whole(m.get(d.object, "priority"))
	d.added, d.name = len(m.author.tasks), t.Name
	m.author.tasks = append(m.author.tasks, t)
	return otto.UndefinedValue()
}

// addedTasks is job.tasks.
func (m *machine) addedTasks(otto.FunctionCall) otto.Value {
	m.check()
	return toArray(m, m.author.tasks, func(t authored) otto.Value { return t.draft.object.Value() })
}

// planned makes the tasks of the plan. It refuses dependencies on what is not
// in the job, and tasks that wait for each other.
func (m *machine) planned() ([]farm.PlannedTask, error) {
	tasks := make([]farm.PlannedTask, len(m.author.tasks))
	for i := range m.author.tasks {
		t := &m.author.tasks[i]
		for _, id := range t.ids {
			c := m.author.commands[id]
			if c.live != nil {
				converted, err := m.fromJS(c.live.Value(), &m.author.left)
				if err != nil {
					return nil, farm.Errorf(farm.Invalid, "command %s of task %q: %w", c.Name, brief(t.Name), err)
				}
				c.Parameters, _ = converted.(map[string]any)
			}
			t.Commands = append(t.Commands, c.Command)
		}
		for _, id := range t.needs {
			d := m.author.drafts[id]
			if d.added < 0 {
				return nil, farm.Errorf(farm.Invalid, "task %q depends on task %q, which is not in the job: add that with job.addTask(task) too", brief(t.Name), brief(d.name))
			}
			t.Needs = append(t.Needs, d.added)
		}
		tasks[i] = t.PlannedTask
	}
	if circle := findCircle(tasks); circle != nil {
		return nil, farm.Errorf(farm.Invalid, "these tasks wait for each other, so none could ever run: %s", namesOf(tasks, circle))
	}
	return tasks, nil
}
