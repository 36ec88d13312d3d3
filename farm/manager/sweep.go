package manager

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// The sweep finds what gives no sign of life any more: tasks after task_timeout,
// workers after worker_timeout; and it ends blocks after blocklist_forget, and holds
// after retry_after_farm_fault. It is
// one goroutine with one timer, set to the earliest time at which any of it may be
// due. Signs of life only ever make that later, and are not told to it.

// never is longer than anything takes.
const never = time.Duration(math.MaxInt64)

// sweepGap keeps sweeps apart when many things are due one after the other. It
// is how late one can be found.
const sweepGap = time.Second

// sweepBatch is how many workers or tasks are given up in one transaction. When
// a switch fails it may be all of them.
const sweepBatch = 100

// sweepRetry is the pause after a sweep that failed.
const sweepRetry = 30 * time.Second

// sweeper tells the sweep when it has to come earlier than it thinks.
type sweeper struct {
	began   time.Time // what planned counts from
	planned atomic.Int64
	wake    chan struct{} // holds a token when it has to look again
}

func newSweeper() *sweeper {
	return &sweeper{began: time.Now(), wake: make(chan struct{}, 1)}
}

// expect says that something begins that may be due after so long; 0 is never.
func (s *sweeper) expect(after farm.Duration) {
	if after > 0 && int64(time.Since(s.began))+int64(after) < s.planned.Load() {
		s.now()
	}
}

// now asks for a sweep now.
func (s *sweeper) now() {
	select {
	case s.wake <- struct{}{}:
	default: // it is about to
	}
}

// plan notes when the next sweep is.
func (s *sweeper) plan(in time.Duration) {
	at := int64(math.MaxInt64)
	if in != never {
		at = int64(time.Since(s.began)) + int64(in)
	}
	s.planned.Store(at)
}

// sweep sweeps whenever something may be due.
func (m *Manager) sweep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.sweeper.wake:
		case <-timer.C:
		}
		// What begins while this looks may be missed by it, and so asks for another look.
		m.sweeper.plan(never)
		next, err := m.sweepOnce()
		if err != nil {
			m.log.Error("cannot look for workers and tasks that timed out; trying again soon", "error", err)
			next = sweepRetry
		}
		timer.Stop()
		if next != never {
			next = max(next, sweepGap)
			timer.Reset(next)
		}
		m.sweeper.plan(next)
	}
}

// sweepOnce ends what is due, and returns how long it is until something else
// may be.
func (m *Manager) sweepOnce() (next time.Duration, err error) {
	config, now := m.config.Load(), time.Now()
	next = never
	// Workers first: what a lost worker held is returned, and is not its failure.
	if timeout := time.Duration(config.WorkerTimeout); timeout > 0 {
		due, soon := m.roster.due(timeout, now)
		next = min(next, soon, again(due, timeout))
		for some := range slices.Chunk(due, sweepBatch) {
			if err := m.loseWorkers(some, timeout); err != nil {
				return 0, err
			}
		}
	}
	if timeout := time.Duration(config.TaskTimeout); timeout > 0 {
		due, soon := m.heartbeats.due(timeout, now)
		next = min(next, soon, again(due, timeout))
		for some := range slices.Chunk(due, sweepBatch) {
			if err := m.loseTasks(some, timeout); err != nil {
				return 0, err
			}
		}
	}
	soon, err := m.findAway(now)
	if err != nil {
		return 0, err
	}
	next = min(next, soon)
	soon, err = m.findSlow(now)
	if err != nil {
		return 0, err
	}
	next = min(next, soon)
	soon, err = m.expireBlocks(time.Duration(config.BlocklistForget))
	if err != nil {
		return 0, err
	}
	next = min(next, soon)
	soon, err = m.retryJobs()
	return min(next, soon), err
}

// again returns how long it is until what is due may be so another time: it gives
// a sign of life before its turn comes, and has to be watched on.
func again[T any](due []T, timeout time.Duration) time.Duration {
	if len(due) == 0 {
		return never
	}
	return timeout
}

// loseWorkers gives up on workers that were not heard of for too long.
func (m *Manager) loseWorkers(ids []farm.WorkerID, timeout time.Duration) error {
	return m.update(func(u *unit) error {
		for _, id := range ids {
			if w, err := u.Worker(id); err == nil {
				u.loseWorker(w, timeout)
			}
		}
		return nil
	})
}

// loseWorker gives up on a worker, unless it was heard of just now. It comes back
// by itself when it speaks again, see Assign.
func (u *unit) loseWorker(w *store.Worker, timeout time.Duration) {
	before := w.Status
	idle := u.m.roster.idle(w.ID, time.Now())
	if !w.Deleted.IsZero() || !before.Watched() || idle < timeout {
		return
	}
	w.Request = farm.AfterTimeout(before, w.Request, w.Schedule.Active)
	w.Status = farm.WorkerError
	u.returnAll(w, "worker timed out")
	u.m.log.Warn("worker timed out", "worker", w.Name, "silent_for", idle.Round(time.Second), "worker_timeout", timeout)
	u.notice(farm.Notice{Event: farm.NoticeWorkerLost, Worker: w.Name, Text: fmt.Sprintf("not heard of for %s", idle.Round(time.Second))})
	u.workerEvent(w, before)
}

// loseTasks counts active tasks that showed no sign of life as failed.
func (m *Manager) loseTasks(ids []farm.TaskID, timeout time.Duration) error {
	return m.update(func(u *unit) error {
		for _, id := range ids {
			t, err := u.Task(id)
			if err != nil || t.Status() != farm.TaskActive {
				m.heartbeats.watch(nil, []farm.TaskID{id}) // it ended, or its job is gone
				continue
			}
			if w, err := u.Worker(t.State().Worker); err == nil {
				u.loseTask(t, w, timeout)
			}
		}
		return nil
	})
}

// loseTask counts a task as failed by its worker, unless there was a sign of life
// just now.
func (u *unit) loseTask(t store.Task, w *store.Worker, timeout time.Duration) {
	id := t.ID()
	idle := u.m.heartbeats.idle(id, time.Now())
	if idle < timeout {
		return
	}
	since := u.Now().Add(-idle).Local().Format(time.RFC3339)
	u.m.log.Warn("task timed out", "task", id, "worker", w.Name, "untouched_since", since, "task_timeout", timeout)
	u.logTask(t, fmt.Sprintf("Task timed out. It was assigned to worker %s (%s), but untouched since %s", w.Name, w.ID, since))
	u.fail(t, w, "timed out on", failure{}, func(s *farm.TaskState) {
		s.Activity = fmt.Sprintf("Task timed out on worker %s: untouched since %s", w.Name, since)
	})
	u.closeLog(id)
}
