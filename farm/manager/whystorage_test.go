package manager_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

// A job whose files were submitted where they are is for workers that have the storage,
// and says so, and how to submit it for the others.
func TestWhyAJobWaitsForTheStorage(t *testing.T) {
	const pack = "submit it again with --pack, which lets workers without the storage fetch its files, or start a worker that has the storage"
	mirrors := func(s *scene, names ...string) (last farm.WorkerID) {
		for _, name := range names {
			last = s.worker(name)
			s.must(s.SetFacts(last, farm.WorkerFacts{Storage: farm.StorageMirrored}))
		}
		return last
	}
	inPlace := func() map[string]any { return map[string]any{"frames": 1, "blendfile": "/elsewhere/a.blend"} }
	check(t, []situation{
		{"one worker, with a mirror", func(s *scene) subject {
			mirrors(s, "a")
			return subject{job: s.submit(inPlace())}
		}, "its files were submitted where they are in the shared storage, which worker a, the only one that could do it, does not have", pack, "", ""},
		{"two with mirrors", func(s *scene) subject {
			mirrors(s, "a", "b")
			return subject{job: s.submit(inPlace())}
		}, "its files were submitted where they are in the shared storage, and no worker that could do it has the storage", pack, "", ""},
		{"one that tells nothing has it", func(s *scene) subject {
			mirrors(s, "a")
			s.worker("b")
			return subject{job: s.submit(inPlace())}
		}, "nothing is in the way: worker b is free for it", "", "worker a does not have the farm's shared storage, which this job needs", "clear"},
		{"a worker with a mirror", func(s *scene) subject {
			w := mirrors(s, "a")
			s.submit(inPlace())
			return subject{worker: w}
		}, "jobs wait for workers with the farm's shared storage, which this one does not have", pack, "", ""},
		{"its files came with it", func(s *scene) subject {
			mirrors(s, "a")
			return subject{job: s.submit(frames(1))}
		}, "nothing is in the way: worker a is free for it", "", "it is handed out with the next request of a worker", "clear"},
	})
}

// A worker with a mirror gets no such task, also after a restart, until it has the storage.
func TestTasksThatNeedTheStorage(t *testing.T) {
	f := newFarm(t)
	w, stock := f.worker("w"), f.worker("stock")
	f.must(f.SetFacts(w, farm.WorkerFacts{Storage: farm.StorageMirrored}))
	for range 2 {
		f.submit(map[string]any{"frames": 1, "blendfile": "/elsewhere/a.blend"})
	}
	if got := f.take(w); got != "" {
		t.Fatal("a worker with a mirror gets the task")
	}
	f.restart()
	if got := f.take(w); got != "" {
		t.Fatal("a worker with a mirror gets the task after a restart")
	}
	if f.take(stock) == "" {
		t.Error("a worker that tells nothing does not get it")
	}
	f.must(f.SetFacts(w, farm.WorkerFacts{}))
	if f.take(w) == "" {
		t.Error("a worker that found the storage does not get it")
	}
}

// A job of which nobody knew that it needs the storage, as an earlier version took it in, waits
// for a worker that has it, once one with a mirror asks for its files.
func TestStorageIsFoundToBeNeeded(t *testing.T) {
	f := newFarm(t)
	w, stock := f.worker("w"), f.worker("stock")
	f.must(f.SetFacts(w, farm.WorkerFacts{Storage: farm.StorageMirrored}))
	job := f.submit(map[string]any{"frames": 2, "blendfile": "/elsewhere/a.blend"})
	f.must(f.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(job)
		if err != nil {
			return err
		}
		j.Blender.Storage = false
		tx.SaveJob(j)
		return nil
	}))
	task := f.take(w)
	if task == "" {
		t.Fatal("the job still needs the storage")
	}
	if _, err := f.MirrorFiles(t.Context(), w, task); farm.KindOf(err) != farm.Conflict {
		t.Errorf("the files of the task: %v", err)
	}
	got, _, err := f.Task(task)
	f.must(err)
	if got.Status != farm.TaskQueued || len(got.FailedBy) > 0 {
		t.Errorf("the task is %s, failed by %v", got.Status, got.FailedBy)
	}
	if got := f.take(w); got != "" {
		t.Error("a worker with a mirror gets a task of it again")
	}
	if f.take(stock) == "" {
		t.Error("a worker that tells nothing does not get one")
	}
}

// A video of frames is for workers that have the storage as long as one of them is awake,
// busy or not; otherwise a worker with a mirror makes it.
func TestVideosPreferTheStorage(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(0, time.Minute))
		mirror, storing := f.worker("mirror"), f.worker("storing")
		f.must(f.SetFacts(mirror, farm.WorkerFacts{Storage: farm.StorageMirrored}))
		job := f.submit(framesAndVideo(1))
		frame := f.take(mirror)
		if frame == "" {
			t.Fatal("a worker with a mirror gets no frame")
		}
		f.report(mirror, frame, farm.TaskCompleted)
		f.submit(map[string]any{"frames": 1, "blendfile": "/elsewhere/a.blend"}, priority(99))
		if f.take(storing) == "" {
			t.Fatal("a worker with the storage gets nothing")
		}
		if got := f.take(mirror); got != "" {
			t.Fatal("a worker with a mirror gets the video though one with the storage is awake")
		}
		why, err := f.WhyJob(job)
		f.must(err)
		if why.Reason != "worker storing, the only one that could do it, is busy" || !slices.Contains(why.Details, "worker mirror leaves it to those with the farm's shared storage, as it reads many files") {
			t.Errorf("why: %+v", why)
		}
		if why, err = f.WhyTask(f.task(job, 1).ID, mirror); err != nil || why.Reason != "worker mirror leaves it to those with the farm's shared storage, as it reads many files" {
			t.Errorf("why not by that worker: %+v, %v", why, err)
		}
		if why, err = f.WhyWorker(mirror); err != nil || why.Reason != "the tasks that wait read many files, and workers with the farm's shared storage do those first" {
			t.Errorf("why the worker has nothing: %+v, %v", why, err)
		}

		// It is woken when the other one is lost, of which nothing is heard any more.
		got := make(chan manager.Assignment, 1)
		go func() {
			a, err := f.Assign(t.Context(), mirror, 24*time.Hour)
			f.must(err)
			got <- a
		}()
		synctest.Wait()
		if len(got) > 0 {
			t.Fatal("it got something while the other worker was there")
		}
		if a := <-got; a.Task == nil || a.Task.ID != f.task(job, 1).ID {
			t.Errorf("it got %+v", a)
		}
	})
}
