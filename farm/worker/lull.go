package worker

import (
	"context"
	"sync"
)

// A lull is the time without a task, for what would take the computer from one.
type lull struct {
	mu   sync.Mutex // guards what follows
	busy bool
	stop context.CancelFunc // ends what is done meanwhile; nil: nothing is
}

// over ends the lull, and what is done in it.
func (l *lull) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy = true; l.stop != nil {
		l.stop()
	}
}

// begin begins one.
func (l *lull) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
}

// isOver reports whether the worker has a task.
func (l *lull) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}

// use calls do, unless the worker has a task, with a context that ends with the lull.
// One goroutine uses it.
func (l *lull) use(ctx context.Context, do func(context.Context)) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l.mu.Lock()
	busy := l.busy
	if !busy {
		l.stop = stop
	}
	l.mu.Unlock()
	if !busy {
		do(ctx)
	}
}
