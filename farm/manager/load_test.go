package manager_test

import (
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// However many workers tell how busy they are, and however often, readers hear of it every
// ten seconds at most; and nothing is written.
func TestLoadsAreToldTogether(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		var workers []farm.WorkerID
		for i := range 300 {
			workers = append(workers, f.worker("w"+string(rune('0'+i%10))))
		}
		began, written := time.Now(), f.store.Figures().Operations
		published := f.events.Published()
		for second := range 45 {
			for _, id := range workers {
				f.SetLoad(id, "", &farm.WorkerLoad{CPU: new(second)})
			}
			pass(time.Second)
		}
		if told := f.events.Published() - published; told < 4 || told > 5 {
			t.Errorf("%d events in 45 s", told)
		}
		if more := f.store.Figures().Operations - written; more > 10 { // when workers were last seen is saved
			t.Errorf("the store was used %d times in 45 s", more)
		}
		all := f.LoadsSince(began)
		if len(all) != 300 || *all[0].Load.CPU != 44 {
			t.Errorf("%d workers told something, the first %+v", len(all), all[0])
		}
		now := time.Now()
		pass(time.Second)
		f.SetLoad(workers[7], "x", nil)
		if some := f.LoadsSince(now); len(some) != 1 || some[0].Worker != workers[7] || some[0].Load != nil {
			t.Errorf("one told something: %+v", some)
		}
		if !f.KnowsLoad(workers[7], "x") || f.KnowsLoad(workers[7], "y") {
			t.Error("it is not known what it told last")
		}
	})
}

// A worker that is gone is not as busy as it was; one that waits for an answer is there.
func TestLoadOfWhoIsThere(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		f.SetLoad(w, "", &farm.WorkerLoad{CPU: new(50)})
		if l := f.Load(w); l == nil || *l.CPU != 50 {
			t.Errorf("load: %+v", l)
		}
		waits := make(chan error)
		go func() {
			_, err := f.Assign(t.Context(), w, time.Minute)
			waits <- err
		}()
		pass(58 * time.Second)
		got, err := f.Worker(w)
		f.must(err)
		if ago := time.Since(got.LastSeen); ago > time.Second {
			t.Errorf("it waits for a task, and was seen %s ago", ago)
		}
		f.must(<-waits)
		f.must(f.SignOff(w))
		if l := f.Load(w); l != nil || len(f.LoadsSince(time.Time{})) != 0 {
			t.Errorf("it is gone: %+v", l)
		}
	})
}

// What a worker renders is counted by the day, survives a start of the manager, and goes with
// the worker.
func TestFramesOfEachDay(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		f.submitFilm("1-100", 50)
		task := f.begins(w)
		saved := func(flags farm.FrameFlags, numbers ...int) {
			t.Helper()
			var r manager.Report
			for _, n := range numbers {
				r.Frames = append(r.Frames, farm.FrameResult{Frame: n, Wall: 60_000, Saved: time.Now(), Flags: flags})
			}
			f.must(f.Report(w, task, r))
		}
		saved(0, 1, 2)
		saved(farm.FrameWasThere, 3)
		first := farm.DayOf(time.Now().Local())
		if days := f.FrameDays(w); len(days) != 1 || days[0] != (farm.FrameDay{Day: first, Frames: 2, Busy: 120_000}) || days[0].FramesPerHour() != 60 {
			t.Errorf("%+v", days)
		}
		f.restart() // the end saves it
		if days := f.FrameDays(w); len(days) != 1 || days[0].Frames != 2 {
			t.Errorf("after a start: %+v", days)
		}
		pass(24 * time.Hour)
		f.wake(w, "w", "blender", "ffmpeg")
		task = f.begins(w)
		saved(0, 4)
		pass(2 * time.Minute) // it was saved meanwhile, as a crash would find it
		kept, err := f.files.FrameDays()
		f.must(err)
		if days := kept[w]; len(days) != 2 || days[1].Day != first+1 || days[1].Frames != 1 {
			t.Errorf("saved: %+v", days)
		}
		f.must(f.DeleteWorker(w))
		other := f.worker("other")
		f.must(f.Report(other, f.begins(other), manager.Report{Frames: []farm.FrameResult{{Frame: 7, Wall: 1, Saved: time.Now()}}}))
		pass(2 * time.Minute)
		kept, err = f.files.FrameDays()
		f.must(err)
		if len(kept) != 1 || len(kept[other]) != 1 {
			t.Errorf("of a worker that was deleted nothing is kept: %+v", kept)
		}
	})
}
