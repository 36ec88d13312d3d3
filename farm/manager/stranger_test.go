package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// TestStrangersMakeRoom fills the farm with workers that register and never sign on. They
// keep nobody out for longer than an hour, and those that belong to the farm stay.
func TestStrangersMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t)
		f.configure(func(c *farm.Config) { c.MaxWorkers = 3 })
		offline := f.worker("offline")
		f.must(f.SignOff(offline))
		register := func(name string) (farm.Worker, error) {
			return f.Register(manager.Registration{Name: name, Platform: "linux", Secret: "secret of " + name})
		}
		waiting, err := register("asks whether it is approved")
		f.must(err)
		stranger, err := register("stranger")
		f.must(err)
		if _, err := register("too early"); farm.KindOf(err) != farm.Busy {
			t.Errorf("a fourth worker of three: %v", err)
		}
		time.Sleep(time.Hour)
		f.restart()
		f.configure(func(c *farm.Config) { c.MaxWorkers = 3 })
		if _, err := register("too early after a start"); farm.KindOf(err) != farm.Busy {
			t.Errorf("a fourth worker of three, after a start: %v", err)
		}
		time.Sleep(time.Hour)
		if _, err := f.Authenticate(string(waiting.ID), "secret of asks whether it is approved"); err != nil {
			t.Error(err)
		}
		_, err = register("new")
		f.must(err)
		if _, err := f.Authenticate(string(stranger.ID), "secret of stranger"); err != manager.ErrDeleted {
			t.Errorf("the stranger: %v", err)
		}
		for id, name := range map[farm.WorkerID]string{waiting.ID: "asks whether it is approved", offline: "offline"} {
			if _, err := f.Authenticate(string(id), "secret of "+name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
