package manager

import (
	"context"
	"fmt"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Assignment is the answer to a worker that asks for a task: a task, a status to
// change to first, or neither when there is nothing for it.
type Assignment struct {
	Task      *AssignedTask
	Requested farm.WorkerStatus // WorkerUnknown: none
	TooLate   bool              // there are tasks, and none of them would be done before the worker's end
	Second    bool              // the task is another worker's, and this is its second run, see secondrun.go
}

// AssignedTask is a task as a worker gets it, variables expanded.
type AssignedTask struct {
	ID          farm.TaskID
	Job         farm.JobID
	JobType     string
	JobPriority int
	farm.PlannedTask
	StepsDone int
	Rendered  []farm.RenderedFrame // frames that its worker need not render, if it knows of such
	LeaveOut  []int                // frames that it must not render, as it is a share, see share.go
	index     int
	attempt   int
	redo      farm.Redo // only some of its frames
}

// Assign hands the worker the best task it may do. It asks for a change of
// status first if one is pending, and hands out the same task again if the
// worker holds one already: it must have lost it. With nothing to answer it
// waits up to the given time until there is something.
//
// Conflict: the worker is not awake.
func (m *Manager) Assign(ctx context.Context, id farm.WorkerID, wait time.Duration) (Assignment, error) {
	a, err := m.assignNow(id)
	if err != nil || !a.empty() {
		return a, err
	}
	if a, _, err := m.assignMore(id); err != nil || !a.empty() {
		return a, err
	}
	if wait <= 0 {
		m.idle.note(id, idlePause)
		m.wakeups.wake(beginTopic)
		return a, nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	defer m.idle.wait(id)()
	m.wakeups.wake(beginTopic)
	unapproved := m.Unapproved(id)
	for {
		// The worker's own topic first: it is woken if what follows is out of date.
		sub := m.wakeups.subscribe(workerTopic(id))
		topics, err := m.workTopics(id)
		if err != nil {
			sub.cancel()
			return Assignment{}, err
		}
		sub.add(topics...)
		a, err := m.assignNow(id)
		woken := false
		approved := unapproved && !m.Unapproved(id) // which it is told at once
		if err == nil && a.empty() && !approved {
			a, woken, err = m.waitForWork(ctx, id, sub)
		}
		sub.cancel() // the worker itself may have changed: subscribe anew
		if !woken {
			return a, err
		}
	}
}

// assignMore hands part of what another worker does to one that has nothing to do: a second
// run, else a share. If there is neither, next is how long it is until there may be.
func (m *Manager) assignMore(id farm.WorkerID) (a Assignment, next time.Duration, err error) {
	if next = never; m.shares.by(id) == nil {
		a, next, err = m.assignSecond(id)
	}
	if err != nil || !a.empty() {
		return a, next, err
	}
	a, soon, err := m.assignShare(id)
	return a, min(next, soon), err
}

// waitForWork waits until a topic is woken, which it reports, or a second run or a share is
// worth it, which it returns.
func (m *Manager) waitForWork(ctx context.Context, id farm.WorkerID, sub *subscription) (a Assignment, woken bool, err error) {
	for {
		a, next, err := m.assignMore(id)
		if err != nil || !a.empty() {
			return a, false, err
		}
		soon, cancel := context.WithTimeout(ctx, next)
		woken := sub.wait(soon)
		cancel()
		if woken || ctx.Err() != nil {
			return a, woken, nil
		}
	}
}

func (a *Assignment) empty() bool {
	return a.Task == nil && a.Requested == farm.WorkerUnknown && !a.TooLate
}

// workTopics returns what is woken when there may be work for the worker.
func (m *Manager) workTopics(id farm.WorkerID) ([]topic, error) {
	var topics []topic
	err := m.store.Update(func(tx *store.Tx) error {
		w, err := workerOf(tx, id)
		if err != nil {
			return err
		}
		for _, typ := range w.TaskTypes {
			topics = append(topics, workTopic("", typ))
			for _, tag := range w.Tags {
				topics = append(topics, workTopic(tag, typ))
			}
		}
		return nil
	})
	return topics, err
}

func (m *Manager) assignNow(id farm.WorkerID) (a Assignment, err error) {
	var to recipient
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		u.endSecond(w, "it asked for another task")
		if s := m.shares.by(id); s != nil && s.begun {
			u.endShare(id, "it asked for another task")
		}
		switch w.Unavailable(false) {
		case farm.StatusRequested:
			a.Requested = u.wanted(w)
			return nil
		case farm.NotAwake:
			return farm.Errorf(farm.Conflict, "worker %s is %s, and only an awake worker gets tasks: report the status first", w.Name, statusName(w.Status))
		}
		if w.InUse != "" || w.Unapproved {
			return nil // its owner came while it asked, or it is woken when it is approved
		}
		to = recipientOf(&w.Worker)
		if t, ok := u.held(w); ok {
			a.Task = assigned(t)
			return nil
		}
		t, ok, tooLate := m.pick(u.Tx, w)
		if a.TooLate = tooLate; ok {
			u.endShare(id, "it has a task of its own")
			u.assign(t, w)
			a.Task = assigned(t)
		}
		return nil
	})
	if err != nil || a.Task == nil {
		return a, err
	}
	return m.filled(a, to)
}

// held returns the task that the worker already holds. Tasks of jobs that no
// longer run are taken back from it instead.
func (u *unit) held(w *store.Worker) (store.Task, bool) {
	for _, t := range u.Active(w) {
		if u.freeFirst(t) {
			continue
		}
		if t.Job.Status().Runs() {
			u.wake = append(u.wake, u.m.shares.forget([]endedTask{{id: t.ID()}})...) // it does not know what it left out
			u.logTask(t, fmt.Sprintf("Task handed again to worker %s (%s), which asked for a task while it holds this one", w.Name, w.ID))
			return t, true
		}
		u.returnTask(t, "its worker asked for another task")
	}
	return store.Task{}, false
}

// returnTask takes an active task back from its worker and queues it again.
func (u *unit) returnTask(t store.Task, reason string) {
	u.noteTried(t)
	activity := "Task was queued by Manager because " + reason
	if u.changeOnly(t, farm.TaskReturned, func(s *farm.TaskState) {
		s.Activity = activity
		u.leaveRest(t, s, true)
	}) { // nothing is asked for again
		u.logTask(t, activity)
	}
}

func (u *unit) assign(t store.Task, w *store.Worker) {
	before := t.State()
	u.changeOnly(t, farm.TaskAssigned, func(s *farm.TaskState) {
		s.Worker, s.Attempt, s.StepsDone, s.Touched, s.Activity = w.ID, s.Attempt+1, 0, u.Now(), ""
	})
	id, job, again := t.ID(), t.Job.ID, before.Attempt > 0
	line := fmt.Sprintf("%s "+assignedTo+" %s (%s)\n%[1]s task changed status %[4]s -> %[5]s\n",
		u.Now().Local().Format(time.RFC3339), w.Name, w.ID, before.Status, farm.TaskActive)
	w.LastTask = id
	u.SaveWorker(w)
	u.later(func() {
		if again {
			u.m.keepCompleted(job, id, &before)
			if err := u.m.files.RotateLog(job, id); err != nil {
				u.m.log.Error("cannot rotate a task log: the lines of two runs are in one file", "task", id, "error", err)
			}
		}
		u.m.appendLog(job, id, line)
	})
}

func assigned(t store.Task) *AssignedTask {
	state := t.State()
	return &AssignedTask{ID: t.ID(), Job: t.Job.ID, JobType: t.Job.Type, JobPriority: t.Job.Priority, StepsDone: state.StepsDone,
		index: t.Index, attempt: state.Attempt, redo: state.Redo}
}

// fillIn adds the task's name and commands, with the values that variables have for the worker.
func (m *Manager) fillIn(a *AssignedTask, to recipient) error {
	planned, err := m.store.Planned(a.ID)
	if err != nil {
		return fmt.Errorf("read what task %s does: %w", a.ID, err)
	}
	if a.redo.Kept != "" {
		if planned.Commands, err = a.redo.Narrow(planned.Commands); err != nil {
			return fmt.Errorf("have task %s render some of its frames again: %w", a.ID, err)
		}
	}
	a.PlannedTask = planned
	expander := m.config.Load().expanderFor(to)
	a.Commands = make([]farm.Command, len(planned.Commands))
	for i, c := range planned.Commands {
		a.Commands[i] = expander.Command(c)
	}
	return nil
}

func statusName(s farm.WorkerStatus) string {
	if s == farm.WorkerUnknown {
		return "not signed on"
	}
	return s.String()
}
