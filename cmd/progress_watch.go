package cmd

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// A jobView is a job as somebody who waits for it sees it.
type jobView struct {
	job    api.Job
	frames int                  // frames it renders; 0: it has none, and progress counts steps
	failed map[farm.TaskID]bool // tasks that failed for good
	busy   string               // what a worker began last: "render-13 on vm"
	why    string               // why it waits, as the manager says; "" if it does not, or nobody knows
}

// newJobView returns the view of a job that was just fetched or submitted.
func newJobView(job api.Job) *jobView {
	return &jobView{job: job, frames: submit.FramesOf(job), failed: map[farm.TaskID]bool{}}
}

// task notes what an event says of one of the job's tasks.
func (v *jobView) task(e api.EventTaskUpdate) {
	switch status, _ := farm.ParseTaskStatus(e.Status); status {
	case farm.TaskFailed:
		v.failed[e.ID] = true
	case farm.TaskActive:
		delete(v.failed, e.ID)
		v.busy = e.Name
		if e.Worker != nil && e.Worker.Name != "" {
			v.busy += " on " + e.Worker.Name
		}
	default:
		delete(v.failed, e.ID)
	}
}

// watchTick is how often a view is yielded when nothing happens, so that the
// time left goes down.
const watchTick = time.Second

// watchJob yields a job's view whenever it changes, and each second, until the
// job is over or the loop ends. It follows the manager's stream of events; of a
// compatible manager, which has none, it asks again and again. The manager may
// be away for a moment.
func watchJob(ctx context.Context, client *api.Client, job api.Job) iter.Seq2[*jobView, error] {
	return func(yield func(*jobView, error) bool) {
		w := &jobWatch{client: client, view: newJobView(job), yield: yield}
		if !w.stream(ctx) {
			w.poll(ctx)
		}
	}
}

// A jobWatch is the state of one watchJob.
type jobWatch struct {
	client *api.Client
	view   *jobView
	yield  func(*jobView, error) bool
	asked  time.Time // when the manager was asked why the job waits
}

// poll asks again and again.
func (w *jobWatch) poll(ctx context.Context) {
	for job, err := range followJob(ctx, w.client, w.view.job.ID) {
		if err == nil {
			w.view.job = job
		}
		if !w.yield(w.view, err) || err != nil {
			return
		}
	}
}

// stream follows the manager's events, and goes on when the connection breaks.
// It returns false if the manager has no such stream.
func (w *jobWatch) stream(ctx context.Context) bool {
	lost := time.Now() // when the manager was last heard of
	for {
		events, err := w.client.Events(ctx, w.view.job.ID)
		if err == nil {
			more := w.follow(ctx, events)
			if !more {
				return true
			}
			lost = time.Now()
		}
		// An answer that is an error is final; no answer may be a restart.
		switch {
		case ctx.Err() != nil:
			w.yield(w.view, context.Cause(ctx))
			return true
		case err != nil && api.StatusOf(err) != 0:
			return false
		case err != nil && time.Since(lost) > patience:
			w.yield(w.view, err)
			return true
		}
		if err := api.Sleep(ctx, pollMost/2); err != nil {
			w.yield(w.view, err)
			return true
		}
	}
}

// follow reads one connection's events. It returns false when there is nothing
// more to follow, and true when the connection broke.
func (w *jobWatch) follow(ctx context.Context, events *api.EventStream) (more bool) {
	defer events.Close()
	// What happened before the stream began is in the job.
	if !w.refresh(ctx) {
		return false
	}
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return true // the caller tells why
		case <-tick.C:
			w.askWhy(ctx)
			if !w.yield(w.view, nil) {
				return false
			}
		case m, ok := <-events.Messages:
			if !ok {
				return true
			}
			if !w.message(ctx, m) {
				return false
			}
		}
	}
}

// message takes in one event, and returns whether to go on.
func (w *jobWatch) message(ctx context.Context, m api.Message) bool {
	// What does not parse is skipped: a later version may say more.
	switch m.Name {
	case "reset": // events were missed
		return w.refresh(ctx)
	case "task":
		var e api.EventTaskUpdate
		if json.Unmarshal(m.Data, &e) == nil && e.JobID == w.view.job.ID {
			w.view.task(e)
			return w.yield(w.view, nil)
		}
	case "job":
		var e api.EventJobUpdate
		if json.Unmarshal(m.Data, &e) != nil || e.ID != w.view.job.ID {
			return true
		}
		if e.WasDeleted || api.JobIsOver(e.Status) {
			return w.refresh(ctx) // the last word, with everything that an event leaves out
		}
		w.view.job.Status, w.view.job.StepsCompleted, w.view.job.TimeLeft = e.Status, e.StepsCompleted, e.TimeLeft
		return w.yield(w.view, nil)
	}
	return true
}

// whyEvery is how often a manager is asked why a job waits.
const whyEvery = 5 * time.Second

// askWhy finds out why the job waits, now and then. Nothing depends on it.
func (w *jobWatch) askWhy(ctx context.Context) {
	if w.view.job.Status != farm.JobQueued.String() {
		w.view.why, w.asked = "", time.Time{}
		return
	}
	if time.Since(w.asked) < whyEvery {
		return
	}
	w.asked = time.Now()
	if why, err := whyOf(w.client.FetchJobWhy(ctx, w.view.job.ID)); err == nil && why != nil {
		w.view.why = strings.TrimRight(why.Reason, ".")
	}
}

// refresh fetches the job, and returns whether to go on.
func (w *jobWatch) refresh(ctx context.Context) bool {
	job, err := w.client.FetchJob(ctx, w.view.job.ID)
	if err != nil {
		if exitStatus(err) == exitUnreachable || ctx.Err() != nil {
			return true // the stream will break as well, and be opened again
		}
		w.yield(w.view, err)
		return false
	}
	w.view.job = job
	return w.yield(w.view, nil) && !api.JobIsOver(job.Status)
}
