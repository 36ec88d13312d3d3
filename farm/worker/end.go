package worker

import (
	"context"
	"errors"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A worker may have an end: a time by which it has to be gone, or a time without tasks
// after which it goes. It is for computers that are had for a while, from a batch system
// or a cloud, and for those of people who come back in the morning.

// errTimeUp is why a worker stops that has to be gone.
var errTimeUp = errors.New("the time of this worker is up")

const (
	// endReserve is how long before its end a worker stops: programs are ended, and what
	// it held is given back. It is a tenth of a short time.
	endReserve = 15 * time.Second
	// leastTime is the least that a worker works.
	leastTime = 10 * time.Second
)

// checkEnd says whether the end makes sense, and has the client tell it.
func (o *Options) checkEnd(client *api.Client, now time.Time) error {
	if o.ExitWhenIdle < 0 {
		return farm.Errorf(farm.Invalid, "the worker ends after %s without a task: a duration cannot be negative", farm.Duration(o.ExitWhenIdle))
	}
	if o.Ends.IsZero() {
		return nil
	}
	left := o.Ends.Sub(now)
	if left < leastTime {
		return farm.Errorf(farm.Invalid, "this worker is to be gone by %s, which is less than %s from now: nothing would be done by then", o.Ends.Local().Format(time.DateTime), leastTime)
	}
	client.Whole = left - min(endReserve, left/10)
	client.Ends = now.Add(client.Whole)
	return nil
}

// untilEnd returns a context that ends with the worker's time.
func (w *Worker) untilEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	w.idleSince = time.Now()
	if w.client.Ends.IsZero() {
		return context.WithCancel(ctx)
	}
	w.log.Info("this worker ends at a certain time, and takes no task that would not be done by then", "end", w.client.Ends.Local().Format(time.DateTime))
	return context.WithDeadlineCause(ctx, w.client.Ends, errTimeUp)
}

// idleLeft returns how long the worker still waits for a task, and whether there is a limit.
func (w *Worker) idleLeft() (time.Duration, bool) {
	if w.options.ExitWhenIdle == 0 {
		return 0, false
	}
	return max(w.options.ExitWhenIdle-time.Since(w.idleSince), 0), true
}

// idleOut reports whether the worker had no task for so long that it ends.
func (w *Worker) idleOut() bool {
	left, limited := w.idleLeft()
	return limited && left == 0
}

// HadNoTask reports whether the worker ended as it had no task for as long as
// Options.ExitWhenIdle says. It is for after Run.
func (w *Worker) HadNoTask() bool { return w.hadNoTask }

// waitForTask is how long the manager may hold back the answer that there is no task.
func (w *Worker) waitForTask() time.Duration {
	if left, limited := w.idleLeft(); limited { // it counts in whole seconds
		return min(waitForTask, max(left.Round(time.Second), time.Second))
	}
	return waitForTask
}

// finish returns the state that ends the worker as it should.
func (w *Worker) finish(why string) state {
	w.log.Info("this worker ends", "why", why)
	return w.signOff
}

// unheard returns the state that ends a worker whose manager did not answer for as long
// as it waits for a task.
func (w *Worker) unheard(err error) state {
	w.end = farm.Errorf(farm.Unavailable, "this worker ends, as it had no task for %s: %w", farm.Duration(w.options.ExitWhenIdle), err)
	return w.signOff
}
