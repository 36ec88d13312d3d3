package manager_test

import (
	"testing"

	"renderfarm/farm"
)

// What becomes of the task that a worker holds when the worker is changed.
func TestWorkerIsChangedWhileItHoldsATask(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *testFarm, w farm.WorkerID)
		keeps  bool
		log    string
	}{
		"deleted":      {func(f *testFarm, w farm.WorkerID) { f.must(f.DeleteWorker(w)) }, false, "because worker is being deleted"},
		"signed off":   {func(f *testFarm, w farm.WorkerID) { f.must(f.SignOff(w)) }, false, "because worker signed off"},
		"fell asleep":  {func(f *testFarm, w farm.WorkerID) { f.must(f.StateChanged(w, farm.WorkerAsleep)) }, false, "changed status to 'asleep'"},
		"lost its tag": {func(f *testFarm, w farm.WorkerID) { f.must(f.SetWorkerTags(w, nil)) }, true, ""},
		"takes other types": {func(f *testFarm, w farm.WorkerID) { f.wake(w, "w1", "misc") }, false,
			`does not take tasks of type "blender" any more`},
		"takes more types": {func(f *testFarm, w farm.WorkerID) { f.wake(w, "w1", "misc", "blender") }, true, ""},
		"is to sleep after the task": {func(f *testFarm, w farm.WorkerID) {
			f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
		}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
			f.must(err)
			w := f.worker("w1")
			f.must(f.SetWorkerTags(w, []farm.TagID{tag.ID}))
			job := f.submit(frames(2), func(s *farm.Submission) { s.Tag = tag.ID })
			task := f.take(w)
			c.change(f, w)
			if !c.keeps {
				f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued")
				f.wantLog(task, c.log)
				return
			}
			if p, err := f.MayRun(t.Context(), w, task, 0); err != nil || !p.MayRun {
				t.Errorf("it may not go on: %+v, %v", p, err)
			}
			f.report(w, task, farm.TaskCompleted)
			f.want(job, farm.JobActive, "frame-1 completed", "frame-2 queued")
		})
	}
}

// A worker that is to sleep at once is stopped by its next question, and its
// task is returned when it says that it sleeps.
func TestSleepAtOnceReturnsTheTask(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(1))
	task := f.take(w)
	f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep}))
	if p, err := f.MayRun(t.Context(), w, task, long); err != nil || p.MayRun || !p.StatusWanted {
		t.Errorf("got %+v, %v", p, err)
	}
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	f.want(job, farm.JobQueued, "frame-1 queued")
}
