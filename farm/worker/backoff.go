package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"renderfarm/farm/api"
)

// The pauses of a worker. With a manager that cannot hold requests back they are
// those of Flamenco's workers, for which such managers are made.
const (
	firstRetry = 250 * time.Millisecond // after the first error in a row, doubled each time
	lastRetry  = 5 * time.Second        // at most: a manager that comes back is found soon
	refused    = time.Minute            // after an answer that a repeat will hardly change

	waitForTask  = 60 * time.Second // how long the manager may hold a request back
	waitForState = 60 * time.Second
	waitForStop  = 30 * time.Second

	pollFirst = 3 * time.Second // between requests to a manager that cannot
	pollTask  = 20 * time.Second
	pollState = 3 * time.Second
	pollStop  = 10 * time.Second

	flushLimit   = 5 * time.Second // at the end
	signOffLimit = 3 * time.Second
)

// A backoff is the pauses between attempts that fail in a row. The zero value
// starts at firstRetry and ends at lastRetry.
type backoff struct {
	first, last time.Duration
	next        time.Duration
}

// pause waits, and reports false if ctx was canceled meanwhile.
func (b *backoff) pause(ctx context.Context) bool {
	if b.first == 0 {
		b.first, b.last = firstRetry, lastRetry
	}
	b.next = min(max(b.next, b.first), b.last)
	d := b.next
	b.next *= 2
	return api.Sleep(ctx, jitter(d*7/8, 1.0/7)) == nil // from three quarters of d to d
}

// reset makes the next pause the first one.
func (b *backoff) reset() { b.next = 0 }

// jitter returns d changed by up to the share in either direction, so that the
// workers of a farm do not ask in step.
func jitter(d time.Duration, share float64) time.Duration {
	return d + time.Duration((2*rand.Float64()-1)*share*float64(d))
}

// complainAgain is how often an error that goes on is logged.
const complainAgain = time.Minute

// complaints logs an error that repeats now and then, not every time, and its end.
type complaints struct {
	log  *slog.Logger
	what string    // what does not work, as a log message
	last time.Time // when it was logged; zero while all is well
}

// about logs the error, unless one was logged a moment ago.
func (c *complaints) about(err error) {
	if now := time.Now(); c.last.IsZero() || now.Sub(c.last) >= complainAgain {
		c.last = now
		c.log.Warn(c.what+", trying again", "error", err)
	}
}

// over notes that it works now.
func (c *complaints) over() {
	if !c.last.IsZero() {
		c.last = time.Time{}
		c.log.Info("the manager answers again")
	}
}
