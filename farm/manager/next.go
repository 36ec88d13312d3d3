package manager

import (
	"context"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// A worker whose renderer stays open takes its next task while it works on one, so
// that the renderer does not wait for either. The next task is active and its
// worker's, as any other: whatever returns, cancels or requeues active tasks does the
// same to it, and a crash of worker or manager leaves it as one. Two things are
// different until the worker begins it, which the worker alone decides:
//
//   - The worker asks MayBegin about it, and not MayRun. When the answer is no it
//     reports the task as queued, unless it began it just then.
//   - The answer becomes no when somebody else should have the task or the worker
//     something else, see mayBegin. Nobody is given a task that may have been begun.

// AssignNext hands the worker the task that it shall do after the one it works on:
// the best it may do, if that is of the same job and type. It is empty if there is no
// such task, and if the worker shall do something else then. A worker that holds
// another task already gets this one: it did not hear the answer.
func (m *Manager) AssignNext(id farm.WorkerID, current farm.TaskID) (a Assignment, err error) {
	var to recipient
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		at, err := u.Task(current)
		if err != nil && farm.KindOf(err) != farm.NotFound {
			return err
		}
		if err != nil || at.Status() != farm.TaskActive || at.State().Worker != id {
			return farm.Errorf(farm.Conflict, "task %s is not assigned to this worker: stop working on it", current)
		}
		if w.Unavailable(false) != farm.NoObstacle || !at.Job.Status().Runs() {
			return nil
		}
		to = recipientOf(&w.Worker)
		for _, t := range u.Active(w) {
			if t != at {
				a.Task = assigned(t)
				return nil
			}
		}
		if t, ok := m.pickAfter(u.Tx, w, at); ok && t.Job == at.Job && t.Type() == at.Type() {
			u.assign(t, w)
			w.LastTask = current // which people look at
			u.SaveWorker(w)
			a.Task = assigned(t)
		}
		return nil
	})
	if err != nil || a.Task == nil {
		return Assignment{}, err
	}
	return m.filled(a, to)
}

// MayBegin tells a worker whether to keep its next task. It waits up to the given time
// for the answer to become no.
func (m *Manager) MayBegin(ctx context.Context, id farm.WorkerID, task farm.TaskID, wait time.Duration) (Permission, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	topics, err := m.workTopics(id)
	if err != nil {
		return Permission{}, err
	}
	sub := m.wakeups.subscribe(append(topics, workerTopic(id), beginTopic)...)
	defer sub.cancel()
	return m.whileAllowed(ctx, sub, task, func(tx *store.Tx) (Permission, error) { return m.mayBegin(tx, id, task) })
}

func (m *Manager) mayBegin(tx *store.Tx, id farm.WorkerID, task farm.TaskID) (Permission, error) {
	p, err := m.permission(tx, id, task)
	if err != nil || !p.MayRun {
		return p, err
	}
	w, err := workerOf(tx, id)
	if err != nil {
		return p, err
	}
	t, err := tx.Task(task)
	if err != nil {
		return p, err
	}
	switch better, ok, _ := m.pick(tx, w); {
	case w.Request.Pending():
		return Permission{Reason: "worker status change requested", StatusWanted: true}, nil
	case !tx.Suits(t, w): // held, or the worker was blocked
		return Permission{Reason: "task is not for this worker now"}, nil
	case ok && better.Job != t.Job && better.Precedes(t):
		return Permission{Reason: "there is a more urgent job"}, nil
	case m.idle.claim(tx, t):
		return Permission{Reason: "another worker has nothing to do"}, nil
	}
	return p, nil
}

// An idler is a worker that asked for a task and got none.
type idler struct {
	until  time.Time // when it has asked for too long ago, for a request that is not held
	waits  int       // requests that are held
	served bool      // somebody else's next task is on its way to it
}

// idlePause is how long a worker counts as idle after it got no task. Workers that
// cannot wait for an answer ask again within this time.
const idlePause = 10 * time.Second

// idlers are the workers that have nothing to do. They are lost in a crash, after
// which everybody asks again.
type idlers struct {
	mu sync.Mutex // guards by; nothing else is taken while it is held
	by map[farm.WorkerID]*idler
}

// wait notes a worker that waits for a task. The caller ends that with the function
// it returns.
func (l *idlers) wait(id farm.WorkerID) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.add(id, 0)
	i.waits++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i.waits--; i.waits == 0 && l.by[id] == i {
			delete(l.by, id)
		}
	}
}

// note notes that a worker got no task, for some time.
func (l *idlers) note(id farm.WorkerID, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(id, pause)
}

// add returns what is noted of a worker: anew, unless one of its requests is held. mu
// must be held.
func (l *idlers) add(id farm.WorkerID, pause time.Duration) *idler {
	if l.by == nil {
		l.by = map[farm.WorkerID]*idler{}
	}
	i := l.by[id]
	if i == nil || i.waits == 0 {
		i = &idler{until: time.Now().Add(pause)}
		l.by[id] = i
	}
	return i
}

// claim reports whether an idle worker could do a task. It counts on getting it then,
// so one of them claims one task only.
func (l *idlers) claim(tx *store.Tx, t store.Task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, holder := time.Now(), t.State().Worker
	for id, i := range l.by {
		if i.waits == 0 && now.After(i.until) {
			delete(l.by, id)
			continue
		}
		if id == holder || i.served {
			continue
		}
		if w, err := tx.Worker(id); err == nil && w.Unavailable(false) == farm.NoObstacle && tx.Suits(t, w) {
			i.served = true
			return true
		}
	}
	return false
}

// filled adds what a task does. A task whose job was deleted just now is none.
func (m *Manager) filled(a Assignment, to recipient) (Assignment, error) {
	err := m.fillIn(a.Task, to)
	if err == nil {
		err = m.tellRendered(a.Task)
	}
	if farm.KindOf(err) == farm.NotFound || store.IsDamage(err) { // then it is nobody's task any more
		return Assignment{}, nil
	}
	return a, err
}
