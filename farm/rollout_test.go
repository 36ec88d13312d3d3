package farm

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A rollingFarm is a rollout over workers that a test changes.
type rollingFarm struct {
	t       *testing.T
	now     time.Time
	workers map[WorkerID]Worker
	Rollout
}

func newRollingFarm(t *testing.T, ids ...WorkerID) *rollingFarm {
	f := &rollingFarm{t: t, now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), workers: map[WorkerID]Worker{}, Rollout: Rollout{Version: "2"}}
	for _, id := range ids {
		f.workers[id] = Worker{ID: id, Name: string(id), Software: "1", Status: WorkerAwake, Facts: &WorkerFacts{Updates: true}}
		f.Steps = append(f.Steps, RolloutStep{Worker: id, Name: string(id), State: UpdateWaiting})
	}
	return f
}

// look looks, and compares who is asked and how long somebody may be away.
func (f *rollingFarm) look(ask WorkerID, left time.Duration, states ...UpdateState) {
	f.t.Helper()
	got, wait := f.Look(f.now, func(id WorkerID) (Worker, error) {
		w, ok := f.workers[id]
		if !ok {
			return w, errors.New("deleted")
		}
		return w, nil
	})
	if got == ask && ask != "" { // as the manager does
		f.change(ask, func(w *Worker) { w.Request = StatusRequest{WorkerRestart, true} })
	}
	if got != ask || wait != left {
		f.t.Fatalf("asked is %q, with %s left, want %q and %s", got, wait, ask, left)
	}
	for i, want := range states {
		if f.Steps[i].State != want {
			f.t.Fatalf("%s is %s (%s), want %s", f.Steps[i].Name, f.Steps[i].State, f.Steps[i].Reason, want)
		}
	}
}

func (f *rollingFarm) change(id WorkerID, to func(w *Worker)) {
	w := f.workers[id]
	to(&w)
	f.workers[id] = w
}

// is has a worker take a status, which ends what it was asked for.
func (f *rollingFarm) is(id WorkerID, s WorkerStatus, version string) {
	f.change(id, func(w *Worker) { w.Status, w.Software, w.Request = s, version, StatusRequest{} })
}

// TestRollout updates one worker after the other: a new program that is only tried does not count, nor does it
// matter whether anybody looks while the worker is away.
func TestRollout(t *testing.T) {
	f := newRollingFarm(t, "a", "b", "c", "d")
	f.change("b", func(w *Worker) { w.Status = WorkerAsleep })
	f.change("c", func(w *Worker) { w.Facts = nil })
	f.look("a", 0, UpdateAsked, UpdateWaiting)
	f.now = f.now.Add(5 * time.Hour) // it renders a long frame
	f.look("", 0, UpdateAsked, UpdateWaiting)
	f.is("a", WorkerOffline, "1")
	f.look("", UpdateLimit, UpdateAway, UpdateWaiting)
	f.now = f.now.Add(time.Minute)
	f.is("a", WorkerStarting, "2")
	f.look("", UpdateLimit-time.Minute, UpdateAway, UpdateWaiting)
	f.is("a", WorkerOffline, "2")
	f.look("", UpdateLimit-time.Minute, UpdateAway, UpdateWaiting)
	f.is("a", WorkerAwake, "2")
	f.look("b", 0, UpdateDone, UpdateAsked, UpdateWaiting)
	f.is("b", WorkerAsleep, "2")
	f.is("d", WorkerAwake, "2")
	f.look("", 0, UpdateDone, UpdateDone, UpdateSkipped, UpdateDone)
	if !f.Over() || f.Stopped != "" || !strings.Contains(f.Steps[2].Reason, "cannot update itself") {
		t.Errorf("in the end: %+v", f.Rollout)
	}
}

// TestRolloutStops has the first worker that is not updated keep all others from being asked.
func TestRolloutStops(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(f *rollingFarm)
		reason  string
	}{
		"it stays away": {func(f *rollingFarm) {
			f.is("a", WorkerOffline, "1")
			f.look("", UpdateLimit, UpdateAway)
			f.now = f.now.Add(UpdateLimit)
		}, "come back"},
		"it was lost": {func(f *rollingFarm) {
			f.is("a", WorkerError, "1")
			f.look("", UpdateLimit, UpdateAway)
			f.now = f.now.Add(UpdateLimit)
		}, "come back"},
		"it is back as it was": {func(f *rollingFarm) {
			f.is("a", WorkerOffline, "1")
			f.look("", UpdateLimit, UpdateAway)
			f.is("a", WorkerAwake, "1")
		}, "back with version 1"},
		"it is back, and nobody looked": {func(f *rollingFarm) {
			f.is("a", WorkerAwake, "1")
			f.change("a", func(w *Worker) { w.Facts = &WorkerFacts{Updates: true, UpdateTrouble: "its disk is full"} })
		}, "its disk is full"},
		"it was deleted": {func(f *rollingFarm) { delete(f.workers, "a") }, "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newRollingFarm(t, "a", "b")
			f.look("a", 0, UpdateAsked, UpdateWaiting)
			c.happens(f)
			f.look("", 0, UpdateFailed, UpdateSkipped)
			if !f.Over() || !strings.Contains(f.Stopped, "a was not updated") || !strings.Contains(f.Steps[0].Reason, c.reason) {
				t.Errorf("in the end: %+v", f.Rollout)
			}
		})
	}
}
