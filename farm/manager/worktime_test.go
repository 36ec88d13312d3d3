package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

// ends has a worker say when it ends, as each of its requests does.
func (f *testFarm) ends(w farm.WorkerID, left, whole time.Duration) {
	f.SetWorkTime(w, farm.WorkTime{Left: left, Whole: whole})
}

// tooLate reports what a worker that asks for a task is told.
func (f *testFarm) tooLate(w farm.WorkerID) bool {
	f.t.Helper()
	a, err := f.Assign(f.t.Context(), w, time.Hour) // the answer is not held back
	f.must(err)
	if a.Task != nil {
		f.t.Errorf("it got the task %s", a.Task.Name)
	}
	return a.TooLate
}

func TestNoTaskThatIsNotDoneByTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openFarm(t)
		defer f.stop()
		f.submitFilm("1-50", 1)
		w, other := f.worker("w"), f.worker("other")
		f.render(other, 20)
		f.render(other, 20)

		f.ends(w, 15*time.Second, 2*time.Minute)
		if !f.tooLate(w) {
			t.Error("15 s are left, frames take 20 s, and it is not told to end")
		}
		f.ends(w, 90*time.Second, 2*time.Minute)
		task := f.begins(w)
		if task == "" {
			t.Fatal("90 s are left, frames take 20 s, and it gets none")
		}
		if next := f.next(w, task); next == "" {
			t.Error("there is time for two")
		}
		f.ends(w, 40*time.Second, 2*time.Minute)
		f.must(f.SignOff(w))
		f.wake(w, "w", "blender", "ffmpeg")
		f.ends(w, 40*time.Second, 2*time.Minute)
		if task = f.begins(w); task == "" {
			t.Fatal("40 s are left, frames take 20 s, and it gets none")
		}
		if next := f.next(w, task); next != "" {
			t.Error("there is no time for two")
		}

		// One that does not end gets whatever there is, and one that does not say so any more.
		f.must(f.SignOff(w))
		f.wake(w, "w", "blender", "ffmpeg")
		f.SetWorkTime(w, farm.WorkTime{})
		if f.take(w) == "" {
			t.Error("no task for a worker without end")
		}
	})
}

// Nothing was measured of a job: workers with much of their time left try it, and what
// they gave back is known to take longer.
func TestUnmeasuredTasksAndTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openFarm(t)
		defer f.stop()
		f.submitFilm("1-3", 1)
		w := f.worker("w")
		f.ends(w, 50*time.Second, 2*time.Minute)
		if !f.tooLate(w) {
			t.Error("less than half of its time is left")
		}
		f.ends(w, 110*time.Second, 2*time.Minute)
		if f.begins(w) == "" {
			t.Fatal("nobody tries it")
		}
		time.Sleep(108 * time.Second)
		f.must(f.SignOff(w)) // and the frame is not done

		f.wake(w, "w", "blender", "ffmpeg")
		f.ends(w, 110*time.Second, 2*time.Minute)
		if !f.tooLate(w) {
			t.Error("a frame was not done in 108 s, and there are 110 s")
		}
		f.ends(w, 5*time.Minute, 5*time.Minute)
		if f.begins(w) == "" {
			t.Error("there are 5 minutes, and it is not tried again")
		}
	})
}

// A worker that leaves for good is deleted, and what it held is queued again.
func TestLeave(t *testing.T) {
	f := newFarm(t)
	job := f.submitFilm("1-1", 1)
	w := f.worker("w")
	f.begins(w)
	f.must(f.Leave(w))
	if s := f.task(job, 0).Status; s != farm.TaskQueued {
		t.Errorf("its task is %s", s)
	}
	workers, err := f.Workers()
	f.must(err)
	if len(workers) != 0 {
		t.Errorf("it is still there: %+v", workers)
	}
}
