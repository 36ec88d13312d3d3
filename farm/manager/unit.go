package manager

import (
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

// unit is one change of the farm: a transaction, the time read once, the events
// it will publish, and what follows the commit.
type unit struct {
	*store.Tx
	m      *Manager
	events []events.Event
	jobs   []touchedJob // jobs changed by this unit, in the order of their first change
	after  []func()     // run by the caller of update, after the commit
}

// touchedJob remembers how a job stood before the unit changed it.
type touchedJob struct {
	*store.Job
	before  farm.JobStatus
	isNew   bool
	many    bool   // tasks changed, or show another status, without events of their own
	quiet   bool   // tasks changed without events of their own, and readers are told later
	because string // why its status changes, if a user said
}

// update runs fn as one transaction. It returns when the change is on the disk
// and its events are published. If fn returns an error, nothing was changed: fn
// checks first and changes afterwards.
func (m *Manager) update(fn func(u *unit) error) error {
	u := &unit{m: m}
	err := m.store.Update(func(tx *store.Tx) error {
		u.Tx = tx
		if err := fn(u); err != nil {
			return err
		}
		u.settle()
		u.announce()
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range u.after {
		f()
	}
	return nil
}

// later runs f after the commit, in the goroutine of update's caller. f must be
// safe to lose: a crash can come before it.
func (u *unit) later(f func()) { u.after = append(u.after, f) }

// touch notes a job before it is changed.
func (u *unit) touch(j *store.Job) *touchedJob {
	for i := range u.jobs {
		if u.jobs[i].Job == j {
			return &u.jobs[i]
		}
	}
	u.jobs = append(u.jobs, touchedJob{Job: j, before: j.Status()})
	return &u.jobs[len(u.jobs)-1]
}

// many reports whether many tasks of the job change.
func (u *unit) many(j *store.Job) bool {
	return slices.ContainsFunc(u.jobs, func(t touchedJob) bool { return t.Job == j && (t.many || t.quiet) })
}

// move applies an event to a task and reports whether the task's status allows
// it. change, if given, adds to the new state.
func (u *unit) move(t store.Task, e farm.TaskEvent, change func(*farm.TaskState)) bool {
	state := t.State()
	next, ok := state.Status.After(e)
	if !ok {
		return false
	}
	before := state.Status
	u.touch(t.Job)
	if before == farm.TaskActive {
		u.recall(state.Worker)
	}
	state.Status = next
	if change != nil {
		change(&state)
	}
	switch {
	case next == farm.TaskCompleted:
		state.StepsDone = t.Steps()
	case next == farm.TaskQueued:
		state.StepsDone = 0
	}
	u.SetTask(t, state)
	switch {
	case before == farm.TaskActive:
		u.m.touches.forget(t.ID())
	case next == farm.TaskActive:
		u.m.touches.begin(t.ID())
		u.m.sweeper.expect(u.m.config.Load().TaskTimeout)
	}
	u.taskEvent(t, before)
	return true
}

// recall wakes a worker that asks whether it may go on with its task.
func (u *unit) recall(id farm.WorkerID) {
	u.AfterCommit(func() { u.m.bells.ring(workerBell(id)) })
}

// spread applies what a task's new status means for the tasks that need it, and
// for those that need them. It returns how many tasks changed.
func (u *unit) spread(from store.Task) (changed int) {
	for todo := []store.Task{from}; len(todo) > 0; {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for d := range u.Dependents(t) {
			e, why, ok := farm.Spread(t.State().Status, d.State().Status, d.Spoiled())
			if !ok {
				continue
			}
			activity := fmt.Sprintf("%s (task %d)", why, t.Index+1)
			if u.move(d, e, func(s *farm.TaskState) { s.Activity = activity; s.Forgive() }) {
				todo = append(todo, d)
				changed++
			}
		}
	}
	return changed
}

// settle follows the changes to the jobs' statuses: a job that is over takes
// its tasks back from the workers.
func (u *unit) settle() {
	for i := 0; i < len(u.jobs); i++ {
		j := u.jobs[i]
		status := j.Status()
		if !status.TakesBack() || j.Counts[farm.TaskActive] == 0 {
			continue
		}
		activity := fmt.Sprintf("Canceled because the job is now %s", status)
		for _, t := range collect(j.TasksIn(farm.TaskActive)) {
			u.move(t, farm.TaskDropped, func(s *farm.TaskState) { s.Activity = activity })
			u.logTask(t, activity)
			u.spread(t)
		}
	}
}

// announce makes the events of the changed jobs, and wakes workers for which
// there is work now.
func (u *unit) announce() {
	for i := range u.jobs {
		u.jobEvent(&u.jobs[i])
	}
	work := u.NewWork()
	published := u.events
	if len(published) == 0 && len(work) == 0 {
		return
	}
	u.AfterCommit(func() {
		u.m.events.Publish(published...)
		for _, w := range work {
			u.m.bells.ring(workBell(w.Tag, w.Type))
		}
	})
}

func (u *unit) jobEvent(t *touchedJob) {
	j, status := t.Job, t.Status()
	changed := t.isNew || status != t.before
	if changed {
		if !t.isNew {
			j.Activity = statusActivity(j.JobFacts, t.because)
		}
		m, before, isNew := u.m, t.before, t.isNew
		u.AfterCommit(func() {
			if !isNew {
				m.tally.job(before, false)
			}
			m.tally.job(status, true)
		})
	}
	u.SaveJob(j)
	u.event(events.JobChanged{Job: j.Job, Status: status, Previous: t.before, Submitted: t.isNew,
		RefreshTasks: t.many || changed && (status.TakesBack() || status == farm.JobPaused || status == farm.JobPauseRequested ||
			t.before == farm.JobPaused || t.before == farm.JobPauseRequested)})
	if changed {
		u.later(u.m.farmEvent)
	}
}

func statusActivity(f farm.JobFacts, because string) string {
	status := f.Status()
	if because == "" && status == farm.JobFailed {
		because = fmt.Sprintf("%d of %d tasks failed", f.Counts[farm.TaskFailed], f.Counts.Total())
	}
	text := fmt.Sprintf("Changed to status %q", status)
	if because != "" {
		text += ": " + because
	}
	return text
}

func (u *unit) event(data any) {
	u.events = append(u.events, events.Event{Number: u.EventNumber(), Time: u.Now(), Data: data})
}

// taskEvent tells of a task's change, unless so many of the job's tasks change
// that readers are better off fetching them again.
func (u *unit) taskEvent(t store.Task, before farm.TaskStatus) {
	if u.many(t.Job) {
		return
	}
	state, job := t.State(), t.Job.Status()
	e := events.TaskChanged{Job: t.Job.ID, Task: t.ID(), Index: t.Index, State: state, StepsTotal: t.Steps(),
		Status: farm.ShownStatus(state.Status, job), Previous: farm.ShownStatus(before, job)}
	if state.Worker != "" {
		e.WorkerName = u.m.roster.name(state.Worker)
	}
	u.event(e)
}

// workerEvent saves a worker and tells of the change.
func (u *unit) workerEvent(w *store.Worker, before farm.WorkerStatus) {
	w.Updated = u.Now()
	u.SaveWorker(w)
	saved := w.Worker
	u.event(events.WorkerChanged{Worker: saved, Previous: before})
	u.AfterCommit(func() {
		u.m.roster.put(saved)
		u.m.sweeper.expect(u.m.config.Load().WorkerTimeout)
		u.m.tally.worker(saved, before, false)
		u.m.bells.ring(workerBell(saved.ID))
	})
	u.later(u.m.farmEvent)
}

// logTask writes a line of the manager's own into a task's log, after the commit.
func (u *unit) logTask(t store.Task, line string) {
	u.m.logAfter(u, t.Job.ID, t.ID(), u.Now().Local().Format(time.RFC3339)+" "+line)
}

func (m *Manager) logAfter(u *unit, job farm.JobID, task farm.TaskID, text string) {
	u.later(func() { m.appendLog(job, task, text) })
}

// appendLog appends to a task's log and tells readers. A log that cannot be
// written must not stop the farm: it is reported and that is all.
func (m *Manager) appendLog(job farm.JobID, task farm.TaskID, text string) {
	if err := m.files.AppendLog(job, task, text); err != nil {
		m.log.Error("cannot write to a task log", "job", job, "task", task, "error", err)
		return
	}
	m.events.PublishLog(task, text)
}

func collect[T any](seq func(func(T) bool)) []T {
	var all []T
	seq(func(v T) bool { all = append(all, v); return true })
	return all
}
