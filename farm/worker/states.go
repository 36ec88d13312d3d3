package worker

import (
	"context"
	"errors"
	"net/http"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Reasons for Run to end that the manager chose.
var (
	// ErrShutdown means that the manager asked the worker to go offline.
	ErrShutdown = errors.New("the manager asked this worker to shut down")
	// ErrRestart means that the manager asked the worker to restart: the
	// program shall end with Options.RestartExitCode.
	ErrRestart = errors.New("the manager asked this worker to restart")
	// ErrUpdate means that the worker fetched another version of its program, which is to be put in
	// place of the one that runs.
	ErrUpdate = errors.New("the manager asked this worker to update its program")
	// ErrDeleted is an ErrShutdown: a user deleted the worker while it ran. The next
	// start registers a new one.
	ErrDeleted error = deletedError{}
)

// A state does what the worker does in it, and returns the next; nil is the
// end. Canceling ctx leads to signOff from every state.
type state func(ctx context.Context) state

// enter returns the state for a status that the manager asked for. A
// status that a worker cannot take, such as starting or testing, counts as asleep:
// then it takes no tasks, and can still be woken.
func (w *Worker) enter(status string) state {
	switch s, _ := farm.ParseWorkerStatus(status); s {
	case farm.WorkerAwake:
		return w.awake
	case farm.WorkerOffline:
		return w.leave(ErrShutdown)
	case farm.WorkerRestart:
		return w.restart
	}
	return w.asleep
}

// copied returns the state of a worker whose identity another one uses.
func (w *Worker) copied(err error) state {
	w.log.Warn("another worker uses this one's identity, so this one registers as a new one. If its folder was copied with the disk image of a computer, delete identity.yaml in the image", "worker", w.id(), "error", err)
	w.forget()
	return w.signOn
}

// unknown returns the state of a worker that the manager does not know. One that
// a user deleted ends, or it would be back at once under another id.
func (w *Worker) unknown(err error) state {
	if api.WasDeleted(err) {
		w.signedOn = false // there is nobody to sign off
		return w.leave(ErrDeleted)
	}
	return w.signOn
}

// disowned returns the state of a worker whose credentials the manager refused; nil if
// it did not.
func (w *Worker) disowned(err error) state {
	switch {
	case api.StatusOf(err) == http.StatusForbidden:
		return w.unknown(err)
	case api.WasTaken(err):
		return w.copied(err)
	}
	return nil
}

// asksNot returns the state of a worker that asks for no task now; nil if it does.
func (w *Worker) asksNot() state {
	if inUse, _ := w.owner.now(); inUse != "" {
		return w.inUse
	}
	if w.idleOut() {
		w.hadNoTask = true
		return w.finish("it had no task for " + farm.Duration(w.options.ExitWhenIdle).String())
	}
	return nil
}

// leave returns the state that ends the worker because the manager said so.
func (w *Worker) leave(why error) state {
	return func(ctx context.Context) state {
		w.log.Info(why.Error())
		w.end = why
		return w.signOff
	}
}

// awake tells the manager that the worker takes tasks.
func (w *Worker) awake(ctx context.Context) state {
	w.idleSince = time.Now()
	w.tell(ctx, farm.WorkerAwake)
	return w.take
}

// tell reports the status the worker took. A failure needs no more than a line:
// the manager says 409 to the next request if it matters.
func (w *Worker) tell(ctx context.Context, s farm.WorkerStatus) {
	if err := w.manager().WorkerStateChanged(ctx, api.WorkerStateChanged{Status: s.String()}); err != nil && ctx.Err() == nil {
		w.log.Warn("the manager could not be told the worker's status", "status", s.String(), "error", err)
	}
}

// take asks for a task until there is one, or another status to take.
func (w *Worker) take(ctx context.Context) state {
	w.say("waiting for a task")
	trouble := complaints{log: w.log, what: "cannot ask for a task"}
	pace, retry := pace{first: pollFirst, then: pollTask, vary: 0.1}, backoff{}
	for {
		// What is done must be known as done, or it would be handed out again.
		if err := w.sender.flushed(ctx); err != nil {
			return w.signOff
		}
		if next := w.asksNot(); next != nil {
			return next
		}
		if !w.hasRoom(ctx) {
			if !retry.pause(ctx) {
				return w.signOff
			}
			continue
		}
		asked := time.Now()
		answer, taken, err := w.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return w.signOff // a task in the answer is returned by the sign-off
		case taken:
			continue // likewise, by what the manager is told then
		case w.disowned(err) != nil:
			return w.disowned(err)
		case api.StatusOf(err) == http.StatusConflict:
			// The manager lost sight of the worker meanwhile, or was not told yet.
			trouble.about(err)
			w.tell(ctx, farm.WorkerAwake)
			if !retry.pause(ctx) {
				return w.signOff
			}
		case err != nil:
			trouble.about(err)
			if !pauseAfter(ctx, err, &retry) {
				return w.signOff
			}
		case answer.Task != nil:
			trouble.over()
			w.ahead = answer.Next
			if answer.Second {
				return w.second(answer.Task)
			}
			return func(ctx context.Context) state { return w.work(ctx, answer.Task) }
		case answer.TooLate:
			return w.finish("no task would be done before its time is up")
		case answer.StatusRequested != "":
			trouble.over()
			return w.enter(answer.StatusRequested)
		default:
			trouble.over()
			retry.reset()
			if !pace.pause(ctx, answer.Waited, time.Since(asked)) {
				return w.signOff
			}
		}
	}
}

// ask asks for a task once; taken says that the computer's owner came meanwhile. The
// manager holds the question back, unless a Blender is open: that its job has nothing
// more for this worker is to be known at once, for its memory.
func (w *Worker) ask(ctx context.Context) (answer api.TaskAnswer, taken bool, err error) {
	asking, stop := w.owner.while(ctx, false)
	defer stop()
	nothing := func() bool {
		return err == nil && answer.Task == nil && answer.StatusRequested == "" && !answer.TooLate
	}
	if w.ahead && w.warm.isOpen() {
		if answer, err = w.manager().ScheduleTask(asking, 0); !nothing() {
			return answer, asking.Err() != nil, err
		}
		w.warm.closeIdle()
	}
	if answer, err = w.manager().ScheduleTask(asking, w.waitForTask()); nothing() {
		w.warm.closeIdle() // a manager that does not hold it back
	}
	if err == nil && answer.StatusRequested == "" {
		w.heardOfApproval(answer.Unapproved)
	}
	return answer, asking.Err() != nil, err
}

// hasRoom reports whether the worker may ask for a task: what a task reports
// has to be stored. A manager that can be told has none for a worker without room,
// and shows the reason.
func (w *Worker) hasRoom(ctx context.Context) bool {
	err := w.outbox.Room()
	if w.noRoom == (err != nil) {
		return err == nil || w.toldOfRoom
	}
	if w.noRoom = err != nil; w.noRoom {
		w.log.Error("no tasks are taken", "error", err)
	}
	if w.checkup != nil {
		_, foreign := w.checkup.now(ctx)
		w.toldOfRoom = !foreign
	}
	return err == nil || w.toldOfRoom
}

// asleep asks whether to wake up.
func (w *Worker) asleep(ctx context.Context) state {
	w.say("asleep")
	w.warm.closeIdle()
	w.log.Info("asleep")
	w.tell(ctx, farm.WorkerAsleep)
	trouble := complaints{log: w.log, what: "cannot ask whether to wake up"}
	pace := pace{first: pollState, then: pollState, vary: 0.1}
	var retry backoff
	for {
		asked := time.Now()
		answer, err := w.manager().WorkerState(ctx, waitForState)
		switch {
		case ctx.Err() != nil:
			return w.signOff
		case w.disowned(err) != nil:
			return w.disowned(err)
		case err != nil:
			trouble.about(err)
			if !pauseAfter(ctx, err, &retry) {
				return w.signOff
			}
			continue
		}
		trouble.over()
		retry.reset()
		if s, ok := farm.ParseWorkerStatus(answer.StatusRequested); ok && s != farm.WorkerAsleep {
			w.log.Info("waking up", "status", answer.StatusRequested)
			return w.enter(answer.StatusRequested)
		} else if ok {
			w.tell(ctx, farm.WorkerAsleep) // it was asked to be what it is, and has to say so
		}
		if !pace.pause(ctx, answer.Waited, time.Since(asked)) {
			return w.signOff
		}
	}
}

// signOff delivers what it can within flushLimit and tells the manager that the
// worker ends, within signOffLimit. The manager then returns the worker's task
// at once; without this it would do so after its time-out.
func (w *Worker) signOff(ctx context.Context) state {
	w.say("signing off")
	if !w.signedOn {
		return nil
	}
	last := context.WithoutCancel(ctx)
	flush, cancel := context.WithTimeout(last, flushLimit)
	defer cancel()
	if err := w.sender.flushed(flush); err != nil {
		w.log.Warn("some reports could not be delivered: they are kept for the next start", "reports", w.outbox.Len())
	}
	off, cancel := context.WithTimeout(last, signOffLimit)
	defer cancel()
	if err := w.manager().SignOff(off); err != nil {
		w.log.Warn("cannot sign off: the manager will notice after a while", "error", err)
		return nil
	}
	w.log.Info("signed off")
	return nil
}

// pauseAfter waits after a request that failed: shortly if the manager is away
// or busy, longer if it refused, which a repeat will hardly change.
func pauseAfter(ctx context.Context, err error, retry *backoff) bool {
	if api.Transient(err) {
		return retry.pause(ctx)
	}
	return api.Sleep(ctx, jitter(refused, 0.1)) == nil
}

// A pace keeps requests that bring nothing apart.
type pace struct {
	first, then time.Duration // pauses if the manager does not hold requests back
	vary        float64
	n           int     // requests that brought nothing so far
	hasty       backoff // pauses if it says that it does, yet answers at once
}

// pause waits before the next request. A manager that held the last one back
// is asked again at once.
func (p *pace) pause(ctx context.Context, held bool, took time.Duration) bool {
	p.n++
	switch {
	case held && took > time.Second:
		p.hasty.reset()
		return ctx.Err() == nil
	case held:
		if p.hasty.first == 0 {
			p.hasty.first, p.hasty.last = 10*time.Millisecond, time.Second
		}
		return p.hasty.pause(ctx)
	case p.n == 1:
		return api.Sleep(ctx, jitter(p.first, p.vary)) == nil
	}
	return api.Sleep(ctx, jitter(p.then, p.vary)) == nil
}
