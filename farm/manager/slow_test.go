package manager_test

import (
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

func slow(factor int, least time.Duration, retry bool) func(*farm.Config) {
	return func(c *farm.Config) {
		c.SlowFactor, c.SlowLeast, c.SlowRetry = factor, farm.Duration(least), retry
	}
}

// takes has a worker do its next task in so long.
func (f *testFarm) takes(w farm.WorkerID, d time.Duration) {
	f.t.Helper()
	task := f.take(w)
	pass(d)
	f.report(w, task, farm.TaskCompleted)
}

func TestSlowTaskIsToldOf(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(slow(10, time.Minute, false))
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(10))
		first := f.take(w2) // while nothing is known
		for range 3 {
			f.takes(w1, 20*time.Second)
		}
		pass(140*time.Second - time.Second) // 199 s
		f.wantNoWarning(job)
		pass(time.Second + late)
		why, err := f.WhyJob(job)
		f.must(err)
		if !why.Running || len(why.Warnings) != 1 || !strings.HasPrefix(why.Warnings[0], "task 1 takes long: it has run for 3m2") || !strings.Contains(why.Warnings[0], "such tasks of the job take 20s") {
			t.Errorf("why: %+v", why)
		}
		f.wantLog(first, "This task takes long on worker w2: it has run for 3m2")
		if f.task(job, 0).Status != farm.TaskActive {
			t.Error("it was ended")
		}
		// It is told of once, and is no news any more when it ends.
		pass(time.Hour)
		if log, _, _ := f.TaskLogTail(first); strings.Count(log, "takes long") != 1 {
			t.Errorf("%s", log)
		}
		f.report(w2, first, farm.TaskCompleted)
		f.wantNoWarning(job)
	})
}

func (f *testFarm) wantNoWarning(job farm.JobID) {
	f.t.Helper()
	if why, err := f.WhyJob(job); err != nil || len(why.Warnings) > 0 {
		f.t.Errorf("why: %+v, %v", why, err)
	}
}

// Short tasks vary a lot: none is slow before the least time. And a task that a
// worker held before it began it is as old as its beginning.
func TestSlowTaskLeast(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(slow(2, 5*time.Minute, false))
		w1 := f.worker("w1")
		job := f.submit(frames(10))
		for range 3 {
			f.takes(w1, time.Second)
		}
		task := f.take(w1)
		pass(4 * time.Minute)
		active := farm.TaskActive
		f.must(f.Report(w1, task, manager.Report{Status: &active}))
		pass(5*time.Minute - time.Second)
		f.wantNoWarning(job)
		pass(time.Second + late)
		if why, err := f.WhyTask(task, ""); err != nil || len(why.Warnings) != 1 {
			t.Errorf("why: %+v, %v", why, err)
		}
	})
}

// With the policy another worker tries it, once.
func TestSlowTaskIsTriedElsewhere(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(slow(10, time.Minute, true))
		w1, w2, w3 := f.worker("w1"), f.worker("w2"), f.worker("w3")
		job := f.submit(frames(4))
		for range 3 {
			f.takes(w1, 20*time.Second)
		}
		task := f.take(w2)
		pass(200*time.Second + late)
		if got := f.task(job, 3); got.Status != farm.TaskSoftFailed || got.Failures != 0 || got.Excused != 1 || !strings.HasPrefix(got.Activity, "The task took too long on worker w2") {
			t.Errorf("%+v", got.TaskState)
		}
		if p, err := f.MayRun(t.Context(), w2, task, 0); err != nil || p.MayRun {
			t.Errorf("it may go on: %+v, %v", p, err)
		}
		if f.take(w3) != task {
			t.Error("nobody else got it")
		}
		pass(time.Hour)
		if got := f.task(job, 3); got.Status != farm.TaskActive || got.Worker != w3 {
			t.Errorf("the second time: %+v", got.TaskState)
		}
	})
}
