package manager

import (
	"sync"
	"time"

	"renderfarm/farm"
)

// touches is when the worker of each active task last gave a sign of life. It
// is lost in a crash, which only makes time-outs start anew.
type touches struct {
	mu sync.Mutex // guards at; nothing else is taken while it is held
	at map[farm.TaskID]time.Time
}

func (t *touches) note(task farm.TaskID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil {
		t.at = map[farm.TaskID]time.Time{}
	}
	t.at[task] = at
}

func (t *touches) forget(task farm.TaskID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.at, task)
}

func (t *touches) get(task farm.TaskID) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at[task]
}
