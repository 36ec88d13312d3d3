package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// errStopped is the cause that ends the watching of a task which ended by itself.
var errStopped = errors.New("the task has ended")

// work runs a task, and the next ones for as long as there are some that were got
// ahead. While the frames of one are read back and reported, the Blender that stays
// open may render those of the one after it; there are never more than these two.
func (w *Worker) work(ctx context.Context, task *api.AssignedTask) state {
	w.lull.over()
	defer w.lull.begin()
	defer func() { w.idleSince = time.Now() }()
	var before *run // whose frames may still be read back
	for task != nil {
		r := w.begin(ctx, task, before)
		select {
		case <-r.rendered:
		case <-r.over:
		}
		if before != nil {
			<-before.over
		}
		before, task = r, r.next.begin(ctx)
	}
	<-before.over
	return w.take
}

// begin starts a task.
func (w *Worker) begin(ctx context.Context, task *api.AssignedTask, before *run) *run {
	w.say("working on " + task.Name)
	w.warm.closeOther(task.Job)
	w.log.Info("task started", "task", task.UUID, "name", task.Name, "type", task.TaskType, "job", task.Job)
	r := &run{worker: w, task: task, reporter: &reporter{task: task.UUID, run: rand.Text(), outbox: w.outbox, log: w.log},
		rendered: make(chan struct{}), over: make(chan struct{})}
	r.mirrored = w.locate(r)
	r.fetch = func() *nextTask { return w.fetchNext(ctx, task, before) }
	go func() {
		defer close(r.over)
		w.runTask(ctx, r)
	}()
	return r
}

// runTask runs a task and reports what became of it. Stopped because the manager
// or the user wants it, it reports nothing more: the manager returns the task.
func (w *Worker) runTask(ctx context.Context, run *run) {
	task, begun := run.task, time.Now()
	log := w.log.With("task", task.UUID)
	running, cancel := context.WithCancelCause(ctx)
	defer w.owner.stopsOn(cancel)()
	w.sender.watch(run.reporter.run, cancel)
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keep(running, task.UUID, run.mayRun, cancel) })

	// Reports use ctx and not running: a task that was stopped still has a log.
	run.reporter.started()
	err := run.do(running)
	var stopped error // by somebody, before it ended by itself
	if err != nil {
		stopped = context.Cause(running)
	}
	cancel(errStopped) // the keeper's question is answered
	keeper.Wait()
	took := time.Since(begun).Round(time.Millisecond)
	switch {
	case stopped != nil:
		w.sender.revoke(run.reporter.run)
		run.reporter.abandoned()
		w.giveBackOutrun(ctx, task.UUID, stopped)
		run.next.giveBack(ctx) // the reason may well be one for it, too
		log.Info("task stopped", "name", task.Name, "took", took, "why", stopped)
	case errors.As(err, new(*givenBack)):
		w.warm.closeIdle() // it may have loaded what is not to be trusted
		run.reporter.finish(ctx, farm.TaskQueued, "Given back: "+err.Error(), err.Error()+"\n")
		run.next.giveBack(ctx)
		log.Warn("task given back", "name", task.Name, "took", took, "error", err)
	case err != nil:
		run.reporter.failed(ctx, err)
		log.Warn("task failed", "name", task.Name, "took", took, "error", err)
	default:
		run.reporter.leftOut = run.allLeftOut()
		run.reporter.completed(ctx)
		log.Info("task completed", "name", task.Name, "took", took)
	}
	w.sender.watch(run.reporter.run, nil)
}

// A mayQuestion asks whether a task may go on; see Manager.
type mayQuestion func(Manager, context.Context, farm.TaskID, time.Duration) (api.MayRunAnswer, error)

// keep asks the manager whether the task may go on, until ctx is canceled. No
// answer is no reason to stop.
func (w *Worker) keep(ctx context.Context, id farm.TaskID, may mayQuestion, stop context.CancelCauseFunc) {
	pace := pace{first: pollStop, then: pollStop, vary: 0.1}
	var retry backoff
	for {
		asked := time.Now()
		answer, err := may(w.manager(), ctx, id, waitForStop)
		switch {
		case ctx.Err() != nil:
			return
		case api.WasDeleted(err):
			stop(ErrDeleted)
			return
		case api.WasTaken(err):
			stop(err)
			return
		case err != nil:
			if !pauseAfter(ctx, err, &retry) {
				return
			}
			continue
		case !answer.MayKeepRunning.MayKeepRunning:
			why := answer.Reason
			if why == "" {
				why = "no reason given"
			}
			err := farm.Errorf(farm.Conflict, "the manager stopped it: %s", clip(why, farm.MaxActivity))
			if answer.GiveBack {
				err = outrun{err}
			}
			stop(err)
			return
		}
		retry.reset()
		if !pace.pause(ctx, answer.Waited, time.Since(asked)) {
			return
		}
	}
}

// A run is one attempt at a task on this worker. Commands write their log and
// count their steps through it.
type run struct {
	*reporter
	worker *Worker
	task   *api.AssignedTask

	rendered chan struct{} // closed when the Blender that stays open is free for another run; perhaps never
	over     chan struct{} // closed when its last report was put
	fetch    func() *nextTask
	next     *nextTask // nil: not asked for. For the run, and after rendered or over for others
	last     bool      // the command at hand is the last of the task
	renders  bool      // it holds Worker.renderer
	aside    bool      // it is a second run
	mirrored *mirrored // nil: the storage is on this computer
	left     leftOut   // what of it is left to others
}

// fetchNext asks for the task after this one, once.
func (r *run) fetchNext() {
	if r.next == nil && r.fetch != nil && r.last {
		r.next = r.fetch()
	}
}

// takeRenderer waits until no other run renders.
func (r *run) takeRenderer(ctx context.Context) error {
	if r.renders {
		return nil
	}
	select {
	case r.worker.renderer <- struct{}{}:
		r.renders = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leaveRenderer lets another run render.
func (r *run) leaveRenderer() {
	if r.renders {
		r.mirrored.note(r.mirrored.look())
		r.renders = false
		<-r.worker.renderer
	}
}

// isRendered lets the next run begin while the frames of this one are read back.
func (r *run) isRendered() {
	r.leaveRenderer()
	if r.rendered != nil {
		close(r.rendered)
	}
}

// do runs the task's commands. With a mirror, files are fetched before and sent after.
func (r *run) do(ctx context.Context) error {
	defer r.mirrored.leave()
	err := r.commands(ctx)
	if err == nil && !r.aside {
		err = r.mirrored.send(ctx)
	}
	return r.mirrored.ended(err)
}

// commands runs the task's commands in order, up to the first that fails, for
// as long as a task may take.
func (r *run) commands(ctx context.Context) error {
	if most := r.worker.options.MaxTime; most > 0 {
		var cancel context.CancelFunc
		ctx, cancel = r.worker.gate.withLimit(ctx, most, farm.Errorf(farm.Invalid,
			"the task took longer than %s, and was ended. If it needs more, set task_max_time of this worker higher", farm.Duration(most)))
		defer cancel()
	}
	if err := r.mirrored.fetch(ctx); err != nil {
		return err
	}
	for i, c := range r.task.Commands {
		r.last = i == len(r.task.Commands)-1
		if err := r.command(ctx, c); err != nil {
			return err
		}
		if c.Steps <= 0 {
			r.Step() // it does not count its own
		}
	}
	return context.Cause(ctx)
}

// command runs one command. A mistake in this program fails the task, and not
// the worker, which would take the task again and end again.
func (r *run) command(ctx context.Context, c farm.Command) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.worker.log.Error("a command panicked", "command", c.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s: internal error: %v", c.Name, p)
		}
	}()
	prepare, known := commands[c.Name]
	if !known {
		return farm.Errorf(farm.Invalid, "unknown command: %q. This worker knows %s", c.Name, strings.Join(farm.Commands, ", "))
	}
	do, err := prepare(c)
	if err != nil {
		return err
	}
	return do(ctx, r)
}
