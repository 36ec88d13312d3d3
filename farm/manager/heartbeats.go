package manager

import (
	"sync"
	"time"

	"renderfarm/farm"
)

// A heartbeat is the time of the last sign of life. While a request is held open
// there is one all the time.
type heartbeat struct {
	at   time.Time // with its monotonic reading: setting the clock times nobody out
	held int       // requests that are held now
}

// idle returns the time since the last sign of life.
func (h *heartbeat) idle(now time.Time) time.Duration {
	if h.held > 0 {
		return 0
	}
	return now.Sub(h.at)
}

// heartbeats are those of the active tasks: when the worker of each last gave a
// sign of life. They are lost in a crash, after which time-outs start again.
type heartbeats struct {
	mu sync.Mutex // guards at; nothing else is taken while it is held
	at map[farm.TaskID]*heartbeat
}

// watch starts to watch tasks that have just become active, and stops to watch
// those that ended.
func (t *heartbeats) watch(active, ended []farm.TaskID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil {
		t.at = map[farm.TaskID]*heartbeat{}
	}
	for _, task := range ended {
		delete(t.at, task)
	}
	for _, task := range active {
		t.at[task] = &heartbeat{at: time.Now()}
	}
}

// note records a sign of life of an active task.
func (t *heartbeats) note(task farm.TaskID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.at[task]; p != nil {
		p.at = time.Now()
	}
}

// hold keeps the task alive while its worker waits for an answer about it. The
// caller ends that with the function it returns.
func (t *heartbeats) hold(task farm.TaskID) (release func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.at[task]
	if p == nil {
		return func() {}
	}
	p.held++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.held--
		p.at = time.Now()
	}
}

func (t *heartbeats) get(task farm.TaskID) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.at[task]; p != nil {
		return p.at.UTC()
	}
	return time.Time{}
}

// idle returns the time since a task's last sign of life; 0 if it is not watched.
func (t *heartbeats) idle(task farm.TaskID, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.at[task]; p != nil {
		return p.idle(now)
	}
	return 0
}

// due returns the tasks whose last sign of life is at least timeout ago, and how
// long it is until the next one is due; never if there is none.
func (t *heartbeats) due(timeout time.Duration, now time.Time) (due []farm.TaskID, next time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next = never
	for task, p := range t.at {
		if left := timeout - p.idle(now); left <= 0 {
			due = append(due, task)
		} else {
			next = min(next, left)
		}
	}
	return due, next
}
