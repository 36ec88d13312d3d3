package manager_test

import (
	"fmt"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A life is a worker in a table of what is asked of workers: steps of what users
// and the worker do, and what is asked of it after each.
type life struct {
	*testFarm
	id farm.WorkerID
}

// step does one thing: "ask STATUS", "ask lazily STATUS", "is STATUS" (the worker
// reports it), "on", "off", "crash" (it signs on without having signed off).
func (l *life) step(text string) error {
	word, rest := text, ""
	fmt.Sscan(text, &word)
	if len(text) > len(word) {
		rest = text[len(word)+1:]
	}
	switch word {
	case "ask":
		lazy := false
		if n, _ := fmt.Sscanf(rest, "lazily %s", &rest); n == 1 {
			lazy = true
		}
		status, ok := farm.ParseWorkerStatus(rest)
		if !ok {
			l.t.Fatalf("no step: %s", text)
		}
		return l.RequestStatus(l.id, farm.StatusRequest{Status: status, Lazy: lazy})
	case "is":
		status, _ := farm.ParseWorkerStatus(rest)
		return l.StateChanged(l.id, status)
	case "on":
		wanted, err := l.SignOn(l.id, manager.SignOn{Name: "w", CanRestart: rest == "can restart", TaskTypes: []string{"blender"}})
		if err == nil && rest != "can restart" && wanted.String() != rest {
			l.t.Errorf("it signs on and is asked to be %s, want %s", wanted, rest)
		}
		return err
	case "off":
		return l.SignOff(l.id)
	}
	l.t.Fatalf("no step: %s", text)
	return nil
}

func (l *life) pending() string {
	w, err := l.Worker(l.id)
	l.must(err)
	if w.Request.Lazy {
		return "lazily " + w.Request.Status.String()
	}
	return w.Request.Status.String()
}

// TestStatusRequests goes through the life of requests: each row
// is a step and what is asked of the worker after it.
func TestStatusRequests(t *testing.T) {
	type row struct{ step, pending string }
	for name, rows := range map[string][]row{
		"sleep and wake": {{"ask asleep", "asleep"}, {"is asleep", ""}, {"ask awake", "awake"}, {"is awake", ""}},
		"lazily":         {{"ask lazily asleep", "lazily asleep"}, {"is asleep", ""}},
		"the present status takes a request back": {
			{"ask asleep", "asleep"}, {"ask awake", ""},
			{"ask lazily offline", "lazily offline"}, {"ask lazily awake", ""}},
		"the last request counts": {{"ask asleep", "asleep"}, {"ask lazily offline", "lazily offline"}, {"ask offline", "offline"}},
		"only what was asked acknowledges": {
			{"ask asleep", "asleep"}, {"is awake", "asleep"}, {"is testing", "asleep"}, {"is error", "asleep"}, {"is asleep", ""}},
		"a report without a request":      {{"is asleep", ""}, {"is awake", ""}},
		"back awake":                      {{"off", "awake"}, {"on awake", "awake"}, {"is awake", ""}},
		"back asleep":                     {{"is asleep", ""}, {"off", "asleep"}, {"on asleep", "asleep"}, {"is asleep", ""}},
		"what is asked survives sign-off": {{"ask lazily asleep", "lazily asleep"}, {"off", "lazily asleep"}, {"on asleep", "lazily asleep"}, {"is asleep", ""}},
		"a shutdown is done at sign-off":  {{"ask offline", "offline"}, {"off", "awake"}, {"on awake", "awake"}},
		"a worker shut down asleep":       {{"is asleep", ""}, {"ask offline", "offline"}, {"off", "asleep"}, {"on asleep", "asleep"}},
		"a shutdown survives a crash":     {{"ask offline", "offline"}, {"on offline", "offline"}, {"off", ""}, {"on awake", ""}},
		"a restart": {
			{"on can restart", ""}, {"is awake", ""}, {"ask lazily restart", "lazily restart"}, {"off", "awake"}, {"on awake", "awake"}},
		"a restart by a crash":  {{"on can restart", ""}, {"is awake", ""}, {"ask restart", "restart"}, {"on awake", ""}},
		"asked while away":      {{"off", "awake"}, {"ask asleep", "asleep"}, {"on asleep", "asleep"}, {"is asleep", ""}},
		"taken back while away": {{"off", "awake"}, {"ask asleep", "asleep"}, {"ask offline", ""}, {"on awake", ""}},
		"neither awake nor asleep is nothing to come back to": {{"is testing", ""}, {"off", ""}, {"on awake", ""}},
		"lost":                         {{"is error", ""}, {"off", ""}, {"ask awake", "awake"}, {"on awake", "awake"}},
		"it restarts asleep":           {{"on can restart", ""}, {"is asleep", ""}, {"ask restart", "restart"}, {"off", "asleep"}, {"on asleep", "asleep"}},
		"sleep is kept over a crash":   {{"ask asleep", "asleep"}, {"on asleep", "asleep"}, {"is asleep", ""}},
		"acknowledged before the fall": {{"ask asleep", "asleep"}, {"is asleep", ""}, {"on awake", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			l := &life{testFarm: f, id: f.worker("w")}
			for _, r := range rows {
				f.must(l.step(r.step))
				if got := l.pending(); got != r.pending {
					t.Fatalf("after %q it is asked to be %q, want %q", r.step, got, r.pending)
				}
			}
			before := l.pending()
			if f.restart(); l.pending() != before {
				t.Errorf("a restart of the manager makes %q of %q", l.pending(), before)
			}
		})
	}
}

func TestRequestsThatCannotBe(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	for status, kind := range map[farm.WorkerStatus]farm.Kind{
		farm.WorkerRestart: farm.PreconditionFailed, farm.WorkerStarting: farm.Invalid, farm.WorkerError: farm.Invalid,
		farm.WorkerTesting: farm.Invalid, farm.WorkerUnknown: farm.Invalid} {
		if err := f.RequestStatus(w, farm.StatusRequest{Status: status}); farm.KindOf(err) != kind {
			t.Errorf("%s: %v", status, err)
		}
		f.asked(w, farm.WorkerUnknown)
	}
}

// TestHowRequestsAreHeard checks who hears of a lazy request and of one that
// does not wait, while the worker has a task.
func TestHowRequestsAreHeard(t *testing.T) {
	for _, lazy := range []bool{true, false} {
		f := newFarm(t)
		w := f.worker("w")
		job := f.submit(frames(2))
		task := f.take(w)
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: lazy}))
		if p, err := f.MayRun(t.Context(), w, task, 0); err != nil || p.MayRun != lazy || p.StatusWanted == lazy {
			t.Errorf("lazily: %v; may it run: %+v, %v", lazy, p, err)
		}
		if s, err := f.RequestedStatus(t.Context(), w, 0); err != nil || s != farm.WorkerAsleep {
			t.Errorf("lazily: %v; the state it shall take: %s, %v", lazy, s, err)
		}
		if lazy {
			f.report(w, task, farm.TaskCompleted)
		}
		if a, err := f.Assign(t.Context(), w, 0); err != nil || a.Requested != farm.WorkerAsleep || a.Task != nil {
			t.Errorf("lazily: %v; its next task: %+v, %v", lazy, a, err)
		}
		f.must(f.StateChanged(w, farm.WorkerAsleep))
		if lazy {
			f.want(job, farm.JobActive, "frame-1 completed", "frame-2 queued")
		} else {
			f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued")
		}
	}
}
