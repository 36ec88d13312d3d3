package manager_test

import (
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A job waits an hour for the worker that has the version of its file, and then goes to
// one with a newer Blender. When the first is awake again, it is the one.
func TestJobWaitsForItsBlender(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(0, 0))
		same, newer := f.worker("same"), f.worker("newer")
		f.must(f.SetFacts(same, farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: "4.2.1", Path: "/a"}}}))
		f.must(f.SetFacts(newer, farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: "5.2.0", Path: "/b"}}}))
		f.submit(frames(3), func(s *farm.Submission) {
			s.Blender.Version = farm.BlenderVersion{Major: 4, Minor: 2}
		})
		if got := f.take(newer); got != "" {
			t.Fatal("the newer one gets it, though the other is awake")
		}
		f.must(f.SignOff(same))
		pass(farm.AwayAfter - time.Minute)
		if got := f.take(newer); got != "" {
			t.Fatal("the newer one gets it before the hour is over")
		}
		pass(time.Minute + 2*late)
		task := f.take(newer)
		if task == "" {
			t.Fatal("nobody gets it, though the only one with its version is gone for an hour")
		}
		f.wake(same, "same", "blender", "ffmpeg")
		f.must(f.SetFacts(same, farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: "4.2.1", Path: "/a"}}}))
		status := farm.TaskCompleted
		f.must(f.Report(newer, task, manager.Report{Status: &status}))
		if f.take(newer) != "" || f.take(same) == "" {
			t.Error("the worker with the version is back, and does not get the next")
		}
	})
}
