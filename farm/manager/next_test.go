package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// next asks for the task after the one at hand; "" if there is none.
func (f *testFarm) next(w farm.WorkerID, current farm.TaskID) farm.TaskID {
	f.t.Helper()
	a, err := f.AssignNext(w, current)
	f.must(err)
	if a.Task == nil {
		return ""
	}
	if len(a.Task.Commands) == 0 {
		f.t.Error("the next task has no commands")
	}
	return a.Task.ID
}

// keeps reports whether a worker may keep a task that it has not begun, and why not.
func (f *testFarm) keeps(w farm.WorkerID, task farm.TaskID) (bool, string) {
	f.t.Helper()
	p, err := f.MayBegin(f.t.Context(), w, task, 0)
	f.must(err)
	return p.MayRun, p.Reason
}

func TestTheNextTask(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submit(frames(3))
	first := f.take(w)
	second := f.next(w, first)
	if second == "" || second == first {
		t.Fatalf("after %s comes %q", first, second)
	}
	f.want(job, farm.JobActive, "frame-1 active", "frame-2 active", "frame-3 queued")
	if again := f.next(w, first); again != second {
		t.Errorf("asked again it is %s, not %s", again, second)
	}
	if ok, why := f.keeps(w, second); !ok {
		t.Errorf("it may not be kept: %s", why)
	}
	shown, err := f.Worker(w)
	f.must(err)
	if shown.LastTask != first {
		t.Errorf("people see task %s, and the worker works on %s", shown.LastTask, first)
	}
	f.report(w, first, farm.TaskCompleted)
	if _, err := f.AssignNext(w, first); farm.KindOf(err) != farm.Conflict {
		t.Errorf("after a task that is over: %v", err)
	}
	third := f.next(w, second)
	f.report(w, second, farm.TaskCompleted)
	f.report(w, third, farm.TaskQueued) // it was not begun
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 completed", "frame-3 queued")
	f.take(w)
	if more := f.next(w, third); more != "" {
		t.Error("after the last task comes", more)
	}
}

// A next task is only one of the same job and type, and not for a worker that shall
// do something else.
func TestNoNextTask(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submit(frames(3))
	at := f.take(w)
	urgent := f.submit(frames(1), func(s *farm.Submission) { s.Priority = 90 })
	if next := f.next(w, at); next != "" {
		t.Error("a more urgent job waits, and the next task is", next)
	}
	f.must(f.SetJobStatus(urgent, farm.JobPauseRequested, ""))
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, ""))
	if next := f.next(w, at); next != "" {
		t.Error("the job is paused, and the next task is", next)
	}
	f.must(f.SetJobStatus(job, farm.JobQueued, ""))
	f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
	if next := f.next(w, at); next != "" {
		t.Error("the worker shall sleep, and the next task is", next)
	}
	other := f.worker("other")
	if _, err := f.AssignNext(other, at); farm.KindOf(err) != farm.Conflict {
		t.Errorf("asked by another worker: %v", err)
	}
}

// A task that was not begun is given back when something else is better, at once.
func TestANextTaskIsGivenBack(t *testing.T) {
	cases := map[string]struct {
		happens func(f *testFarm, job farm.JobID, w farm.WorkerID, next farm.TaskID)
		why     string
	}{
		"the job is paused": {func(f *testFarm, job farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			f.must(f.SetJobStatus(job, farm.JobPauseRequested, ""))
		}, "task is not for this worker now"},
		"the job is canceled": {func(f *testFarm, job farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			f.must(f.SetJobStatus(job, farm.JobCancelRequested, ""))
		}, `task is in non-runnable status "canceled"`},
		"the job is deleted": {func(f *testFarm, job farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			f.must(f.DeleteJob(job))
		}, `task is in non-runnable status "canceled"`},
		"the job gets a tag": {func(f *testFarm, job farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
			f.must(err)
			f.must(f.SetJobTag(job, tag.ID, ""))
		}, "task is not for this worker now"},
		"the task is requeued": {func(f *testFarm, _ farm.JobID, _ farm.WorkerID, next farm.TaskID) {
			f.must(f.SetTaskStatus(next, farm.TaskQueued, ""))
		}, `task is in non-runnable status "queued"`},
		"an urgent job comes": {func(f *testFarm, _ farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			f.submit(frames(1), func(s *farm.Submission) { s.Priority = 90 })
		}, "there is a more urgent job"},
		"a job becomes urgent": {func(f *testFarm, _ farm.JobID, _ farm.WorkerID, _ farm.TaskID) {
			late := f.submit(frames(1))
			f.must(f.SetJobPriority(late, 90))
		}, "there is a more urgent job"},
		"the worker shall sleep later": {func(f *testFarm, _ farm.JobID, w farm.WorkerID, _ farm.TaskID) {
			f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
		}, "worker status change requested"},
		"the worker is blocked": {func(f *testFarm, job farm.JobID, w farm.WorkerID, next farm.TaskID) {
			f.configure(func(c *farm.Config) { c.BlocklistThreshold = 1 })
			f.worker("able")
			tasks, _, err := f.Tasks(job, -1, 1)
			f.must(err)
			f.report(w, tasks[0].ID, farm.TaskFailed)
		}, "task is not for this worker now"},
		"somebody is idle": {func(f *testFarm, _ farm.JobID, _ farm.WorkerID, next farm.TaskID) {
			idle := f.worker("idle")
			if task := f.take(idle); task != "" {
				f.t.Errorf("the idle worker got %s", task)
			}
		}, "another worker has nothing to do"},
		"the worker is away": {func(f *testFarm, _ farm.JobID, w farm.WorkerID, _ farm.TaskID) {
			f.must(f.SignOff(w))
		}, "worker status change requested"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t)
				w := f.worker("w")
				job := f.submit(frames(2))
				next := f.next(w, f.take(w))
				answer := make(chan manager.Permission)
				go func() {
					p, err := f.MayBegin(t.Context(), w, next, long)
					f.must(err)
					answer <- p
				}()
				synctest.Wait()
				c.happens(f, job, w, next)
				began := time.Now()
				if p := <-answer; p.MayRun || p.Reason != c.why || time.Since(began) > 0 {
					t.Errorf("after %s: %+v", time.Since(began), p)
				}
			})
		})
	}
}

// An idle worker that waits gets the task as soon as it is given back; and only one
// next task is given back for it.
func TestAnIdleWorkerGetsANextTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t)
		a, b, idle := f.worker("a"), f.worker("b"), f.worker("idle")
		f.submit(frames(4))
		next := map[farm.WorkerID]farm.TaskID{a: f.next(a, f.take(a)), b: f.next(b, f.take(b))}
		got := make(chan manager.Assignment)
		go func() {
			answer, err := f.Assign(t.Context(), idle, long)
			f.must(err)
			got <- answer
		}()
		synctest.Wait()
		asked := 0
		for w, task := range next {
			if ok, _ := f.keeps(w, task); !ok {
				asked++
				f.report(w, task, farm.TaskQueued)
				if answer := <-got; answer.Task == nil || answer.Task.ID != task {
					t.Errorf("it got %+v", answer.Task)
				}
			}
		}
		if asked != 1 {
			t.Errorf("%d tasks were given back for one worker", asked)
		}
	})
}

// A worker and a manager that crash leave a next task as any active one.
func TestANextTaskSurvives(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	f.submit(frames(3))
	first := f.take(w)
	second := f.next(w, first)
	f.restart()
	if ok, why := f.keeps(w, second); !ok {
		t.Errorf("the manager crashed, and the task may not be kept: %s", why)
	}
	if again := f.take(w); again != first && again != second {
		t.Errorf("the worker crashed, and gets %s", again)
	}
	f.report(w, first, farm.TaskCompleted)
	if again := f.take(w); again != second {
		t.Errorf("then it gets %s", again)
	}
}
