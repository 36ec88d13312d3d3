package crash

import (
	"context"
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// secret is that of all workers of a load.
var secret = strings.Repeat("0123456789abcdef", 2)

// work registers a worker, which then takes tasks until there are none and no user makes more.
func (l *load) work(name string) {
	c := l.newClient()
	id, ok := c.register(name)
	if !ok {
		return
	}
	w := &loadWorker{client: c, id: string(id)}
	c.Client = c.WithCredentials(id, secret)
	if !w.signOn(name) {
		return
	}
	for l.ctx.Err() == nil {
		t, idle := w.take()
		switch {
		case t != nil:
			w.finish(t)
		case idle: // goes on to the end: an unanswered request may still bring a task
			l.pause(l.ctx)
		}
	}
}

// register registers a worker. A try without an answer may leave one nobody uses.
func (c *client) register(name string) (farm.WorkerID, bool) {
	var id farm.WorkerID
	ok := c.untilAnswered(c.l.ctx, "registering", func(ctx context.Context) error {
		answer, err := c.RegisterWorker(ctx, api.WorkerRegistration{Secret: secret, Platform: "linux", Name: name, SupportedTaskTypes: []string{"crash"}})
		id = answer.UUID
		return err
	})
	return id, ok
}

// untilAnswered makes a request again and again until it is done. A rejection is a finding.
func (c *client) untilAnswered(ctx context.Context, what string, request func(context.Context) error) bool {
	for ctx.Err() == nil {
		switch out, err := c.ask(ctx, request); out {
		case answered:
			return true
		case rejected:
			c.l.complain("%s was refused: %v", what, err)
			return false
		}
	}
	return false
}

// A loadWorker speaks the protocol of a worker, and does no work.
type loadWorker struct {
	*client
	id    string
	lines int
	asked int64 // since when an answer that was lost may have assigned a task; 0 for none was lost
}

func (w *loadWorker) signOn(name string) bool {
	return w.untilAnswered(w.l.ctx, "signing on", func(ctx context.Context) error {
		_, err := w.SignOn(ctx, api.WorkerSignOn{Name: name, SupportedTaskTypes: []string{"crash"}, SoftwareVersion: "3.8.5"})
		return err
	}) && w.untilAnswered(w.l.ctx, "waking up", func(ctx context.Context) error {
		return w.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: farm.WorkerAwake.String()})
	})
}

// take asks for a task. It is idle if the manager says that there is none. What an
// unanswered request assigned, maybe late, is what a later one brings.
func (w *loadWorker) take() (t *api.AssignedTask, idle bool) {
	call := w.l.h.now()
	if w.asked > 0 {
		call = w.asked
	}
	var answer api.TaskAnswer
	out, err := w.ask(w.l.ctx, func(ctx context.Context) (err error) {
		answer, err = w.ScheduleTask(ctx, 0)
		return err
	})
	switch {
	case out == unknown:
		w.asked = call
		return nil, false
	case out == rejected:
		w.l.complain("worker %s asked for a task: %v", w.id, err)
		w.l.pause(w.l.ctx)
		return nil, false
	case out != answered:
		return nil, false
	case answer.Task == nil:
		return nil, true
	}
	w.l.h.add(key{task, "task " + string(answer.Task.UUID)}, w.number, call, take{w.id}, done{})
	w.asked = 0
	return answer.Task, false
}

// finish reports on a task what real workers do, and now and then forgets what it has.
func (w *loadWorker) finish(t *api.AssignedTask) {
	for n := range w.random.IntN(3) {
		if !w.report(t, active, fmt.Sprintf("step %d", n)) {
			return
		}
		if w.random.IntN(20) == 0 {
			again, _ := w.take()
			if again != nil && again.UUID != t.UUID {
				w.l.complain("worker %s has task %s, and got %s as well", w.id, t.UUID, again.UUID)
			}
		}
	}
	w.report(t, completed, "done")
}

// report sends a report until it is answered, each time with the same line of log. It returns
// false if the task is not the worker's any more.
func (w *loadWorker) report(t *api.AssignedTask, status, activity string) bool {
	w.lines++
	line := fmt.Sprintf("%sof worker %s, %d: %s", linePrefix, w.id, w.lines, strings.Repeat("x", w.random.IntN(200)))
	activity = fmt.Sprintf("%s, report %d of worker %s", activity, w.lines, w.id)
	update := api.TaskUpdate{TaskStatus: status, Activity: activity, Log: line + "\n"}
	frame := frameOf(t)
	if status == completed {
		update.Frames = []farm.FrameResult{{Frame: frame, Wall: 10}}
	}
	in, k := report{w.id, status, activity}, key{task, "task " + string(t.UUID)}
	logs := hasHistory(frame - 1)
	first := w.l.h.now() // tries without an answer and the last one are one request: it may be repeated
	for lost := 0; ; {
		_, cuts := w.l.h.known(string(t.UUID))
		if logs {
			w.l.h.sending(string(t.UUID), line)
		}
		call := w.l.h.now()
		out, err := w.ask(w.l.ctx, func(ctx context.Context) error { return w.TaskUpdate(ctx, t.UUID, update) })
		switch {
		case out == answered:
			w.l.h.add(k, w.number, first, in, done{})
			if logs {
				w.l.h.logged(string(t.UUID), line, cuts)
			}
			if status == completed {
				w.l.mu.Lock()
				w.l.frames[fmt.Sprintf("%s frame %d", t.Job, frame)] = true
				w.l.mu.Unlock()
			}
			return true
		case out == unknown && w.l.ctx.Err() == nil:
			lost++
			continue
		case out == unsent && w.l.ctx.Err() == nil:
			continue
		case lost > 0 || out == unknown:
			w.l.h.add(k, w.number, first, in, nil)
		}
		if out == rejected {
			w.l.h.add(k, w.number, call, in, refused{})
			if api.StatusOf(err) != 409 {
				w.l.complain("a report on task %s: %v", t.UUID, err)
			}
		}
		return false
	}
}

// frameOf returns the one frame of a task of the job type "crash".
func frameOf(t *api.AssignedTask) (n int) {
	fmt.Sscanf(t.Name, "task %d", &n)
	return n
}
