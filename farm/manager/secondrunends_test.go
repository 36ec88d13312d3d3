package manager_test

import (
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// What ends a second run, and does no harm to the first.
func TestTheEndOfASecondRun(t *testing.T) {
	for name, happens := range map[string]func(r *race){
		"its worker crashes":          func(r *race) { r.wake(r.fast, "fast", "blender") },
		"its worker signs off":        func(r *race) { r.must(r.SignOff(r.fast)) },
		"its worker shall sleep":      func(r *race) { r.must(r.RequestStatus(r.fast, farm.StatusRequest{Status: farm.WorkerAsleep})) },
		"its worker is deleted":       func(r *race) { r.must(r.DeleteWorker(r.fast)) },
		"its worker asks for another": func(r *race) { r.configure(func(c *farm.Config) { c.RenderLastFramesTwice = false }); r.take(r.fast) },
		"the manager crashes":         func(r *race) { r.restart() },
		"it could not render": func(r *race) {
			_, err := r.EndSecond(r.t.Context(), r.fast, r.last, manager.SecondOutcome{Reason: "the file saves more"}, 0)
			r.must(err)
			if got := r.take(r.fast); got != "" {
				r.t.Errorf("the job has one more second run, of %s", got)
			}
			r.wantLog(r.last, "Worker fast does not render this frame as well any more: the file saves more")
		},
		"the other does not stop in time": func(r *race) {
			if a := <-r.done(r.fast, r.last); a.Yours {
				r.t.Error("it got the task of a worker that may still write its file")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			raced(t, func(t *testing.T, r *race) {
				r.second(r.fast)
				happens(r)
				if p, err := r.MayRun(t.Context(), r.fast, r.last, 0); err == nil && p.MayRun {
					t.Error("the second run may go on")
				}
				if a, err := r.EndSecond(t.Context(), r.fast, r.last, manager.SecondOutcome{Rendered: true}, 0); err == nil && a.Yours {
					t.Error("it counts")
				}
				if p := r.mayRun(r.slow, r.last); !p.MayRun {
					t.Errorf("the first run may not go on: %+v", p)
				}
				r.report(r.slow, r.last, farm.TaskCompleted)
				if task := r.task(r.job, 6); task.Status != farm.TaskCompleted || task.Worker != r.slow || task.Attempt != 1 {
					t.Errorf("the task: %+v", task)
				}
			})
		})
	}
}

// What takes the task from the first run's worker ends the second run as well: nobody
// knows whether the first has ended.
func TestTheEndOfAFirstRun(t *testing.T) {
	for name, happens := range map[string]func(r *race){
		"its worker signs off":     func(r *race) { r.must(r.SignOff(r.slow)) },
		"its worker fails it":      func(r *race) { r.report(r.slow, r.last, farm.TaskFailed) },
		"its worker gives it back": func(r *race) { r.report(r.slow, r.last, farm.TaskQueued) },
		"the task is requeued":     func(r *race) { r.must(r.SetTaskStatus(r.last, farm.TaskQueued, "")) },
		"it is done meanwhile, and its worker lost": func(r *race) {
			r.configure(func(c *farm.Config) { c.TaskTimeout = farm.Duration(30 * time.Second) })
			if a := <-r.done(r.fast, r.last); a.Yours {
				r.t.Error("it got the task of a worker that may still write its file")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			raced(t, func(t *testing.T, r *race) {
				r.second(r.fast)
				happens(r)
				pass(time.Second)
				if p := r.mayRun(r.fast, r.last); p.MayRun {
					t.Error("the second run may go on")
				}
				if a := <-r.done(r.fast, r.last); a.Yours {
					t.Error("it counts")
				}
				r.wake(r.slow, "slow", "blender", "ffmpeg")
				for range 10 {
					r.work(r.fast)
					r.work(r.slow)
				}
				r.want(r.job, farm.JobCompleted)
			})
		})
	}
}

// A worker that was to stop has done so, and the other one is gone: the task is queued.
func TestBothRunsEnd(t *testing.T) {
	for name, happens := range map[string]func(r *race){
		"the fast worker crashes": func(r *race) { r.wake(r.fast, "fast", "blender") },
		"the job is paused":       func(r *race) { r.must(r.SetJobStatus(r.job, farm.JobPauseRequested, "")) },
	} {
		t.Run(name, func(t *testing.T) {
			raced(t, func(t *testing.T, r *race) {
				r.second(r.fast)
				answer := r.done(r.fast, r.last)
				happens(r)
				r.report(r.slow, r.last, farm.TaskQueued)
				if a := <-answer; a.Yours {
					t.Error("it counts")
				}
				pass(2 * time.Minute)
				if task := r.task(r.job, 6); task.Status != farm.TaskQueued {
					t.Errorf("the task: %+v", task)
				}
			})
		})
	}
}

// The worker of the first run crashed and starts again: when it asks for a task, what it
// had is over for sure.
func TestASecondRunWinsOverACrashedWorker(t *testing.T) {
	raced(t, func(t *testing.T, r *race) {
		r.second(r.fast)
		answer := r.done(r.fast, r.last)
		r.wake(r.slow, "slow", "blender", "ffmpeg")
		if got := r.take(r.slow); got != "" {
			t.Errorf("it got %s", got)
		}
		if a := <-answer; !a.Yours {
			t.Errorf("the fast worker: %+v", a)
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskActive || task.Worker != r.fast {
			t.Errorf("the task: %+v", task)
		}
	})
}

// A second run is no sign of life of the first.
func TestASecondRunKeepsNobodyAlive(t *testing.T) {
	raced(t, func(t *testing.T, r *race) {
		r.configure(func(c *farm.Config) { c.TaskTimeout = farm.Duration(time.Minute) })
		r.second(r.fast)
		for range 4 {
			p, err := r.MayRun(t.Context(), r.fast, r.last, time.Minute)
			r.must(err)
			if !p.MayRun {
				break
			}
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskSoftFailed {
			t.Errorf("the task of a silent worker: %+v", task)
		}
	})
}
