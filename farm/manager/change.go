package manager

import (
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

// How a task changes, whoever wants it, from top to bottom:
//
//	change      the task itself: its status and state, its event
//	            its line in the log
//	            what needs it, and what needs that, each in the same way
//
// and at the end of the unit, once for all of its changes (unit.go):
//
//	takeBack    a job that is over takes its other tasks back, likewise
//	saveJobs    the changed jobs, and their events
//	publish     after the commit: all events, and everybody who waits

// change applies an event to a task, writes a line into its log, and applies what
// follows to the tasks that need it. edit, if given, adds to the new state. It
// returns how many tasks changed: none if the task's status does not allow it.
func (u *unit) change(t store.Task, e farm.TaskEvent, line string, edit func(*farm.TaskState)) int {
	if !u.changeOnly(t, e, edit) {
		return 0
	}
	u.logTask(t, line)
	return 1 + u.propagate(t)
}

// changeOnly is change for the task alone. It reports whether the task's status
// allows the event.
func (u *unit) changeOnly(t store.Task, e farm.TaskEvent, edit func(*farm.TaskState)) bool {
	state := t.State()
	before, worker := state.Status, state.Worker
	if edit != nil {
		edit(&state)
	}
	if !state.Apply(e, t.Steps()) {
		return false
	}
	u.touch(t.Job)
	u.SetTask(t, state)
	u.taskEvent(t, before)
	switch farm.TaskActive {
	case before: // its worker may be asking whether it may go on
		u.keepAttempt(t, &state)
		u.lost = append(u.lost, t.ID())
		u.ended = append(u.ended, endedTask{t.ID(), state.Status == farm.TaskCompleted})
		u.wake = append(u.wake, workerTopic(worker))
	case state.Status:
		u.given = append(u.given, t.ID())
		u.begun = append(u.begun, asRunning(t))
	}
	return true
}

// propagate applies what a task's new status means for the tasks that need it, and
// for those that need them. It returns how many tasks changed.
func (u *unit) propagate(from store.Task) (changed int) {
	for todo := []store.Task{from}; len(todo) > 0; {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for d := range u.Dependents(t) {
			e, why, ok := farm.Propagate(t.Status(), d.Status(), d.Spoiled())
			if !ok {
				continue
			}
			activity := fmt.Sprintf("%s (task %d)", why, t.Index+1)
			if u.changeOnly(d, e, func(s *farm.TaskState) { s.Activity = activity; s.Forgive() }) {
				todo = append(todo, d)
				changed++
			}
		}
	}
	return changed
}

// taskEvent tells of a task's change, unless so many of the job's tasks change
// that readers are better off fetching them again.
func (u *unit) taskEvent(t store.Task, before farm.TaskStatus) {
	if u.manyChange(t.Job) {
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

// touch notes a job before it is changed.
func (u *unit) touch(j *store.Job) *changedJob {
	for i := range u.jobs {
		if u.jobs[i].Job == j {
			return &u.jobs[i]
		}
	}
	u.jobs = append(u.jobs, changedJob{Job: j, before: j.Status(), tasks: j.Counts})
	return &u.jobs[len(u.jobs)-1]
}

// manyChange reports whether many tasks of the job change.
func (u *unit) manyChange(j *store.Job) bool {
	return slices.ContainsFunc(u.jobs, func(c changedJob) bool { return c.Job == j && (c.refresh || c.silent) })
}

// takeBack takes the tasks of jobs that are over now back from the workers.
func (u *unit) takeBack() {
	for i := 0; i < len(u.jobs); i++ {
		j := u.jobs[i]
		status := j.Status()
		if !status.TakesBack() || j.Counts[farm.TaskActive] == 0 {
			continue
		}
		activity := fmt.Sprintf("Canceled because the job is now %s", status)
		for t := range j.TasksIn(farm.TaskActive) {
			u.change(t, farm.TaskDropped, activity, func(s *farm.TaskState) { s.Activity = activity })
		}
	}
}

// saveJobs saves the changed jobs and tells of each.
func (u *unit) saveJobs() {
	for i := range u.jobs {
		u.saveJob(&u.jobs[i])
	}
}

func (u *unit) saveJob(c *changedJob) {
	j, status := c.Job, c.Status()
	changed := c.submitted || status != c.before
	if changed {
		if !c.submitted {
			j.Activity = statusActivity(j.JobFacts, c.because)
		}
		u.statuses = append(u.statuses, statusChange{c.before, status, c.submitted})
		if status.Over() {
			u.over = append(u.over, j.ID)
		}
		u.later(u.m.farmEvent)
		u.wake = append(u.wake, beginTopic)
	}
	u.noticeJob(c, status)
	u.tasks.Add(j.Counts)
	if !c.submitted {
		u.tasks.Sub(c.tasks)
	}
	u.SaveJob(j)
	u.event(events.JobChanged{Job: j.Job, Status: status, Left: leftOf(u.Tx, j), Previous: c.before, Submitted: c.submitted,
		RefreshTasks: c.refresh || changed && (status.TakesBack() || status == farm.JobPaused || status == farm.JobPauseRequested ||
			c.before == farm.JobPaused || c.before == farm.JobPauseRequested)})
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

// event collects an event; publish publishes it.
func (u *unit) event(data any) {
	u.events = append(u.events, events.Event{Number: u.EventNumber(), Time: u.Now(), Data: data})
}

// logTask writes a line of the manager's own into a task's log, after the commit.
func (u *unit) logTask(t store.Task, line string) {
	u.logs = append(u.logs, logLine{t.Job.ID, t.ID(), u.Now().Local().Format(time.RFC3339) + " " + line})
}
