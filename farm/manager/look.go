package manager

import (
	"context"
	"sync"
	"time"
)

// lookTime is how long somebody waits for a look.
const lookTime = 2 * time.Second

// A look is a question to a disk, which may never answer: a network share that is
// gone keeps who asks for as long as it is away. So it is asked by a goroutine of
// its own, of which there is one at most, however many want to know.
type look struct {
	mu    sync.Mutex // guards what follows; nothing else is taken while it is held
	going *lookGoing // nil: nobody looks
}

// lookGoing is a look that is under way, and then what was seen.
type lookGoing struct {
	done chan struct{} // closed when the other fields are set
	free int64
	err  error
}

// at looks, or waits for the look that is under way. ok is false if there was no
// answer in time; the question remains open then, and Close does not wait for it.
func (l *look) at(ctx context.Context, see func() (free int64, err error)) (free int64, err error, ok bool) {
	l.mu.Lock()
	g := l.going
	if g == nil {
		g = &lookGoing{done: make(chan struct{})}
		l.going = g
		go func() {
			g.free, g.err = see()
			l.mu.Lock()
			l.going = nil
			l.mu.Unlock()
			close(g.done)
		}()
	}
	l.mu.Unlock()
	timer := time.NewTimer(lookTime)
	defer timer.Stop()
	select {
	case <-g.done:
		return g.free, g.err, true
	case <-ctx.Done():
	case <-timer.C:
	}
	return 0, nil, false
}
