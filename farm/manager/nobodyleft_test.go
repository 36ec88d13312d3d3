package manager_test

import (
	"fmt"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

func TestNobodyLeft(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 2))
	w1, w2 := f.worker("w1", "blender"), f.worker("w2", "blender")
	f.worker("filmer", "ffmpeg")
	job := f.submit(framesAndVideo(40))
	f.failNext(w1)
	f.failNext(w1)
	running := f.take(w2)
	f.report(w2, running, farm.TaskFailed)
	f.want(job, farm.JobActive)
	f.failNext(w2)
	f.want(job, farm.JobFailed)
	j, _, _ := f.Job(job)
	if !strings.Contains(j.Activity, `nobody is left for tasks of type "blender"`) || j.Counts[farm.TaskFailed] != 2 {
		t.Errorf("the job says %q, counts %v", j.Activity, j.Counts)
	}
	f.restart()
	f.configure(rules(1, 2))
	f.want(job, farm.JobFailed)

	t.Run("a lifted block", func(t *testing.T) {
		assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w1, long) })
		f.must(f.Unblock(job, []manager.Block{{Worker: w1, TaskType: "blender"}, {Worker: "nobody", TaskType: "blender"}}))
		if got := f.blocked(job); got != "w2:blender" {
			t.Errorf("blocked: %q", got)
		}
		a := <-assigned
		if a.err != nil || a.value.Task == nil {
			t.Fatalf("got %+v", a)
		}
		f.report(w1, a.value.Task.ID, farm.TaskCompleted)
		f.want(job, farm.JobActive)
		f.failNext(w1)
		f.failNext(w1)
		f.want(job, farm.JobFailed)
	})
	t.Run("one task requeued", func(t *testing.T) {
		f.must(f.SetTaskStatus(f.task(job, 5).ID, farm.TaskQueued, "one more"))
		if got := f.blocked(job); got != "" {
			t.Errorf("nobody could do it: %q are blocked", got)
		}
		if names := f.work(w1); fmt.Sprint(names) != "[frame-6]" {
			t.Errorf("did %v", names)
		}
	})
	t.Run("the job requeued", func(t *testing.T) {
		f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
		f.failNext(w1)
		f.failNext(w1)
		f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
		if got := f.blocked(job); got != "" {
			t.Errorf("blocked: %q", got)
		}
		if names := f.work(w1); len(names) != 38 {
			t.Errorf("did %d tasks", len(names))
		}
	})
}

// Workers that are asleep, offline or lost may come back; those of other types
// or without the tag do not count.
func TestWhoCountsAsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		other func(f *testFarm, w farm.WorkerID, tag farm.TagID)
		left  bool
	}{
		"asleep":      {func(f *testFarm, w farm.WorkerID, _ farm.TagID) { f.must(f.StateChanged(w, farm.WorkerAsleep)) }, true},
		"offline":     {func(f *testFarm, w farm.WorkerID, _ farm.TagID) { f.must(f.SignOff(w)) }, true},
		"in error":    {func(f *testFarm, w farm.WorkerID, _ farm.TagID) { f.must(f.StateChanged(w, farm.WorkerError)) }, true},
		"deleted":     {func(f *testFarm, w farm.WorkerID, _ farm.TagID) { f.must(f.DeleteWorker(w)) }, false},
		"without tag": {func(f *testFarm, w farm.WorkerID, _ farm.TagID) { f.must(f.SetWorkerTags(w, nil)) }, false},
		"other types": {func(f *testFarm, w farm.WorkerID, tag farm.TagID) { f.wake(w, "w2", "misc") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			f.configure(rules(3, 1))
			tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
			f.must(err)
			w1, w2 := f.worker("w1"), f.worker("w2")
			for _, w := range []farm.WorkerID{w1, w2} {
				f.must(f.SetWorkerTags(w, []farm.TagID{tag.ID}))
			}
			c.other(f, w2, tag.ID)
			job := f.submit(frames(20), func(s *farm.Submission) { s.Tag = tag.ID })
			f.failNext(w1)
			if got := f.jobStatus(job); (got == farm.JobActive) != c.left {
				t.Errorf("the job is %s", got)
			}
		})
	}
}
