package manager_test

import (
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// forgetting is a configuration in which one failure blocks, for so long.
func forgetting(d time.Duration) func(*farm.Config) {
	return func(c *farm.Config) {
		c.TaskFailAfterSoftfailCount, c.BlocklistThreshold, c.BlocklistForget = 3, 1, farm.Duration(d)
	}
}

func TestBlocksEndByThemselves(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(forgetting(24 * time.Hour))
		bad := f.worker("bad")
		f.worker("good")
		job := f.submit(frames(30))
		f.failNext(bad)
		pass(time.Hour)
		other := f.submit(frames(30))
		f.failNext(bad)
		got := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), bad, 1000*time.Hour) })
		pass(23*time.Hour - time.Millisecond)
		if f.blocked(job) == "" {
			t.Error("the block ended too early")
		}
		pass(time.Millisecond + late)
		if f.blocked(job) != "" || f.blocked(other) == "" {
			t.Errorf("blocked are %q and %q", f.blocked(job), f.blocked(other))
		}
		if a := <-got; a.err != nil || a.value.Task == nil || a.value.Task.Job != job {
			t.Errorf("the worker was not told: %+v", a)
		}
		pass(time.Hour)
		if f.blocked(other) != "" {
			t.Error("the other block did not end")
		}
	})
}

func TestForgettingKeepsToTheConfiguration(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(forgetting(0))
		bad := f.worker("bad")
		f.worker("good")
		job := f.submit(frames(30))
		f.failNext(bad)
		pass(1000 * time.Hour)
		if f.blocked(job) == "" {
			t.Error("a block ended that never should")
		}
		f.restart()
		f.configure(forgetting(2000 * time.Hour))
		pass(999 * time.Hour)
		if f.blocked(job) == "" {
			t.Error("after a restart the block ended too early")
		}
		pass(time.Hour + late)
		if f.blocked(job) != "" {
			t.Error("after a restart the block did not end")
		}
		f.failNext(bad)
		pass(time.Hour)
		f.configure(forgetting(30 * time.Minute))
		pass(0)
		if f.blocked(job) != "" {
			t.Error("a shorter time did not hold at once")
		}
	})
}

// A block that a user lifted and that came again ends by its own time.
func TestForgettingIsAboutOneBlock(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(forgetting(24 * time.Hour))
		bad := f.worker("bad")
		f.worker("good")
		job := f.submit(frames(30))
		f.failNext(bad)
		pass(12 * time.Hour)
		f.must(f.Unblock(job, []manager.Block{{Worker: bad, TaskType: "blender"}}))
		f.failNext(bad)
		pass(12*time.Hour + late)
		if f.blocked(job) == "" {
			t.Error("the second block ended with the time of the first")
		}
		pass(12 * time.Hour)
		if f.blocked(job) != "" {
			t.Error("the second block did not end")
		}
	})
}

// A job that failed because nobody is left does not begin again by itself.
func TestForgettingWakesNoFailedJob(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(forgetting(24 * time.Hour))
		bad := f.worker("bad")
		job, gone := f.submit(frames(30)), f.submit(frames(30))
		f.failNext(bad)
		f.failNext(bad)
		f.want(job, farm.JobFailed)
		before, _, _ := f.Job(job)
		follow := f.events.Follow()
		f.must(f.DeleteJob(gone))
		awaitDeletion(t, follow, gone)
		pass(24*time.Hour + late)
		f.want(job, farm.JobFailed)
		if f.blocked(job) != "" {
			t.Error("the block did not end")
		}
		if after, _, _ := f.Job(job); !after.Updated.Equal(before.Updated) {
			t.Error("the job counts as changed")
		}
	})
}
