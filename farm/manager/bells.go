package manager

import (
	"context"
	"sync"

	"renderfarm/farm"
)

// bell names something that a request can wait for.
type bell struct {
	worker farm.WorkerID // a change that concerns this worker
	tag    farm.TagID    // work for workers with this tag …
	typ    string        // … and this task type
}

func workerBell(id farm.WorkerID) bell              { return bell{worker: id} }
func workBell(tag farm.TagID, taskType string) bell { return bell{tag: tag, typ: taskType} }

// bells wakes requests that wait. A request first says what it waits for, then
// looks whether there is something already, and only then waits: whatever
// happens after its look rings. Bells ring after the commit of what they tell.
//
// Everybody who waits for a bell wakes up and looks again, so no wake-up can be
// lost to a worker that may not have the task; a look that finds nothing costs
// microseconds.
type bells struct {
	mu      sync.Mutex // guards waiting; nothing else is taken while it is held
	waiting map[bell]map[*waiter]struct{}
}

type waiter struct {
	bells *bells
	on    []bell
	rung  chan struct{} // has room for one ring
}

// listen begins waiting for any of the bells; the caller ends it with leave.
func (b *bells) listen(on ...bell) *waiter {
	w := &waiter{bells: b, rung: make(chan struct{}, 1)}
	w.add(on...)
	return w
}

// add waits for more bells.
func (w *waiter) add(on ...bell) {
	b := w.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	w.on = append(w.on, on...)
	if b.waiting == nil {
		b.waiting = map[bell]map[*waiter]struct{}{}
	}
	for _, name := range on {
		if b.waiting[name] == nil {
			b.waiting[name] = map[*waiter]struct{}{}
		}
		b.waiting[name][w] = struct{}{}
	}
}

// wait returns true when a bell rang since the last wait, false when ctx ended.
func (w *waiter) wait(ctx context.Context) bool {
	select {
	case <-w.rung:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *waiter) leave() {
	w.bells.mu.Lock()
	defer w.bells.mu.Unlock()
	for _, name := range w.on {
		delete(w.bells.waiting[name], w)
		if len(w.bells.waiting[name]) == 0 {
			delete(w.bells.waiting, name)
		}
	}
}

func (b *bells) ring(name bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.waiting[name] {
		select {
		case w.rung <- struct{}{}:
		default: // it has a ring to look at already
		}
	}
}
