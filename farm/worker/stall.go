package worker

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"renderfarm/farm"
)

const (
	// lingerLimit is how long a program may do nothing that has saved all it was asked for.
	lingerLimit = time.Minute
	// idleShare: a program that uses less than this part of one processor does
	// nothing. One that sleeps in a loop uses a ten-thousandth; a slow frame uses
	// whole processors, or most of one to feed a graphics card.
	idleShare = 1.0 / 500
	// stallLooks is how often within the limit a program is looked at.
	stallLooks = 4
)

// A stall notices that a program does nothing any more: it prints nothing, so
// saves nothing either, and uses no processor. The zero value never does.
type stall struct {
	limit time.Duration // 0: never
	told  atomic.Int64  // how often something was printed
	done  atomic.Bool   // all is saved, so lingerLimit holds
	wake  chan struct{} // ends a pause when done is set
}

func newStall(limit time.Duration) *stall { return &stall{limit: limit, wake: make(chan struct{}, 1)} }

// finished says that all is saved that was asked for.
func (s *stall) finished() {
	if !s.done.Swap(true) {
		s.wake <- struct{}{}
	}
}

// allowed is how long the program may do nothing.
func (s *stall) allowed() time.Duration {
	if s.done.Load() {
		return min(s.limit, lingerLimit)
	}
	return s.limit
}

// reader counts what comes out of r as signs of life.
func (s *stall) reader(r io.ReadCloser) io.ReadCloser { return &toldReader{r, s} }

type toldReader struct {
	io.ReadCloser
	stall *stall
}

func (t *toldReader) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if n > 0 {
		t.stall.told.Add(1)
	}
	return n, err
}

// watch returns an error once the program has done nothing for as long as it
// may, or nil when ctx is canceled. spent returns the processor time of the
// program and all it started; false if that is not known, where only output counts.
// now is a clock that stands still while the program is frozen.
func (s *stall) watch(ctx context.Context, now func() time.Time, spent func() (time.Duration, bool)) error {
	if s.limit <= 0 {
		return nil
	}
	since, told := now(), s.told.Load()
	used, _ := spent()
	for {
		limit := s.allowed()
		if !s.pause(ctx, limit/stallLooks) {
			return nil
		}
		limit = s.allowed()
		all, known := spent()
		grown := all - used
		// A process that ended took its time with it, which is a sign of life, too.
		if t := s.told.Load(); t != told || known && (grown < 0 || grown > time.Duration(float64(limit)*idleShare)) {
			since, told, used = now(), t, all
		}
		if now().Sub(since) >= limit {
			return &stalledError{limit, known}
		}
	}
}

// pause waits, and returns false if ctx was canceled.
func (s *stall) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// stalledError ends a program that did nothing.
type stalledError struct {
	after time.Duration
	cpu   bool // its processor time was looked at
}

// Error says what was noticed, and which key sets the limit.
func (e *stalledError) Error() string {
	signs := "no output"
	if e.cpu {
		signs += " and no processor time"
	}
	return fmt.Sprintf("the program did nothing for %s (%s), and was ended (task_stalled_after)", farm.Duration(e.after), signs)
}
