package manager_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the zones below, wherever the test runs

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

const berlin = "Europe/Berlin"

// virtually runs a test of a farm in virtual time, which begins at midnight UTC
// of Saturday, the 1st of January 2000.
func virtually(t *testing.T, test func(t *testing.T, f *testFarm)) {
	synctest.Test(t, func(t *testing.T) { test(t, newFarm(t)) })
}

// inBerlin registers a worker there and wakes it up.
func (f *testFarm) inBerlin(name string) farm.WorkerID {
	f.t.Helper()
	id := f.worker(name)
	if got := f.signOn(id, name, berlin); got != farm.WorkerAwake {
		f.t.Fatalf("sign-on asks to be %s", got)
	}
	f.must(f.StateChanged(id, farm.WorkerAwake))
	return id
}

func (f *testFarm) signOn(id farm.WorkerID, name, zone string) farm.WorkerStatus {
	f.t.Helper()
	wanted, err := f.SignOn(id, manager.SignOn{Name: name, Software: "test", TaskTypes: []string{"blender", "ffmpeg"}, TimeZone: zone})
	f.must(err)
	return wanted
}

// sleeps gives a worker windows "mo tu 22:00-06:00" to sleep through.
func (f *testFarm) sleeps(id farm.WorkerID, windows ...farm.Window) {
	f.t.Helper()
	f.must(f.SetSchedule(id, farm.Schedule{Active: true, Windows: windows}))
}

// hours is a window on every day, or on some.
func hours(from, to string, days ...string) (w farm.Window) {
	w.From, _ = farm.ParseTimeOfDay(from)
	w.To, _ = farm.ParseTimeOfDay(to)
	for _, d := range days {
		one, _ := farm.ParseDays(d)
		w.Days |= one
	}
	return w
}

// until lets virtual time pass up to a time of day in UTC, of the given number
// of days later.
func until(days, hour, minute int) {
	now := time.Now().UTC()
	at := time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, 0, 0, time.UTC)
	time.Sleep(at.Sub(now))
	synctest.Wait()
}

// asked checks what is asked of a worker, farm.WorkerUnknown for nothing.
func (f *testFarm) asked(id farm.WorkerID, want farm.WorkerStatus) {
	f.t.Helper()
	w, err := f.Worker(id)
	f.must(err)
	if w.Request != (farm.StatusRequest{Status: want}) {
		f.t.Errorf("at %s the worker is %s and asked %+v, want %s", time.Now().UTC(), w.Status, w.Request, want)
	}
}

// obey does what the worker is asked, as it would.
func (f *testFarm) obey(id farm.WorkerID) {
	f.t.Helper()
	wanted, err := f.RequestedStatus(f.t.Context(), id, 0)
	f.must(err)
	if wanted != farm.WorkerUnknown {
		f.must(f.StateChanged(id, wanted))
	}
	f.asked(id, farm.WorkerUnknown)
}

func TestScheduleAsks(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w") // where it is 01:00
		f.sleeps(w, hours("08:00", "18:00", "mo", "tu"), hours("22:00", "06:00", "su"))
		f.asked(w, farm.WorkerUnknown)
		until(1, 20, 59)
		f.asked(w, farm.WorkerUnknown)
		until(0, 21, 0) // Sunday 22:00 in Berlin
		f.asked(w, farm.WorkerAsleep)
		f.obey(w)
		until(1, 4, 59)
		f.asked(w, farm.WorkerUnknown)
		until(0, 5, 0) // Monday 06:00
		f.asked(w, farm.WorkerAwake)
		f.obey(w)
		until(0, 7, 0)
		f.asked(w, farm.WorkerAsleep)
		f.obey(w)
		until(0, 17, 0)
		f.obey(w)
		until(8, 12, 0) // Tuesday of the next week: it did not ask all the while
		f.asked(w, farm.WorkerAsleep)
		until(0, 17, 0)
		f.asked(w, farm.WorkerUnknown) // it never slept
	})
}

// TestScheduleWakesRequests has the worker ask with the wish to wait: it hears
// of the change at the moment it takes place.
func TestScheduleWakesRequests(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("02:30", "02:31"))
		begin := time.Now()
		a, err := f.Assign(t.Context(), w, 12*time.Hour)
		f.must(err)
		if took := time.Since(begin); a.Requested != farm.WorkerAsleep || took != 90*time.Minute {
			t.Errorf("asked to be %s after %s", a.Requested, took)
		}
		f.must(f.StateChanged(w, farm.WorkerAsleep))
		wanted, err := f.RequestedStatus(t.Context(), w, time.Hour)
		f.must(err)
		if took := time.Since(begin); wanted != farm.WorkerAwake || took != 91*time.Minute {
			t.Errorf("asked to be %s after %s", wanted, took)
		}
	})
}

func TestScheduleTakesTheTaskBack(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		job := f.submit(frames(1))
		task := f.take(w)
		f.sleeps(w, hours("02:30", "04:00"))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		p, err := f.MayRun(ctx, w, task, 3*time.Hour)
		f.must(err)
		if p.MayRun || !p.StatusWanted {
			t.Errorf("may it run: %+v", p)
		}
		f.obey(w)
		f.want(job, farm.JobQueued, "frame-1 queued")
	})
}

func TestScheduleAppliesAtOnce(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("00:00", "06:00"))
		f.asked(w, farm.WorkerAsleep)
		f.sleeps(w, hours("03:00", "06:00"))
		f.asked(w, farm.WorkerUnknown) // it is what it should be: the wish is taken back
		f.sleeps(w, hours("00:00", "06:00"))
		f.obey(w)
		f.must(f.SetSchedule(w, farm.Schedule{Windows: []farm.Window{hours("00:00", "06:00")}}))
		f.asked(w, farm.WorkerAwake) // not active any more
		f.obey(w)
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep}))
		f.obey(w)
		f.must(f.SetSchedule(w, farm.Schedule{}))
		f.asked(w, farm.WorkerUnknown) // removed while it did nothing: it has no say
		f.sleeps(w, hours("00:00", "06:00"))
		f.must(f.SetSchedule(w, farm.Schedule{}))
		f.asked(w, farm.WorkerAwake)
		if s, err := f.Schedule(w); err != nil || s.Defined() || !s.Next.IsZero() {
			t.Errorf("it still has %+v, %v", s, err)
		}
	})
}

// TestScheduleAndWishes checks what a change of the schedule makes of the status
// of a worker and of what is asked of it already.
func TestScheduleAndWishes(t *testing.T) {
	asleep, awake := farm.WorkerAsleep, farm.WorkerAwake
	lazy := func(s farm.WorkerStatus) farm.StatusRequest { return farm.StatusRequest{Status: s, Lazy: true} }
	now := func(s farm.WorkerStatus) farm.StatusRequest { return farm.StatusRequest{Status: s} }
	none := farm.StatusRequest{}
	for _, c := range []struct {
		status  farm.WorkerStatus
		pending farm.StatusRequest
		wants   farm.WorkerStatus
		then    farm.StatusRequest
		why     string
	}{
		{awake, none, asleep, now(asleep), "it is to sleep"},
		{asleep, none, awake, now(awake), "it is to wake up"},
		{awake, none, awake, none, "it is awake already"},
		{asleep, none, asleep, none, "it sleeps already"},
		{awake, lazy(asleep), asleep, now(asleep), "a schedule does not wait for the task"},
		{awake, now(asleep), asleep, now(asleep), "it is asked already"},
		{awake, now(asleep), awake, none, "somebody's wish is taken back"},
		{asleep, now(awake), asleep, none, "somebody's wish is taken back"},
		{awake, lazy(farm.WorkerOffline), asleep, lazy(farm.WorkerOffline), "it is about to end"},
		{awake, now(farm.WorkerRestart), asleep, now(farm.WorkerRestart), "it will sign on again, and be told then"},
		{farm.WorkerOffline, none, asleep, now(asleep), "it will be told when it signs on"},
		{farm.WorkerOffline, now(awake), asleep, now(asleep), "what it was when it left counts no more"},
		{farm.WorkerUnknown, none, asleep, now(asleep), "it will be told when it signs on"},
		{farm.WorkerStarting, none, asleep, now(asleep), "it will ask soon"},
		{farm.WorkerError, none, asleep, none, "it is lost"},
		{farm.WorkerError, now(awake), asleep, now(awake), "it is lost"},
	} {
		if got := farm.AfterSchedule(c.status, c.pending, c.wants); got != c.then {
			t.Errorf("a worker that is %s and asked %+v is asked %+v by a schedule that wants it %s; want %+v: %s", c.status, c.pending, got, c.wants, c.then, c.why)
		}
	}
}

func TestScheduleAtSignOn(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("08:00", "18:00"))
		f.must(f.SignOff(w))
		f.asked(w, farm.WorkerAwake) // it would come back as it left
		until(0, 7, 0)
		f.asked(w, farm.WorkerAsleep) // but the schedule has another idea meanwhile
		if got := f.signOn(w, "w", berlin); got != farm.WorkerAsleep {
			t.Errorf("it signs on at 08:00 and is asked to be %s", got)
		}
		f.must(f.StateChanged(w, farm.WorkerAsleep))
		f.asked(w, farm.WorkerUnknown)
		// A worker that crashed left nothing behind, so the schedule alone decides.
		if got := f.signOn(w, "w", berlin); got != farm.WorkerAsleep {
			t.Errorf("it signs on again and is asked to be %s", got)
		}
		until(0, 17, 0)
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep}))
		if got := f.signOn(w, "w", berlin); got != farm.WorkerAsleep {
			t.Errorf("somebody asked it to sleep, and it is asked to be %s", got)
		}
	})
}

func TestScheduleFollowsTheWorkersClock(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("08:00", "18:00"))
		// It moves: 08:00 comes six hours later in New York.
		if got := f.signOn(w, "w", "America/New_York"); got != farm.WorkerAwake {
			t.Errorf("asked to be %s", got)
		}
		f.must(f.StateChanged(w, farm.WorkerAwake))
		until(0, 12, 59)
		f.asked(w, farm.WorkerUnknown)
		until(0, 13, 0)
		f.asked(w, farm.WorkerAsleep)
		if s, err := f.Schedule(w); err != nil || s.Zone != "America/New_York" || s.Wants != farm.WorkerAsleep || s.Next.UTC().Hour() != 23 {
			t.Errorf("%+v, %v", s, err)
		}
		for _, bad := range []string{"", "Local", "local", "Middle/Earth", "../../etc/passwd", "/etc/localtime", string(make([]byte, 1000))} {
			f.signOn(w, "w", bad)
			if s, err := f.Schedule(w); err != nil || s.Zone != time.Local.String() {
				t.Errorf("zone %.20q: %+v, %v", bad, s, err)
			}
		}
	})
}

// TestScheduleOverRestarts lets the manager be away at a change, and not.
func TestScheduleOverRestarts(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("08:00", "18:00"))
		f.stop()
		until(0, 12, 0)
		f.start()
		synctest.Wait()
		f.asked(w, farm.WorkerAsleep)
		f.obey(w)
		// Somebody wakes it up: until the schedule's next change that holds,
		// whatever the manager does meanwhile.
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAwake}))
		f.obey(w)
		f.restart()
		synctest.Wait()
		f.asked(w, farm.WorkerUnknown)
		until(1, 7, 0)
		f.asked(w, farm.WorkerAsleep)
	})
}

// TestScheduleAfterTheClockJumped has the note of the next change lie where only
// a clock that was wrong can have put it.
func TestScheduleAfterTheClockJumped(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("00:00", "06:00"))
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAwake})) // which it is
		f.must(f.store.Update(func(tx *store.Tx) error {
			worker, err := tx.Worker(w)
			worker.ScheduleAt = time.Now().AddDate(30, 0, 0)
			tx.SaveWorker(worker)
			return err
		}))
		f.WakeSchedules()
		synctest.Wait()
		f.asked(w, farm.WorkerAsleep)
	})
	for _, c := range []struct {
		wall, steady time.Duration
		jumped       bool
	}{{30 * time.Second, 30 * time.Second, false}, {30500 * time.Millisecond, 30 * time.Second, false},
		{8 * time.Hour, 30 * time.Second, true}, {-time.Hour, 30 * time.Second, true}} {
		if got := manager.ClockJumped(c.wall, c.steady); got != c.jumped {
			t.Errorf("%s by the clock and %s by the watch: %v", c.wall, c.steady, got)
		}
	}
}

// TestScheduleInSpring has a night that is an hour shorter.
func TestScheduleInSpring(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.inBerlin("w")
		f.sleeps(w, hours("22:00", "06:00", "sa"))
		until(84, 0, 0) // Saturday, the 25th of March
		f.obey(w)
		until(0, 21, 0)
		f.asked(w, farm.WorkerAsleep)
		f.obey(w)
		until(1, 3, 59)
		f.asked(w, farm.WorkerUnknown)
		until(0, 4, 0) // 06:00 in summer time
		f.asked(w, farm.WorkerAwake)
	})
}

func TestScheduleRefused(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	if err := f.SetSchedule(w, farm.Schedule{Active: true, Windows: make([]farm.Window, farm.MaxWindows+1)}); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
	f.must(f.DeleteWorker(w))
	if err := f.SetSchedule(w, farm.Schedule{Active: true}); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
	if _, err := f.Schedule(w); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
}
