package jsjobs

import (
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// What a script has of the tasks of the job in job.tasks: copies of those that
// it added, which it may change, put into another order, or take out.

// origin is the task that was added.
func (d *draft) origin() *draft {
	if d.of != nil {
		return d.of
	}
	return d
}

// jobTasks is the getter of job.tasks.
func (m *machine) jobTasks(otto.FunctionCall) otto.Value {
	if m.author.live == nil {
		var views []otto.Value
		for i := range m.author.tasks {
			views = append(views, m.view(i))
		}
		m.author.live = toArray(m, views, func(v otto.Value) otto.Value { return v }).Object()
	}
	return m.author.live.Value()
}

// setJobTasks is the setter of job.tasks.
func (m *machine) setJobTasks(call otto.FunctionCall) otto.Value {
	m.jobTasks(call)
	m.author.live = m.arrayOf(call.Argument(0), "job.tasks")
	return otto.UndefinedValue()
}

// view is the object of a task of the job.
func (m *machine) view(i int) otto.Value {
	t := &m.author.tasks[i]
	if t.view == nil {
		t.view = &draft{object: m.objectOf(m.kit.task), name: t.name, kind: t.kind, priority: t.priority,
			commands: list{ids: t.commands}, needs: list{ids: t.needs}, added: i, of: t.draft}
		m.author.index[inner(t.view.object)] = len(m.author.drafts)
		m.author.drafts = append(m.author.drafts, t.view)
	}
	return t.view.object
}

// rearrange makes the tasks of the job those that are in job.tasks, as they are
// there now.
func (m *machine) rearrange() {
	before := m.author.tasks
	for i := range before {
		before[i].draft.added = -1
		if before[i].view != nil {
			before[i].view.added = -1
		}
	}
	m.author.tasks = nil
	for _, id := range m.idsIn(m.author.live, func(v otto.Value) int { return m.draftID(v, "job.tasks") }) {
		d := m.author.drafts[id]
		t := m.authored(d)
		t.view, t.draft = d, d.origin()
		if t.draft.added >= 0 {
			m.throw(farm.Errorf(farm.Invalid, "task %q is in job.tasks twice", brief(t.name)))
		}
		d.added, t.draft.added = len(m.author.tasks), len(m.author.tasks)
		m.author.tasks = append(m.author.tasks, t)
	}
}

// authored is a task as it is now.
func (m *machine) authored(d *draft) authored {
	t := authored{draft: d, commands: m.commandIDs(d), needs: m.needIDs(d), priority: d.priority}
	t.name, t.kind = strings.TrimSpace(d.name), strings.ToLower(strings.TrimSpace(d.kind))
	if t.name == "" || t.kind == "" {
		m.throw(farm.Errorf(farm.Invalid, "a task, %q of type %q, lost its name or type before it was added to the job", brief(t.name), brief(t.kind)))
	}
	return t
}

// inScript runs what may throw as if the script had called it.
func (m *machine) inScript(do func()) error {
	f := m.object(map[string]any{"do": native(func(otto.FunctionCall) otto.Value {
		do()
		return otto.UndefinedValue()
	})})
	_, err := f.Call("do")
	return err
}
