package farm

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// UpdateState is how far one worker is that is to update its program.
type UpdateState string

const (
	UpdateWaiting UpdateState = "waiting" // its turn has not come
	UpdateAsked   UpdateState = "asked"   // it was asked to, and finishes its task and fetches the program
	UpdateAway    UpdateState = "away"    // it left, and is to come back within UpdateLimit
	UpdateDone    UpdateState = "updated" // it came back with the new program
	UpdateFailed  UpdateState = "failed"  // it did not; the rollout ends
	UpdateSkipped UpdateState = "skipped" // it was not asked
)

// Over reports whether nothing more happens.
func (s UpdateState) Over() bool { return s == UpdateDone || s == UpdateFailed || s == UpdateSkipped }

// UpdateLimit is within which a worker is to be back that left to update its program.
const UpdateLimit = 2 * time.Minute

// RolloutStep is one worker of a rollout.
type RolloutStep struct {
	Worker WorkerID
	Name   string
	State  UpdateState
	Reason string    // why it failed or was skipped, for people
	Since  time.Time // when the state began
}

// Rollout brings workers to the manager's version: one after the other, until one does not
// come back. It is not kept: the end of the manager ends it.
type Rollout struct {
	Version string // that the workers shall have
	Began   time.Time
	Stopped string        // why it ended before its end, for people; "" if it did not
	Steps   []RolloutStep // in the order in which they are asked
}

// Over reports whether nobody is left to be asked or waited for.
func (r *Rollout) Over() bool {
	for _, s := range r.Steps {
		if !s.State.Over() {
			return false
		}
	}
	return true
}

// Clone returns a copy that shares nothing.
func (r *Rollout) Clone() Rollout {
	c := *r
	c.Steps = slices.Clone(r.Steps)
	return c
}

// Stop ends the rollout: who was not asked is not, and who was asked is not waited for.
func (r *Rollout) Stop(why string, now time.Time) {
	r.Stopped = cmp.Or(r.Stopped, why)
	for i := range r.Steps {
		if s := &r.Steps[i]; !s.State.Over() {
			s.set(UpdateSkipped, "the update was stopped before: "+why, now)
		}
	}
}

func (s *RolloutStep) set(state UpdateState, reason string, now time.Time) {
	s.State, s.Reason, s.Since = state, reason, now
}

// Look goes on as far as the workers are. It returns the worker to ask now, "" for none, and how
// long the one that is away may stay there, 0 if none is.
func (r *Rollout) Look(now time.Time, find func(WorkerID) (Worker, error)) (ask WorkerID, left time.Duration) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.State.Over() {
			continue
		}
		w, err := find(s.Worker)
		switch {
		case s.State != UpdateWaiting:
			s.follow(w, err, r.Version, now)
		case err != nil:
			s.set(UpdateSkipped, "it was deleted", now)
		case w.WhyNoUpdate() != "":
			s.set(UpdateSkipped, w.WhyNoUpdate(), now)
		case w.Software == r.Version:
			s.set(UpdateDone, "", now) // somebody did it meanwhile
		default:
			s.set(UpdateAsked, "", now)
			return s.Worker, 0
		}
		switch s.State {
		case UpdateFailed:
			r.Stop(s.Name+" was not updated", now)
			return "", 0
		case UpdateAsked:
			return "", 0
		case UpdateAway:
			return "", s.Since.Add(UpdateLimit).Sub(now)
		}
	}
	return "", 0
}

// follow looks how far a worker is that was asked. It tries the new program before it takes it,
// and only one that takes tasks, or could be woken to, has done with that.
func (s *RolloutStep) follow(w Worker, err error, version string, now time.Time) {
	here := w.Status == WorkerAwake || w.Status == WorkerAsleep
	asked := s.State == UpdateAsked && w.Request.Status == WorkerRestart
	switch {
	case err != nil:
		s.set(UpdateFailed, "it was deleted", now)
	case here && w.Software == version:
		s.set(UpdateDone, "", now)
	case here && !asked:
		s.set(UpdateFailed, cmp.Or(w.updateTrouble(), fmt.Sprintf("it is back with version %s, or was asked for something else meanwhile", w.Software)), now)
	case s.State == UpdateAsked && (w.Status == WorkerOffline || w.Status == WorkerError):
		s.set(UpdateAway, "", now)
	case s.State == UpdateAway && now.Sub(s.Since) >= UpdateLimit:
		s.set(UpdateFailed, fmt.Sprintf("it did not come back within %s: look at its computer", Duration(UpdateLimit)), now)
	}
}

// WhyNoUpdate says why a worker cannot be asked to update its program, "" if it can.
func (w *Worker) WhyNoUpdate() string {
	switch {
	case w.Status != WorkerAwake && w.Status != WorkerAsleep:
		return "it is not here"
	case w.Facts == nil || !w.Facts.Updates:
		return cmp.Or(w.updateTrouble(), "it cannot update itself: replace the program on its computer")
	}
	return ""
}

func (w *Worker) updateTrouble() string {
	if w.Facts == nil {
		return ""
	}
	return w.Facts.UpdateTrouble
}
