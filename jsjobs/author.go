package jsjobs

import (
	"slices"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

const (
	maxTasks        = 1_000_000
	maxCommandBytes = 128 << 20
	maxNeeds        = 5_000_000 // of all tasks together
)

// author holds the tasks and commands of a job while its script makes them.
// They are all here: the objects that the script has are empty, and have
// accessors for what this knows of them, because an object of the engine with
// properties is many times as large.
type author struct {
	drafts   []*draft
	commands []*command
	tasks    []authored           // those added to the job, in order
	live     *otto.Object         // job.tasks, once the script looked at it; then its order counts
	index    map[*innerObject]int // what object is which draft, and which command (^index)
	share    *sharer              // of parameters
	uuids    map[*draft]string    // of those whose script asked for it
	left     int64                // bytes that commands may still take
	needs    int                  // of the tasks that were passed on
}

// draft is a task that a script made, and may not have added to the job yet.
type draft struct {
	object     otto.Value // what the script has of it
	name, kind string
	priority   int
	commands   list
	needs      list
	added      int    // index among the tasks of the job, or -1
	of         *draft // the task that was added as this one, for those in job.tasks
}

// authored is a task as it was when it was added: changes of the draft after
// that do not count. Changes of view do, which the script has in job.tasks.
type authored struct {
	view       *draft // nil until the script looked at job.tasks
	draft      *draft
	name, kind string
	priority   int
	needs      []int // drafts
	commands   []int
}

// command is a command that a script made, or the copy of one that was added to
// a task. The object of a copy is made when the script looks for it.
type command struct {
	name       string
	steps      int
	parameters *parameters // which copies share
	object     otto.Value
}

// parameters are kept as JSON, until the script looks at them: from then on the
// object it got is right.
type parameters struct {
	encoded farm.Encoded
	live    *otto.Object
}

// list is a list of indexes that a script sees as an array of objects. It is
// kept as numbers until the script looks at it; then the array is right.
type list struct {
	ids  []int
	live *otto.Object
}

// newTask is author.Task(name, type).
func (m *machine) newTask(call otto.FunctionCall) otto.Value {
	name, kind := strings.TrimSpace(m.text(call.Argument(0))), strings.TrimSpace(m.text(call.Argument(1)))
	switch {
	case name == "":
		m.throw(farm.Errorf(farm.Invalid, "author.Task(name, type): the name is empty"))
	case kind == "":
		m.throw(farm.Errorf(farm.Invalid, "author.Task(%q, type): the type is empty", brief(name)))
	case m.made.Load() >= maxTasks:
		m.throw(farm.Errorf(farm.Invalid, "the script makes more than %d tasks: make fewer and larger ones, for example with a larger chunk_size", maxTasks))
	}
	m.takeRoom(len(name) + len(kind))
	d := &draft{object: m.objectOf(m.kit.task), name: name, kind: kind, priority: 50, added: -1}
	m.author.index[inner(d.object)] = len(m.author.drafts)
	m.author.drafts = append(m.author.drafts, d)
	m.made.Add(1)
	return d.object
}

// takeRoom counts what the plan grows by.
func (m *machine) takeRoom(bytes int) {
	if m.author.left -= int64(bytes); m.author.left < 0 {
		m.throw(tooManyBytes())
	}
}

// tooManyBytes is the error for a plan that is too large.
func tooManyBytes() error {
	return farm.Errorf(farm.Invalid, "the commands of the job are larger than %d MiB together: make fewer and larger tasks, for example with a larger chunk_size", maxCommandBytes>>20)
}

// newCommand is author.Command(name, parameters, totalStepCount).
func (m *machine) newCommand(call otto.FunctionCall) otto.Value {
	return m.addToAuthor(call.Argument(0), call.Argument(1), call.Argument(2)).object
}

// addToAuthor keeps a new command, and makes the object that the script gets.
// The parameters are copied now: what the script does to the object it passed
// does not change the command.
func (m *machine) addToAuthor(name, parameterValue, steps otto.Value) *command {
	c := &command{name: strings.TrimSpace(m.text(name))}
	if c.name == "" {
		m.throw(farm.Errorf(farm.Invalid, "author.Command(name, parameters): the name is empty"))
	}
	if len(m.author.commands) >= 4*maxTasks {
		m.throw(farm.Errorf(farm.Invalid, "the script makes more than %d commands: make fewer and larger tasks, for example with a larger chunk_size", 2*maxTasks))
	}
	m.takeRoom(len(c.name))
	c.parameters = &parameters{encoded: m.parametersOf(c.name, parameterValue)}
	c.steps = max(0, m.whole(steps))
	m.author.commands = append(m.author.commands, c)
	m.commandObject(len(m.author.commands) - 1)
	return c
}

// commandObject is the object that the script has of a command.
func (m *machine) commandObject(id int) otto.Value {
	c := m.author.commands[id]
	if c.object.IsUndefined() {
		c.object = m.objectOf(m.kit.command)
		m.author.index[inner(c.object)] = ^id
	}
	return c.object
}

// copied makes a copy of a command, for a task: what happens to the command
// later does not change the task.
func (m *machine) copied(id int) int {
	c := m.author.commands[id]
	m.author.commands = append(m.author.commands, &command{name: c.name, steps: c.steps, parameters: c.parameters})
	return len(m.author.commands) - 1
}

// parametersOf converts the parameters of a command.
func (m *machine) parametersOf(name string, v otto.Value) farm.Encoded {
	if v.IsUndefined() || v.IsNull() {
		return farm.Encoded{"{}"}
	}
	encoded, err := m.encode(v, &m.author.left)
	if err != nil {
		m.throw(err)
	}
	if encoded[0] != '{' {
		m.throw(farm.Errorf(farm.Invalid, "author.Command(%q, parameters): the parameters are no object", brief(name)))
	}
	pieces, _, _ := m.author.share.split(name, encoded)
	return pieces
}

// draftOf returns the task that v is; what names the call for the error.
func (m *machine) draftOf(v otto.Value, what string) *draft {
	return m.author.drafts[m.draftID(v, what)]
}

// draftID returns the index of the task that v is.
func (m *machine) draftID(v otto.Value, what string) int {
	id, ok := m.author.index[inner(v)]
	if !ok || id < 0 {
		m.throw(farm.Errorf(farm.Invalid, "%s needs a task made by author.Task(name, type)", what))
	}
	return id
}

// commandID returns the index of the command that v is. An object with the
// fields of a command is taken for one.
func (m *machine) commandID(v otto.Value, what string) int {
	id, ok := m.author.index[inner(v)]
	switch {
	case ok && id < 0:
		return ^id
	case !ok && v.IsObject() && m.get(v.Object(), "name").IsString():
		o := v.Object()
		m.addToAuthor(m.get(o, "name"), m.get(o, "parameters"), m.get(o, "totalStepCount"))
		return len(m.author.commands) - 1
	}
	m.throw(farm.Errorf(farm.Invalid, "%s needs a command made by author.Command(name, parameters)", what))
	return -1
}

// addTask is job.addTask(task): a copy of the task as it is now goes into the job.
func (m *machine) addTask(call otto.FunctionCall) otto.Value {
	d := m.draftOf(call.Argument(0), "job.addTask")
	if d.added >= 0 {
		m.throw(farm.Errorf(farm.Invalid, "task %q was added to the job before", brief(d.name)))
	}
	t := m.authored(d)
	d.added = len(m.author.tasks)
	m.author.tasks = append(m.author.tasks, t)
	if m.author.live != nil {
		m.push(m.author.live, m.view(d.added))
	}
	return otto.UndefinedValue()
}

// batchSize is how many bytes of tasks are passed on at once.
const batchSize = 64 << 10

// sendTasks passes the tasks of the job on. It refuses dependencies on what is
// not in the job.
func (m *machine) sendTasks() error {
	if m.author.live != nil {
		if err := m.inScript(m.rearrange); err != nil {
			return m.explain(err)
		}
	}
	batch := make([]byte, 0, batchSize+batchSize/4)
	w := &taskWriter{share: newSharer()}
	m.host.expect(len(m.author.tasks))
	for i := range m.author.tasks {
		task, err := m.planned(&m.author.tasks[i])
		if err != nil {
			return err
		}
		if batch = w.append(batch, task); len(batch) >= batchSize {
			m.host.tasks(batch)
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		m.host.tasks(batch)
	}
	return nil
}

// planned makes a task of the plan.
func (m *machine) planned(t *authored) (*farm.PlannedTask, error) {
	task := &farm.PlannedTask{Name: t.name, Type: t.kind, Priority: t.priority}
	for _, id := range t.commands {
		c := m.author.commands[id]
		encoded := c.parameters.encoded
		if c.parameters.live != nil {
			text, err := m.encode(c.parameters.live.Value(), &m.author.left)
			if err != nil {
				return nil, farm.Errorf(farm.Invalid, "command %s of task %q: %w", c.name, brief(t.name), err)
			}
			encoded, _, _ = m.author.share.split(c.name, text)
		}
		task.Commands = append(task.Commands, farm.Command{Name: c.name, Encoded: encoded, Steps: c.steps})
	}
	for _, id := range t.needs {
		d := m.author.drafts[id]
		if d.added < 0 {
			return nil, farm.Errorf(farm.Invalid, "task %q depends on task %q, which is not in the job: add that with job.addTask(task) too", brief(t.name), brief(d.name))
		}
		task.Needs = append(task.Needs, d.added)
	}
	if m.author.needs += len(task.Needs); m.author.needs > maxNeeds {
		return nil, farm.Errorf(farm.Invalid, "the tasks have more than %d dependencies together: let them depend on one task that depends on many", maxNeeds)
	}
	slices.Sort(task.Needs) // they were in the order of their making
	task.Needs = slices.Compact(task.Needs)
	return task, nil
}
