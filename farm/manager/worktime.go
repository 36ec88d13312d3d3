package manager

import (
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// A worker may end at a certain time: that of a batch system, which ends it then, or of
// an owner who comes back. It says so with each request, and gets no task that is not
// expected to be done by then. What it holds at its end it gives back.

// SetWorkTime notes how long a worker still works, which each of its requests tells. The
// zero value says that it does not end.
func (m *Manager) SetWorkTime(id farm.WorkerID, t farm.WorkTime) {
	w := m.roster.get(id)
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ends, w.whole = (time.Time{}), t.Whole; t.Whole > 0 {
		w.ends = time.Now().Add(t.Left)
	}
}

// workTime returns how long a worker still works, and whether it ends at all.
func (r *roster) workTime(id farm.WorkerID) (farm.WorkTime, bool) {
	w := r.get(id)
	if w == nil {
		return farm.WorkTime{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ends.IsZero() {
		return farm.WorkTime{}, false
	}
	return farm.WorkTime{Left: time.Until(w.ends), Whole: w.whole}, true
}

// pick is Pick, for a worker that may end. tooLate says that there is a task, and none
// that would be done by then.
func (m *Manager) pick(tx *store.Tx, w *store.Worker) (t store.Task, ok, tooLate bool) {
	left, ends := m.roster.workTime(w.ID)
	if !ends {
		t, ok = tx.Pick(w)
		return t, ok, false
	}
	refused := false
	t, ok = tx.PickIf(w, func(t store.Task) bool {
		fits := m.fits(tx, t, w, left)
		refused = refused || !fits
		return fits
	})
	return t, ok, refused && !ok
}

// pickAfter is pick for the time when the worker is done with the task at hand. A worker
// that ends, and of whose task nothing is known, gets none ahead.
func (m *Manager) pickAfter(tx *store.Tx, w *store.Worker, at store.Task) (store.Task, bool) {
	left, ends := m.roster.workTime(w.ID)
	if !ends {
		return tx.Pick(w)
	}
	takes, known := m.takes(tx, at, w)
	if !known {
		return store.Task{}, false
	}
	left.Left -= takes
	return tx.PickIf(w, func(t store.Task) bool { return m.fits(tx, t, w, left) })
}

// inTime reports whether a worker would be done with a task before its end.
func (m *Manager) inTime(tx *store.Tx, t store.Task, w *store.Worker) bool {
	left, ends := m.roster.workTime(w.ID)
	return !ends || m.fits(tx, t, w, left)
}

func (m *Manager) fits(tx *store.Tx, t store.Task, w *store.Worker, left farm.WorkTime) bool {
	takes, known := m.takes(tx, t, w)
	return left.Fits(takes, known, m.tried.of(t, known))
}

// takes returns how long a worker is expected to need for a task, and false if nothing of
// its job was measured yet. Where a frame lies in its job is taken from where its task
// does: that costs no look at what the task does.
func (m *Manager) takes(tx *store.Tx, t store.Task, w *store.Worker) (time.Duration, bool) {
	steps := time.Duration(max(t.Steps(), 1))
	if t.Type() == farm.TypeBlender {
		if times, ok := tx.Costs(t.Job).Times(); ok {
			part := float64(t.Index) / float64(max(t.Job.Len()-1, 1))
			return min(times.Around(part, w.ID), maxTake/steps)*steps + times.Load(), true
		}
	}
	usual, ok := m.slow.usual(t.Job.ID, t.Type())
	return min(usual, maxTake/steps) * steps, ok
}

// maxTake bounds what a task is expected to take.
const maxTake = 1000 * time.Hour

// tried is for how long tasks were worked on by workers whose end came first: they take
// longer than that. It is lost when the manager ends, and learned again.
type tried struct {
	mu    sync.Mutex // guards what follows; nothing else is taken while it is held
	tasks map[farm.TaskID]time.Duration
	jobs  map[farm.JobID]time.Duration // the longest of each job
}

// maxTried bounds how many tasks, and jobs, are known to be tried. Beyond that all are
// forgotten, and tried again.
const maxTried = 10_000

// of returns for how long a task was tried; for one of a job of which nothing was
// measured, what any of the job's tasks was.
func (l *tried) of(t store.Task, measured bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !measured {
		return l.jobs[t.Job.ID]
	}
	return l.tasks[t.ID()]
}

// noteTried notes that a worker that ends gives back a task.
func (u *unit) noteTried(t store.Task) {
	if _, ends := u.m.roster.workTime(t.State().Worker); !ends {
		return
	}
	began, ok := u.m.slow.began(t.ID())
	if !ok {
		return
	}
	l, took := &u.m.tried, time.Since(began)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tasks == nil || len(l.tasks) >= maxTried || len(l.jobs) >= maxTried {
		l.tasks, l.jobs = map[farm.TaskID]time.Duration{}, map[farm.JobID]time.Duration{}
	}
	l.tasks[t.ID()] = max(l.tasks[t.ID()], took)
	l.jobs[t.Job.ID] = max(l.jobs[t.Job.ID], took)
}

// forget forgets tasks that are completed, and jobs that are over.
func (l *tried) forget(ended []endedTask, over []farm.JobID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range ended {
		if e.done {
			delete(l.tasks, e.id)
		}
	}
	for _, id := range over {
		delete(l.jobs, id)
	}
}
