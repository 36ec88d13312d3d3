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
	Frames   []farm.FrameResult
	LeftOut  []int // frames that it completed the task without, as they are for other workers

	WrongWorker bool // it failed as this worker cannot do such tasks of the job
}

// outcomes are the statuses a worker may report, and what each means.
var outcomes = map[farm.TaskStatus]farm.TaskEvent{
	farm.TaskCompleted: farm.TaskSucceeded,
	farm.TaskFailed:    farm.TaskGivenUp, // or another try, see fail
	farm.TaskCanceled:  farm.TaskDropped,
	farm.TaskQueued:    farm.TaskReturned,
}

// Report takes a worker's report about a task. Repeating the report that ended
// a task changes nothing and is fine, so a worker may send it again when it did
// not hear the answer.
//
// NotFound: no such task. Conflict: the task is not, or no longer, the worker's.
// Invalid: a status that workers do not report. Off: its log cannot be written at
// present: the worker is to send the report again.
func (m *Manager) Report(id farm.WorkerID, task farm.TaskID, r Report) error {
	outcome, ends, err := r.outcome()
	if err != nil {
		return err
	}
	if m.shares.has(id, task) {
		if taken, err := m.reportShare(id, task, &r, outcome, ends); taken || err != nil {
			return err
		}
	}
	var f failure
	if outcome == farm.TaskGivenUp {
		f = m.failureOf(id, task, &r)
	}
	// What is answered must be kept. The log of a report that ends the task comes
	// first: afterwards the task may be somebody else's, and the worker could not send
	// it again.
	var job farm.JobID
	if ends && r.Log != "" {
		if job, err = m.jobToReportOn(id, task, &r); err == nil {
			err = m.keepLog(job, task, &r)
		}
		if err != nil {
			return err
		}
	}
	err = m.update(func(u *unit) error {
		w, t, err := u.reported(id, task, &r)
		if err != nil {
			return err
		}
		job = t.Job.ID
		state := t.State()
		if state.Status != farm.TaskActive {
			return nil // the report that ended it, once more
		}
		m.heartbeats.note(task)
		if len(r.Frames) > 0 {
			u.AddFrames(t, r.Frames)
			u.after = append(u.after, func() { m.frameRate.add(rendered(r.Frames), time.Now()) }, func() { m.frameDays.add(id, r.Frames, time.Now()) })
		}
		progress := func(s *farm.TaskState) { r.progress(s, m.shares.told(t), t.Steps(), u.Now()) }
		if !ends {
			m.slow.worksOn(task, r.Status != nil)
			u.keep(t, progress)
			return nil
		}
		if outcome == farm.TaskGivenUp {
			u.fail(t, w, "failed by", f, progress)
		} else {
			u.end(t, outcome, &r, progress)
		}
		u.closeLog(t.ID())
		return nil
	})
	if err != nil || ends {
		return err
	}
	return m.keepLog(job, task, &r)
}

// end ends the attempt at a task that its worker did not fail.
func (u *unit) end(t store.Task, outcome farm.TaskEvent, r *Report, progress func(*farm.TaskState)) {
	switch {
	case outcome == farm.TaskSucceeded && len(r.LeftOut) > 0 && u.passOn(t, r.LeftOut, progress):
	case outcome == farm.TaskReturned && u.freeFirst(t):
	case outcome == farm.TaskReturned:
		u.changeOnly(t, outcome, func(s *farm.TaskState) { // nothing is asked for again
			progress(s)
			u.leaveRest(t, s, false) // it knows why it gives it back
		})
		u.logTask(t, "task changed status active -> "+t.Status().String())
	default:
		u.change(t, outcome, "task changed status active -> "+r.Status.String(), progress)
	}
}

// reported returns the worker and the task of a report, after a check that it
// may report on it.
func (u *unit) reported(id farm.WorkerID, task farm.TaskID, r *Report) (*store.Worker, store.Task, error) {
	w, err := u.worker(id)
	if err != nil {
		return nil, store.Task{}, err
	}
	t, err := u.Task(task)
	if err != nil {
		return nil, store.Task{}, err
	}
	state := t.State()
	return w, t, mayReport(task, &state, id, r.Status)
}

// jobToReportOn returns the job of a task that the worker may report on.
func (m *Manager) jobToReportOn(id farm.WorkerID, task farm.TaskID, r *Report) (job farm.JobID, err error) {
	err = m.update(func(u *unit) error {
		_, t, err := u.reported(id, task, r)
		if err == nil {
			job = t.Job.ID
		}
		return err
	})
	return job, err
}

// keepLog appends the log of a report to that of the task. A crash before the
// answer leaves lines that the worker sends once more.
func (m *Manager) keepLog(job farm.JobID, task farm.TaskID, r *Report) error {
	if r.Log == "" {
		return nil
	}
	if err := m.appendLog(job, task, r.Log); err != nil {
		return farm.Errorf(farm.Off, "the log of task %s cannot be written on the manager: %w. Its report will be taken when that is repaired, for example by making room on the manager's disk", task, err)
	}
	return nil
}

// outcome returns what the report says happened to the task, and whether it ends
// the worker's attempt at all.
func (r *Report) outcome() (e farm.TaskEvent, ends bool, err error) {
	if r.Status == nil || *r.Status == farm.TaskActive {
		return 0, false, nil
	}
	e, ends = outcomes[*r.Status]
	if !ends {
		return 0, false, farm.Errorf(farm.Invalid, "a worker cannot report a task as %s: it is the manager that decides this", *r.Status)
	}
	return e, true, nil
}

// mayReport checks that the task is still this worker's to report on.
func mayReport(task farm.TaskID, state *farm.TaskState, id farm.WorkerID, status *farm.TaskStatus) error {
	if state.Worker != id {
		return farm.Errorf(farm.Conflict, "task %s is not assigned to this worker: stop working on it", task)
	}
	told := status != nil && (state.Status == *status || state.Status == farm.TaskSoftFailed && *status == farm.TaskFailed)
	if status != nil && state.Status != farm.TaskActive && !told {
		return farm.Errorf(farm.Conflict, "task %s is already %s: stop working on it", task, state.Status)
	}
	return nil
}

// progress puts the activity and the steps that the worker told into the task's state,
// with those that others did for it.
func (r *Report) progress(s *farm.TaskState, others, steps int, now time.Time) {
	activity, done := s.Activity, s.StepsDone
	if r.Activity != "" {
		s.Activity = r.Activity
	}
	if r.Steps != nil {
		s.StepsDone = max(0, min(*r.Steps, steps)) // a worker could tell anything
		s.StepsDone = min(s.StepsDone+others, steps)
	}
	if s.Activity != activity || s.StepsDone != done {
		s.Touched = now
	}
}

// keep stores the progress of a task that stays active.
func (u *unit) keep(t store.Task, progress func(*farm.TaskState)) {
	was := t.State()
	state := was
	progress(&state)
	if state.Activity == was.Activity && state.StepsDone == was.StepsDone {
		return
	}
	if state.StepsDone != was.StepsDone {
		u.touch(t.Job)
	}
	u.SetTask(t, state)
	u.taskEvent(t, was.Status)
}

// Permission is the answer to a worker that asks whether it may go on with a task.
type Permission struct {
	MayRun       bool
	Reason       string // why not
	StatusWanted bool   // it is because the worker is asked to change its status
	GiveBack     bool   // it shall report the task as queued when it has stopped
	LeaveOut     []int  // frames that it shall leave to others, unless it has begun them; it says which, see LeavesOut
	second       bool   // it is about a second run, or a share
}

// MayRun tells a worker whether to go on with a task. It waits up to the given
// time for the answer to become no.
func (m *Manager) MayRun(ctx context.Context, id farm.WorkerID, task farm.TaskID, wait time.Duration) (Permission, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	sub := m.wakeups.subscribe(workerTopic(id))
	defer sub.cancel()
	return m.whileAllowed(ctx, sub, task, func(tx *store.Tx) (Permission, error) {
		p, err := m.permission(tx, id, task)
		if t, gone := tx.Task(task); p.MayRun && !p.second && gone == nil {
			p.LeaveOut = m.shares.ask(t)
		}
		return p, err
	})
}

// whileAllowed waits for the answer of ask to become no, until ctx ends, and asks again
// whenever sub is woken. All that time the task counts as alive.
func (m *Manager) whileAllowed(ctx context.Context, sub *subscription, task farm.TaskID, ask func(tx *store.Tx) (Permission, error)) (p Permission, err error) {
	for {
		err = m.store.Update(func(tx *store.Tx) error {
			p, err = ask(tx)
			return err
		})
		if err != nil || !p.MayRun || len(p.LeaveOut) > 0 {
			return p, err
		}
		release := func() {}
		if !p.second { // which says nothing of the first run
			m.heartbeats.note(task)
			release = m.heartbeats.hold(task)
		}
		woken := sub.wait(ctx)
		if release(); !woken {
			return p, nil
		}
	}
}

func (m *Manager) permission(tx *store.Tx, id farm.WorkerID, task farm.TaskID) (Permission, error) {
	w, err := workerOf(tx, id)
	if err != nil {
		return Permission{}, err
	}
	t, err := tx.Task(task)
	if farm.KindOf(err) == farm.NotFound {
		return Permission{Reason: "Task not found"}, nil
	}
	if store.IsDamage(err) {
		return Permission{Reason: "its job is damaged in the database"}, nil
	}
	if err != nil {
		return Permission{}, err
	}
	state, second := t.State(), m.seconds.of(t)
	switch {
	case second != nil && second.worker == id || m.shares.begunBy(t, id) != nil:
		return secondMay(w, t), nil
	case w.Request.Pending() && !w.Request.Lazy:
		return Permission{Reason: "worker status change requested", StatusWanted: true}, nil
	case state.Worker != id:
		return Permission{Reason: "task not assigned to this worker"}, nil
	case state.Status != farm.TaskActive:
		return Permission{Reason: "task is in non-runnable status \"" + state.Status.String() + "\""}, nil
	case second != nil && second.done:
		return Permission{Reason: "worker " + m.roster.name(second.worker) + " has rendered the frame meanwhile", GiveBack: true}, nil
	}
	return Permission{MayRun: true}, nil
}
