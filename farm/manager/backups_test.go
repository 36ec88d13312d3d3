package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

func (f *testFarm) backups() (list []store.BackupFile) {
	f.t.Helper()
	list, err := f.store.Backups()
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// The manager backs up its database every day, keeps the last of them, catches up
// with what it missed while it did not run, and does nothing when it is switched off.
func TestBackups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openFarm(t)
		defer func() { f.stop() }()
		f.wait(10 * 24 * time.Hour)
		list := f.backups()
		if len(list) != 7 {
			t.Fatalf("%d backups after ten days", len(list))
		}
		for i, b := range list {
			if b.Kind != store.BackupDaily || i > 0 && list[i-1].Made.Sub(b.Made) < 24*time.Hour-time.Minute {
				t.Errorf("%+v", b)
			}
			if err := store.CheckBackup(b.Path); err != nil {
				t.Error(err)
			}
		}
		newest := list[0].Made
		if _, err := f.BackUp(t.Context()); err != nil || len(f.backups()) != 8 {
			t.Errorf("one that was asked for pushed out another: %v", err)
		}

		f.stop()
		f.wait(3 * 24 * time.Hour)
		f.start()
		f.wait(2 * time.Minute)
		if list := f.backups(); !list[0].Made.After(newest) || time.Since(list[0].Made) > 2*time.Minute {
			t.Errorf("the newest is of %s, and now is %s", list[0].Made, time.Now())
		}

		c := f.Config()
		c.BackupPeriod = 0
		if err := f.SetConfig(c); err != nil {
			t.Fatal(err)
		}
		newest = f.backups()[0].Made
		f.wait(5 * 24 * time.Hour)
		if got := f.backups()[0].Made; !got.Equal(newest) {
			t.Errorf("a backup was made at %s", got)
		}
		c.BackupPeriod = farm.Duration(time.Hour)
		if err := f.SetConfig(c); err != nil {
			t.Fatal(err)
		}
		f.wait(2 * time.Minute)
		if got := f.backups()[0].Made; got.Equal(newest) {
			t.Error("none was made after it was switched on again")
		}
	})
}

// wait lets virtual time pass, and what it causes happen.
func (f *testFarm) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
