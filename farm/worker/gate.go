package worker

import (
	"context"
	"sync"
	"time"

	"renderfarm/farm/procgroup"
)

// A gate freezes all programs of the worker, also those that are started while it
// is closed, and keeps a clock that stands still meanwhile. The zero value is open,
// and so is a nil one.
type gate struct {
	mu     sync.Mutex // guards what follows; orders to groups are given under it, which does not block
	groups map[*procgroup.Group]bool
	closed time.Time     // since when; zero while it is open
	lost   time.Duration // for how long it was closed before
	moved  chan struct{} // closed, and made anew, when the gate opens or closes; nil until somebody waits
}

// add puts a group under the gate; the caller takes it out again.
func (g *gate) add(group *procgroup.Group) (remove func()) {
	if g == nil {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.groups == nil {
		g.groups = map[*procgroup.Group]bool{}
	}
	g.groups[group] = true
	if !g.closed.IsZero() {
		group.Freeze()
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.groups, group)
	}
}

// set closes or opens the gate.
func (g *gate) set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if closed == !g.closed.IsZero() {
		return
	}
	if closed {
		g.closed = time.Now()
	} else {
		g.lost += time.Since(g.closed)
		g.closed = time.Time{}
	}
	for group := range g.groups {
		if closed {
			group.Freeze()
		} else {
			group.Thaw()
		}
	}
	if g.moved != nil {
		close(g.moved)
		g.moved = nil
	}
}

// now is the time on a clock that stands still while the gate is closed.
func (g *gate) now() time.Time {
	if g == nil {
		return time.Now()
	}
	now, _, _ := g.look()
	return now
}

// look returns the time on the gate's clock, whether that stands still, and what is
// closed when that changes.
func (g *gate) look() (now time.Time, still bool, moved <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.moved == nil {
		g.moved = make(chan struct{})
	}
	now = time.Now()
	if still = !g.closed.IsZero(); still {
		now = g.closed
	}
	return now.Add(-g.lost), still, g.moved
}

// withLimit is context.WithTimeoutCause by the gate's clock.
func (g *gate) withLimit(ctx context.Context, most time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	over := make(chan struct{})
	begun := g.now()
	go func() {
		defer close(over)
		for {
			now, still, moved := g.look()
			left := most - now.Sub(begun)
			if left <= 0 {
				cancel(cause)
				return
			}
			timer := time.NewTimer(left)
			if still {
				timer.Stop()
			}
			select {
			case <-ctx.Done():
			case <-timer.C:
			case <-moved:
			}
			timer.Stop()
			if ctx.Err() != nil {
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-over
	}
}
