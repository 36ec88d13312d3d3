package worker

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/fsync"
)

// The owner of the computer comes first. When they are back, all programs of tasks are
// frozen at once, and after a while what is not finished is given back to the manager.

// errInUse is the cause that ends a task which is given back.
var errInUse = farm.Errorf(farm.Conflict, "its computer is in use, so the task is given back")

// defaultGiveBack is how long a task stands still before it is given back.
const defaultGiveBack = 5 * time.Minute

// pausedBy is what is said of a worker that its owner paused.
const pausedBy = "paused by its owner"

// pauseFile keeps a pause over restarts: when it ends, or nothing for never.
const pauseFile = "paused"

// An owner says whether the worker may work.
type owner struct {
	w *Worker

	mu     sync.Mutex // guards what follows; gate's lock is taken under it
	seen   string     // why the computer is in use, by what is watched; "" if it is free
	paused bool
	until  time.Time           // when the pause ends; zero for never
	inUse  string              // what holds of both; "" if the worker may work
	since  time.Time           // of inUse
	moved  chan struct{}       // closed, and made anew, when inUse changes
	timers []*time.Timer       // of the pause's end and of giving back
	stops  map[int]func(error) // of the tasks that run
	next   int                 // key in stops

	telling sync.Mutex // held while the manager is told; taken before mu
	pausing sync.Mutex // held while a pause begins or ends, so that file and memory agree; taken before mu
}

func newOwner(w *Worker) *owner {
	return &owner{w: w, moved: make(chan struct{}), stops: map[int]func(error){}}
}

// watch has the owner's doings watched, and the manager told of them, until ctx is
// canceled.
func (o *owner) watch(ctx context.Context) {
	var helpers sync.WaitGroup
	defer helpers.Wait()
	if o.w.options.InUse != nil {
		helpers.Go(func() {
			o.w.options.InUse(ctx, func(inUse string) {
				o.change(func() { o.seen = inUse })
			})
		})
	}
	helpers.Go(func() { o.report(ctx) })
	<-ctx.Done()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopTimers()
}

// change changes what inUse follows from.
func (o *owner) change(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
	o.stopTimers()
	inUse := o.seen
	if o.paused {
		inUse = pausedBy
		if left := time.Until(o.until); !o.until.IsZero() {
			o.timers = append(o.timers, time.AfterFunc(left, o.pauseOver))
		}
	}
	was := o.inUse
	o.inUse = inUse
	if (was == "") != (inUse == "") {
		o.since = time.Now()
		o.w.gate.set(inUse != "")
		if inUse != "" {
			o.w.log.Info("this computer is in use: tasks stand still", "reason", inUse)
		} else {
			o.w.log.Info("this computer is not in use any more: tasks go on")
		}
	}
	if inUse != "" {
		left := o.w.options.GiveBackAfter - time.Since(o.since)
		o.timers = append(o.timers, time.AfterFunc(max(0, left), o.giveBack))
	}
	if was != inUse {
		close(o.moved)
		o.moved = make(chan struct{})
	}
}

// pauseOver ends a pause whose time is over. The timer may have run out just when
// another pause began. What the file says is over, too, so it may stay.
func (o *owner) pauseOver() {
	o.change(func() {
		if !o.until.IsZero() && !time.Now().Before(o.until) {
			o.paused = false
		}
	})
}

func (o *owner) stopTimers() {
	for _, t := range o.timers {
		t.Stop()
	}
	o.timers = nil
}

// giveBack ends what still stands still.
func (o *owner) giveBack() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inUse == "" {
		return
	}
	for _, stop := range o.stops {
		stop(errInUse)
	}
	o.w.warm.closeIdle() // its memory is the owner's, too
}

// stopsOn has a task stopped when it is to be given back.
func (o *owner) stopsOn(stop func(error)) (remove func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := o.next
	o.next++
	o.stops[key] = stop
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.stops, key)
	}
}

// now returns why the computer is in use, "" if it is not, and what is closed when
// that changes.
func (o *owner) now() (inUse string, moved <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inUse, o.moved
}

// while returns a context that ends when the computer is no longer in use, or no
// longer free.
func (o *owner) while(ctx context.Context, inUse bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			now, moved := o.now()
			if (now != "") != inUse {
				cancel()
				return
			}
			select {
			case <-moved:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// report tells the manager of every change. What cannot be told is said again later.
func (o *owner) report(ctx context.Context) {
	told := ""
	var retry backoff
	for ctx.Err() == nil {
		inUse, moved := o.now()
		if inUse != told && o.w.manager() != nil {
			if err := o.tell(ctx, false); err != nil {
				retry.pause(ctx)
				continue
			}
			told = inUse
			retry.reset()
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}

// tell tells the manager whether the computer is in use. One that does not know of
// that is told the status asleep or awake when nothing runs.
func (o *owner) tell(ctx context.Context, giveBack bool) error {
	o.telling.Lock()
	defer o.telling.Unlock()
	inUse, _ := o.now()
	err := o.w.manager().SetWorkerInUse(ctx, api.WorkerInUse{InUse: inUse, GiveBack: giveBack && inUse != ""})
	if api.StatusOf(err) != http.StatusNotFound {
		return err
	}
	switch {
	case inUse == "":
		o.w.tell(ctx, farm.WorkerAwake)
	case giveBack:
		o.w.tell(ctx, farm.WorkerAsleep)
	}
	return nil
}

// inUse is the state of a worker without a task while its owner needs the computer.
func (w *Worker) inUse(ctx context.Context) state {
	why, _ := w.owner.now()
	w.say(why)
	trouble := complaints{log: w.log, what: "cannot tell the manager that this computer is in use"}
	pace := pace{first: pollState, then: pollState, vary: 0.1}
	var retry backoff
	waiting, stop := w.owner.while(ctx, true)
	defer stop()
	for told := false; waiting.Err() == nil; {
		var err error
		var answer api.StateAnswer
		asked := time.Now()
		if !told {
			err = w.owner.tell(waiting, true)
			told = err == nil
		}
		if err == nil {
			answer, err = w.manager().WorkerState(waiting, waitForState)
		}
		switch {
		case waiting.Err() != nil:
		case api.StatusOf(err) == http.StatusForbidden:
			return w.unknown(err)
		case err != nil:
			trouble.about(err)
			pauseAfter(waiting, err, &retry)
		case answer.StatusRequested != "" && answer.StatusRequested != farm.WorkerAwake.String():
			return w.enter(answer.StatusRequested)
		default:
			if answer.StatusRequested != "" {
				w.tell(waiting, farm.WorkerAwake) // it is, and has to say so
			}
			trouble.over()
			retry.reset()
			pace.pause(waiting, answer.Waited, time.Since(asked))
		}
	}
	if ctx.Err() != nil {
		return w.signOff
	}
	return w.awake
}

// Pause lets the worker do nothing until then, or until Resume if the time is zero. What
// it does stands still, and is given back after Options.GiveBackAfter.
func (w *Worker) Pause(until time.Time) error {
	text := ""
	if !until.IsZero() {
		text = until.Format(time.RFC3339)
	}
	w.owner.pausing.Lock()
	defer w.owner.pausing.Unlock()
	if err := fsync.Replace(filepath.Join(w.options.Dir, pauseFile), []byte(text)); err != nil {
		return farm.Errorf(farm.Unavailable, "the pause cannot be kept: %w", err)
	}
	w.owner.change(func() { w.owner.paused, w.owner.until = true, until })
	return nil
}

// Resume ends a pause.
func (w *Worker) Resume() error {
	w.owner.pausing.Lock()
	defer w.owner.pausing.Unlock()
	if err := os.Remove(filepath.Join(w.options.Dir, pauseFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return farm.Errorf(farm.Unavailable, "the end of the pause cannot be kept: %w", err)
	}
	w.owner.change(func() { w.owner.paused = false })
	return nil
}

// loadPause takes up a pause that the worker's last run left.
func (o *owner) loadPause() {
	text, err := os.ReadFile(filepath.Join(o.w.options.Dir, pauseFile))
	until, bad := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if o.w.options.InUse != nil {
		o.change(func() { o.seen = "about to see whether its computer is in use" })
	}
	switch {
	case o.w.options.StartPaused:
		o.change(func() { o.paused = true })
	case err != nil:
	case len(text) == 0:
		o.change(func() { o.paused = true })
	case bad == nil && time.Now().Before(until):
		o.change(func() { o.paused, o.until = true, until })
	}
}

// A State is what the owner of the computer may want to know.
type State struct {
	Name  string    // of the worker
	Doing string    // in a few words
	InUse string    // why tasks stand still; "" if they do not
	Until time.Time // when a pause ends; zero if there is none, or it has no end
}

// State returns what the worker does now.
func (w *Worker) State() State {
	w.mu.Lock()
	s := State{Name: w.options.Name, Doing: w.doing}
	w.mu.Unlock()
	w.owner.mu.Lock()
	defer w.owner.mu.Unlock()
	s.InUse = w.owner.inUse
	if w.owner.paused {
		s.Until = w.owner.until
	}
	return s
}
