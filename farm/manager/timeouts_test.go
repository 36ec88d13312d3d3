package manager_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

// timeouts is a configuration of the time-outs.
func timeouts(task, worker time.Duration) func(*farm.Config) {
	return func(c *farm.Config) { c.TaskTimeout, c.WorkerTimeout = farm.Duration(task), farm.Duration(worker) }
}

// pass lets virtual time pass, and everything happen that is due. A sweep may
// come a second late.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

const late = time.Second

func (f *testFarm) wantWorker(id farm.WorkerID, want farm.WorkerStatus) {
	f.t.Helper()
	if w, err := f.Worker(id); err != nil || w.Status != want {
		f.t.Errorf("the worker is %s, want %s; %v", w.Status, want, err)
	}
}

func TestWorkerTimesOut(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(0, time.Minute))
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(1))
		task := f.take(w1)
		got := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w2, long) })
		pass(time.Minute - time.Millisecond)
		f.wantWorker(w1, farm.WorkerAwake)
		f.want(job, farm.JobActive, "frame-1 active")
		pass(time.Millisecond + late)
		f.wantWorker(w1, farm.WorkerError)
		if a := <-got; a.err != nil || a.value.Task == nil || a.value.Task.ID != task {
			t.Fatalf("the other worker got %+v", a)
		}
		f.wantWorker(w2, farm.WorkerAwake) // it waited all the while
		if got := f.task(job, 0); got.Failures != 0 {
			t.Errorf("a lost worker counts as a failure: %+v", got.TaskState)
		}
		if p, err := f.MayRun(t.Context(), w1, task, long); err != nil || p.MayRun {
			t.Errorf("the lost worker may go on: %+v, %v", p, err)
		}
		status := farm.TaskCompleted
		if err := f.Report(w1, task, manager.Report{Status: &status}); farm.KindOf(err) != farm.Conflict {
			t.Errorf("its report: %v", err)
		}
		if log, _, _ := f.TaskLogTail(task); strings.Contains(log, "completed") {
			t.Error("its report is in the log")
		}
	})
}

// A worker that was merely cut off comes back when it speaks again.
func TestLostWorkerComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		status  farm.WorkerStatus
		request farm.StatusRequest
		wants   farm.WorkerStatus
	}{
		"awake":                 {farm.WorkerAwake, farm.StatusRequest{}, farm.WorkerAwake},
		"asleep":                {farm.WorkerAsleep, farm.StatusRequest{}, farm.WorkerAsleep},
		"starting":              {farm.WorkerStarting, farm.StatusRequest{}, farm.WorkerAwake},
		"asked to sleep":        {farm.WorkerAwake, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}, farm.WorkerAsleep},
		"asked to wake up":      {farm.WorkerAsleep, farm.StatusRequest{Status: farm.WorkerAwake}, farm.WorkerAwake},
		"asked to shut down":    {farm.WorkerAwake, farm.StatusRequest{Status: farm.WorkerOffline}, farm.WorkerAwake},
		"nothing, and is awake": {farm.WorkerTesting, farm.StatusRequest{}, farm.WorkerAwake},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T, f *testFarm) {
				f.configure(timeouts(0, time.Minute))
				w := f.worker("w1")
				f.must(f.StateChanged(w, c.status))
				if c.request.Pending() {
					f.must(f.RequestStatus(w, c.request))
				}
				pass(time.Minute + late)
				f.wantWorker(w, farm.WorkerError)
				if a, err := f.Assign(t.Context(), w, long); err != nil || a.Requested != c.wants {
					t.Errorf("asking for a task: %+v, %v; want to be asked to be %s", a, err, c.wants)
				}
				if wanted, err := f.RequestedStatus(t.Context(), w, long); err != nil || wanted != c.wants {
					t.Errorf("asking for a status: %s, %v; want %s", wanted, err, c.wants)
				}
				f.must(f.StateChanged(w, c.wants))
				f.wantWorker(w, c.wants)
				if got, _ := f.Worker(w); got.Request.Pending() {
					t.Errorf("it is still asked for %+v", got.Request)
				}
			})
		})
	}
}

func TestLostWorkerHeedsItsSchedule(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) { // it is midnight
		f.configure(timeouts(0, time.Minute))
		w := f.worker("w1")
		f.sleeps(w, hours("00:00", "06:00"))
		f.must(f.StateChanged(w, farm.WorkerAsleep))
		pass(time.Minute + late)
		if wanted, _ := f.RequestedStatus(t.Context(), w, 0); wanted != farm.WorkerAsleep {
			t.Errorf("at night it is to be %s", wanted)
		}
		pass(7 * time.Hour)
		if wanted, _ := f.RequestedStatus(t.Context(), w, 0); wanted != farm.WorkerAwake {
			t.Errorf("in the morning it is to be %s", wanted)
		}
	})
}

func TestWhoDoesNotTimeOut(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(0, time.Minute))
		never, err := f.Register(manager.Registration{Name: "never here", Secret: "x", Platform: "linux"})
		f.must(err)
		off, deleted, poller, sleeper, talker := f.worker("off"), f.worker("deleted"), f.worker("poller"), f.worker("sleeper"), f.worker("talker")
		f.must(f.SignOff(off))
		f.must(f.DeleteWorker(deleted))
		f.must(f.StateChanged(sleeper, farm.WorkerAsleep))
		for range 10 { // held as long as the time-out, again and again
			a := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), poller, time.Minute) })
			b := wait(func() (farm.WorkerStatus, error) { return f.RequestedStatus(t.Context(), sleeper, time.Minute) })
			for range 2 {
				pass(30 * time.Second)
				if _, err := f.Authenticate(string(talker), "secret of talker"); err != nil {
					t.Error(err)
				}
			}
			<-a
			<-b
		}
		f.wantWorker(never.ID, farm.WorkerUnknown)
		f.wantWorker(off, farm.WorkerOffline)
		f.wantWorker(poller, farm.WorkerAwake)
		f.wantWorker(sleeper, farm.WorkerAsleep)
		f.wantWorker(talker, farm.WorkerAwake)
		if _, err := f.Worker(deleted); farm.KindOf(err) != farm.NotFound {
			t.Errorf("the deleted worker: %v", err)
		}
		pass(time.Minute + late)
		f.wantWorker(poller, farm.WorkerError)
		f.wantWorker(sleeper, farm.WorkerError)
	})
}

func TestTaskTimesOut(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(10*time.Minute, 0))
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(1))
		task := f.take(w1)
		pass(9 * time.Minute)
		f.must(f.Report(w1, task, manager.Report{Activity: "still at it"}))
		since := time.Now().Local().Format(time.RFC3339)
		pass(9 * time.Minute)
		f.want(job, farm.JobActive, "frame-1 active")
		pass(time.Minute + late)
		f.wantWorker(w1, farm.WorkerAwake) // worker_timeout is off
		got := f.task(job, 0)
		if got.Status != farm.TaskSoftFailed || got.Failures != 1 || len(got.FailedBy) != 1 || got.FailedBy[0] != w1 || !strings.Contains(got.Activity, "timed out on worker w1") {
			t.Errorf("the task is %+v", got.TaskState)
		}
		f.wantLog(task, fmt.Sprintf("Task timed out. It was assigned to worker w1 (%s), but untouched since %s", w1, since),
			fmt.Sprintf("Task timed out on worker w1 (%s), try 1 of 3. Manager marks it as soft failure", w1), "task changed status active -> soft-failed")
		if p, err := f.MayRun(t.Context(), w1, task, long); err != nil || p.MayRun {
			t.Errorf("the worker may go on: %+v, %v", p, err)
		}
		if again := f.take(w2); again != task {
			t.Error("the other worker did not get it")
		}
		for _, w := range []farm.WorkerID{w2, w1} { // both failed it, and may try again
			pass(10*time.Minute + late)
			f.take(w)
		}
		pass(10*time.Minute + late)
		f.want(job, farm.JobFailed, "frame-1 failed")
	})
}

// A held request keeps its task and its worker alive, however short the time-outs.
func TestHeldRequestKeepsTheTaskAlive(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(timeouts(10*time.Second, 10*time.Second))
		w := f.worker("w1")
		job := f.submit(frames(1))
		task := f.take(w)
		for range 5 {
			if p, err := f.MayRun(t.Context(), w, task, time.Minute); err != nil || !p.MayRun {
				t.Fatalf("got %+v, %v", p, err)
			}
		}
		f.wantWorker(w, farm.WorkerAwake)
		pass(10*time.Second + late)
		f.wantWorker(w, farm.WorkerError)
		f.want(job, farm.JobQueued, "frame-1 queued") // returned, not failed: the worker is gone
		f.wantLog(task, "Task was queued by Manager because worker timed out")
	})
}

func TestZeroSwitchesOffOnlyWhatItNames(t *testing.T) {
	for _, c := range []struct {
		task, worker time.Duration
		status       farm.WorkerStatus
		taskIs       farm.TaskStatus
	}{
		{0, 0, farm.WorkerAwake, farm.TaskActive},
		{time.Hour, 0, farm.WorkerAwake, farm.TaskSoftFailed},
		{0, time.Hour, farm.WorkerError, farm.TaskQueued},
		{time.Hour, 2 * time.Hour, farm.WorkerError, farm.TaskSoftFailed},
	} {
		virtually(t, func(t *testing.T, f *testFarm) {
			f.configure(timeouts(c.task, c.worker))
			w := f.worker("w1")
			job := f.submit(frames(1))
			f.take(w)
			pass(100 * time.Hour)
			f.wantWorker(w, c.status)
			if got := f.task(job, 0).Status; got != c.taskIs {
				t.Errorf("task_timeout %s, worker_timeout %s: the task is %s, want %s", c.task, c.worker, got, c.taskIs)
			}
		})
	}
}

func TestNewTimeoutsHoldAtOnce(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w1")
		job := f.submit(frames(1))
		f.take(w)
		pass(time.Hour)
		f.configure(timeouts(2*time.Hour, 0))
		pass(0)
		f.want(job, farm.JobActive, "frame-1 active")
		f.configure(timeouts(time.Hour, 0))
		pass(0)
		f.want(job, farm.JobActive, "frame-1 soft-failed")
		f.configure(timeouts(time.Hour, 30*time.Minute))
		pass(0)
		f.wantWorker(w, farm.WorkerError)
	})
}

func TestClocksStartAnewWithTheManager(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w1")
		job := f.submit(frames(1))
		f.take(w)
		pass(time.Hour)
		f.restart()
		f.configure(timeouts(10*time.Minute, time.Minute))
		pass(time.Minute - time.Millisecond)
		f.wantWorker(w, farm.WorkerAwake)
		pass(time.Millisecond + late)
		f.wantWorker(w, farm.WorkerError)
		f.want(job, farm.JobQueued)
		f.configure(timeouts(10*time.Minute, 0))
		f.must(f.StateChanged(w, farm.WorkerAwake))
		f.take(w)
		f.restart()
		f.configure(timeouts(10*time.Minute, 0))
		pass(10*time.Minute + late)
		if got := f.task(job, 0).Status; got != farm.TaskSoftFailed {
			t.Errorf("a task that was active since before the start is %s", got)
		}
	})
}

// A sign of life between the sweep's look and its turn saves worker and task, and
// both are watched on.
func TestHeardOfInTheLastMoment(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w1")
		job := f.submit(frames(1))
		task := f.take(w)
		for _, c := range []struct {
			timeouts     func(*farm.Config)
			before       func() error // waits for its turn before the sweep does
			after        func() error
			alive, found func()
		}{
			{timeouts(time.Minute, 0), func() error { return f.Report(w, task, manager.Report{}) }, func() error { return nil },
				func() { f.want(job, farm.JobActive, "frame-1 active") }, func() { f.want(job, farm.JobActive, "frame-1 soft-failed") }},
			{timeouts(0, time.Minute), func() error { return nil }, func() error { _, err := f.Authenticate(string(w), "secret of w1"); return err },
				func() { f.wantWorker(w, farm.WorkerAwake) }, func() { f.wantWorker(w, farm.WorkerError) }},
		} {
			f.must(c.before())
			f.must(c.after())
			f.configure(c.timeouts)
			pass(time.Minute - time.Millisecond)
			turn, busy := make(chan struct{}), make(chan error)
			go func() { busy <- f.store.Update(func(*store.Tx) error { <-turn; return nil }) }()
			synctest.Wait()
			go func() { busy <- c.before() }()
			pass(late) // the sweep has found that it is due, and waits
			f.must(c.after())
			close(turn)
			f.must(<-busy)
			f.must(<-busy)
			pass(time.Minute - late)
			c.alive()
			pass(3 * late)
			c.found()
		}
	})
}
