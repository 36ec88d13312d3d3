package manager_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// updatable signs a worker on that can update itself, and has it take tasks.
func (f *testFarm) updatable(id farm.WorkerID, version string) {
	f.t.Helper()
	wanted, err := f.SignOn(id, manager.SignOn{Name: string(id), Software: version, TaskTypes: []string{"blender"}, Facts: &farm.WorkerFacts{Arch: "amd64", Updates: true}})
	f.must(err)
	f.must(f.StateChanged(id, wanted))
}

// TestRolloutStopsInTime has one worker come back and the next one not, in virtual time.
func TestRolloutStopsInTime(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		version, _ := f.Version()
		a, b, c, old := f.worker("a"), f.worker("b"), f.worker("c"), f.worker("old")
		for _, id := range []farm.WorkerID{a, b, c} {
			f.updatable(id, "0.1")
		}
		have := func(goos, arch string) error {
			if goos+arch != "linuxamd64" {
				return errors.New("asked for " + goos + " " + arch)
			}
			return nil
		}
		states := func(want ...farm.UpdateState) {
			t.Helper()
			synctest.Wait()
			r := f.Rollout()
			for i, id := range []farm.WorkerID{a, b, c, old} {
				for _, s := range r.Steps {
					if s.Worker == id && s.State != want[i] {
						t.Errorf("%s is %s (%s), want %s", s.Name, s.State, s.Reason, want[i])
					}
				}
			}
		}
		_, err := f.StartRollout([]farm.WorkerID{a, b, c, old}, have)
		f.must(err)
		states(farm.UpdateAsked, farm.UpdateWaiting, farm.UpdateWaiting, farm.UpdateSkipped)
		if _, err := f.StartRollout(nil, have); farm.KindOf(err) != farm.Conflict {
			t.Errorf("a second one: %v", err)
		}
		if !f.MayUpdate(a) || f.MayUpdate(b) {
			t.Error("it is the turn of another")
		}
		if s, err := f.RequestedStatus(t.Context(), a, time.Second); err != nil || s != farm.WorkerRestart {
			t.Errorf("it is asked to be %s, %v", s, err)
		}
		f.must(f.SignOff(a))
		states(farm.UpdateAway, farm.UpdateWaiting, farm.UpdateWaiting, farm.UpdateSkipped)
		f.updatable(a, version)
		states(farm.UpdateDone, farm.UpdateAsked, farm.UpdateWaiting, farm.UpdateSkipped)
		f.must(f.SignOff(b))
		states(farm.UpdateDone, farm.UpdateAway, farm.UpdateWaiting, farm.UpdateSkipped)
		time.Sleep(farm.UpdateLimit - time.Second)
		states(farm.UpdateDone, farm.UpdateAway, farm.UpdateWaiting, farm.UpdateSkipped)
		time.Sleep(time.Second)
		states(farm.UpdateDone, farm.UpdateFailed, farm.UpdateSkipped, farm.UpdateSkipped)
		if r := f.Rollout(); r.Stopped == "" || !r.Over() {
			t.Errorf("it ended as %+v", r)
		}
		f.updatable(b, "0.1")
		_, err = f.StartRollout([]farm.WorkerID{c, b}, have)
		f.must(err)
		states(farm.UpdateDone, farm.UpdateWaiting, farm.UpdateAsked, farm.UpdateSkipped)
		f.StopRollout(farm.Actor{Name: "anna"})
		states(farm.UpdateDone, farm.UpdateSkipped, farm.UpdateSkipped, farm.UpdateSkipped)
		if f.MayUpdate(c) {
			t.Error("it was stopped, and goes on")
		}
	})
}
