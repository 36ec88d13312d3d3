package worker

import (
	"context"
	"crypto/rand"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A nextTask is the task to do after the one at hand, got while that is worked on. The
// worker holds it until it begins it or gives it back, which the manager may ask for.
type nextTask struct {
	worker   *Worker
	answered chan struct{} // closed when it is known whether there is one
	stop     context.CancelFunc

	mu   sync.Mutex        // guards task
	task *api.AssignedTask // nil: none, or not held any more
}

// fetchNext asks for the task after the one at hand; nil if the manager does not hand
// out such ones. The run before must be over and all its reports be delivered, or its
// task would be taken for one that this worker does not know of.
func (w *Worker) fetchNext(ctx context.Context, at *api.AssignedTask, before *run) *nextTask {
	if !w.ahead {
		return nil
	}
	asking, stop := context.WithCancel(ctx)
	n := &nextTask{worker: w, answered: make(chan struct{}), stop: stop}
	go func() {
		defer stop()
		task := n.ask(asking, at.UUID, before)
		n.mu.Lock()
		n.task = task
		n.mu.Unlock()
		close(n.answered)
		if task != nil {
			w.keep(asking, task.UUID, Manager.MayWorkerBegin, func(error) { n.giveBack(ctx) })
		}
	}()
	return n
}

func (n *nextTask) ask(ctx context.Context, at farm.TaskID, before *run) *api.AssignedTask {
	if before != nil {
		select {
		case <-before.over:
		case <-ctx.Done():
			return nil
		}
	}
	if n.worker.sender.flushed(ctx) != nil {
		return nil
	}
	task, err := n.worker.manager().NextTask(ctx, at)
	if err != nil { // it is asked for again when this one is over
		n.worker.log.Debug("the next task cannot be got ahead", "error", err)
		return nil
	}
	return task
}

// begin returns the task, and no longer holds it; nil if there is none.
func (n *nextTask) begin(ctx context.Context) *api.AssignedTask {
	if n == nil {
		return nil
	}
	select {
	case <-n.answered:
	case <-ctx.Done():
		return nil // the sign-off returns it
	}
	return n.let()
}

// giveBack reports the task as not begun, unless it was.
func (n *nextTask) giveBack(ctx context.Context) {
	if n == nil {
		return
	}
	select {
	case <-n.answered:
	case <-ctx.Done():
		return
	}
	if task := n.let(); task != nil {
		w := n.worker
		w.log.Info("task given back before it was begun", "task", task.UUID, "name", task.Name)
		r := &reporter{task: task.UUID, run: rand.Text(), outbox: w.outbox, log: w.log}
		r.returned(ctx)
	}
}

// let lets go of the task.
func (n *nextTask) let() *api.AssignedTask {
	n.mu.Lock()
	defer n.mu.Unlock()
	task := n.task
	n.task = nil
	n.stop()
	return task
}
