package jsjobs

import (
	"context"
	"runtime"
	"sync"
)

// processes are the children of this process. All libraries share them, since
// what they bound together is the computer.
var processes = newPool(min(4, max(2, runtime.GOMAXPROCS(0))))

// A pool lends children. One waits, so that nobody has to wait for its start.
type pool struct {
	slots chan struct{} // one per child that is lent; bounds the memory they take together

	mu       sync.Mutex // guards what follows; nothing is waited for under it
	idle     []*process
	starting bool
}

func newPool(size int) *pool { return &pool{slots: make(chan struct{}, size)} }

// get lends a child until put or drop. fresh asks for one that has done
// nothing yet.
func (l *pool) get(ctx context.Context, fresh bool) (*process, error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	var p *process
	if n := len(l.idle); n > 0 && !fresh {
		p, l.idle = l.idle[n-1], l.idle[:n-1]
	}
	l.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := startProcess()
	if err != nil {
		<-l.slots
	}
	return p, err
}

// maxIdle is how many children wait for work. More are needed seldom, and then
// started.
const maxIdle = 1

// put gives a child back.
func (l *pool) put(p *process) {
	l.mu.Lock()
	keep := len(l.idle) < maxIdle
	if keep {
		l.idle = append(l.idle, p)
	}
	l.mu.Unlock()
	if !keep {
		p.end()
	}
	<-l.slots
}

// drop is put for a child that cannot be used any more, and returns its last
// words. Another one is started in its place.
func (l *pool) drop(p *process) (said string) {
	said = p.end()
	<-l.slots
	l.mu.Lock()
	start := len(l.idle) == 0 && !l.starting
	l.starting = l.starting || start
	l.mu.Unlock()
	if start {
		go l.startAhead()
	}
	return said
}

// startAhead adds a child to those that wait. One that cannot be started is
// not missed before somebody needs it.
func (l *pool) startAhead() {
	p, err := startProcess()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting = false
	if err == nil {
		l.idle = append(l.idle, p)
	}
}
