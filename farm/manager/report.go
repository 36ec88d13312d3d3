package manager

import (
	"context"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Report is what a worker tells about a task. Nil and empty fields say nothing.
type Report struct {
	Status   *farm.TaskStatus
	Activity string
	Log      string
	Steps    *int // steps done; more than the task has counts as all
}

// outcomes are the statuses a worker may report, and what each means.
var outcomes = map[farm.TaskStatus]farm.TaskEvent{
	farm.TaskCompleted: farm.TaskSucceeded,
	farm.TaskFailed:    farm.TaskGivenUp,
	farm.TaskCanceled:  farm.TaskDropped,
	farm.TaskQueued:    farm.TaskReturned,
}

// Report takes a worker's report about a task. Repeating the report that ended
// a task changes nothing and is fine, so a worker may send it again when it did
// not hear the answer.
//
// NotFound: no such task. Conflict: the task is not, or no longer, the worker's.
// Invalid: a status that workers do not report.
func (m *Manager) Report(id farm.WorkerID, task farm.TaskID, r Report) error {
	if r.Status != nil && *r.Status != farm.TaskActive {
		if _, ok := outcomes[*r.Status]; !ok {
			return farm.Errorf(farm.Invalid, "a worker cannot report a task as %s: it is the manager that decides this", *r.Status)
		}
	}
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		t, err := u.Task(task)
		if err != nil {
			return err
		}
		if err := mayReport(t, id, r.Status); err != nil {
			return err
		}
		if r.Log != "" {
			m.logAfter(u, t.Job.ID, task, r.Log)
		}
		if t.State().Status == farm.TaskActive {
			m.touches.note(task)
		}
		u.progress(t, r)
		if r.Status != nil && t.State().Status == farm.TaskActive && *r.Status != farm.TaskActive {
			u.finish(t, w, *r.Status)
		}
		return nil
	})
}

// mayReport checks that the task is still this worker's to report on.
func mayReport(t store.Task, id farm.WorkerID, status *farm.TaskStatus) error {
	state := t.State()
	if state.Worker != id {
		return farm.Errorf(farm.Conflict, "task %s is not assigned to this worker: stop working on it", t.ID())
	}
	told := status != nil && (state.Status == *status || state.Status == farm.TaskSoftFailed && *status == farm.TaskFailed)
	if status != nil && state.Status != farm.TaskActive && !told {
		return farm.Errorf(farm.Conflict, "task %s is %s by now: stop working on it", t.ID(), state.Status)
	}
	return nil
}

// progress keeps the activity and the steps of an active task.
func (u *unit) progress(t store.Task, r Report) {
	state := t.State()
	if state.Status != farm.TaskActive {
		return
	}
	was := state
	if r.Activity != "" {
		state.Activity = r.Activity
	}
	if r.Steps != nil {
		state.StepsDone = max(0, min(*r.Steps, t.Steps()))
	}
	if state.Activity == was.Activity && state.StepsDone == was.StepsDone {
		return
	}
	ends := r.Status != nil && *r.Status != farm.TaskActive
	state.Touched = u.Now()
	u.SetTask(t, state)
	if state.StepsDone != was.StepsDone {
		u.touch(t.Job)
	}
	if !ends { // else the event of the end tells it all
		u.taskEvent(t, was.Status)
	}
}

// finish ends the worker's attempt.
func (u *unit) finish(t store.Task, w *store.Worker, status farm.TaskStatus) {
	if status == farm.TaskFailed {
		u.fail(t, w, "failed by", "")
	} else {
		u.move(t, outcomes[status], nil)
		u.logTask(t, "task changed status active -> "+t.Status().String())
		if outcomes[status] != farm.TaskReturned { // nothing was asked for again
			u.spread(t)
		}
	}
	id := t.ID()
	u.later(func() { u.m.files.CloseLog(id) })
}

// Permission is the answer to a worker that asks whether it may go on with a task.
type Permission struct {
	MayRun       bool
	Reason       string // why not
	StatusWanted bool   // it is because the worker is asked to change its status
}

// MayRun tells a worker whether to go on with a task. It waits up to the given
// time for the answer to become no.
func (m *Manager) MayRun(ctx context.Context, id farm.WorkerID, task farm.TaskID, wait time.Duration) (p Permission, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	ears := m.bells.listen(workerBell(id))
	defer ears.leave()
	for {
		err = m.store.Update(func(tx *store.Tx) error {
			p, err = permission(tx, id, task)
			return err
		})
		if err != nil || !p.MayRun {
			return p, err
		}
		m.touches.note(task)
		release := m.touches.hold(task)
		rang := ears.wait(ctx)
		if release(); !rang {
			return p, nil
		}
	}
}

func permission(tx *store.Tx, id farm.WorkerID, task farm.TaskID) (Permission, error) {
	w, err := workerOf(tx, id)
	if err != nil {
		return Permission{}, err
	}
	t, err := tx.Task(task)
	if farm.KindOf(err) == farm.NotFound {
		return Permission{Reason: "Task not found"}, nil
	}
	if err != nil {
		return Permission{}, err
	}
	state := t.State()
	switch {
	case w.Request.Pending() && !w.Request.Lazy:
		return Permission{Reason: "worker status change requested", StatusWanted: true}, nil
	case state.Worker != id:
		return Permission{Reason: "task not assigned to this worker"}, nil
	case state.Status != farm.TaskActive:
		return Permission{Reason: "task is in non-runnable status \"" + state.Status.String() + "\""}, nil
	}
	return Permission{MayRun: true}, nil
}
