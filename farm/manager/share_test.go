package manager_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// farmTime is when files were changed.
var farmTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// A pair is a job of one task of eight frames, of which a worker has rendered one while
// another one is idle.
type pair struct {
	*testFarm
	job          farm.JobID
	holder, idle farm.WorkerID
	task         farm.TaskID
}

func paired(t *testing.T, play func(t *testing.T, p *pair)) {
	virtually(t, func(t *testing.T, f *testFarm) {
		p := &pair{testFarm: f, holder: f.worker("holder"), idle: f.worker("idle")}
		f.KnowsShares(p.holder, true)
		f.KnowsShares(p.idle, true)
		p.job = f.submitFilm("1-8", 8)
		p.task = f.begins(p.holder)
		f.spends(p.holder, p.task, 60, 1, 1)
		play(t, p)
	})
}

// spends has a worker tell of a frame that took so many seconds, with steps in all.
func (f *testFarm) spends(w farm.WorkerID, task farm.TaskID, seconds, steps int, frames ...int) {
	f.t.Helper()
	r := manager.Report{Steps: &steps}
	for _, n := range frames {
		r.Frames = append(r.Frames, farm.FrameResult{Frame: n, Wall: int64(seconds) * 1000, Saved: farmTime, Source: farmTime, Flags: farm.FrameAlone})
	}
	f.must(f.Report(w, task, r))
}

// share lets the idle worker ask, the holder leave out what it can, and the idle one get it.
func (p *pair) share(w farm.WorkerID, can ...int) (asked []int, a manager.Assignment) {
	p.t.Helper()
	first, err := p.Assign(p.t.Context(), w, 0)
	p.must(err)
	if first.Task != nil {
		return nil, first
	}
	asked = p.mayRun(p.holder, p.task).LeaveOut
	if len(asked) == 0 {
		return nil, first
	}
	left := slices.DeleteFunc(slices.Clone(asked), func(f int) bool { return !slices.Contains(can, f) })
	p.must(p.LeavesOut(p.holder, p.task, left))
	a, err = p.Assign(p.t.Context(), w, 0)
	p.must(err)
	return asked, a
}

// completes has a worker complete the task without some frames.
func (p *pair) completes(w farm.WorkerID, leftOut ...int) {
	p.t.Helper()
	status := farm.TaskCompleted
	p.must(p.Report(w, p.task, manager.Report{Status: &status, LeftOut: leftOut}))
}

// The end of a task is shared: whoever is done last, it is completed when all frames are
// rendered.
func TestShare(t *testing.T) {
	begin := func(t *testing.T, p *pair) {
		asked, a := p.share(p.idle, 5, 6, 7, 8)
		if !slices.Equal(asked, []int{6, 7, 8}) || a.Task == nil || a.Second || !slices.Equal(a.Task.LeaveOut, []int{1, 2, 3, 4, 5}) {
			t.Fatalf("asked to leave out %v, and handed out %+v", asked, a.Task)
		}
		if first, other := p.mayRun(p.holder, p.task), p.mayRun(p.idle, p.task); !first.MayRun || !other.MayRun || len(first.LeaveOut) > 0 {
			t.Errorf("they may not both render: %+v, %+v", first, other)
		}
	}
	t.Run("the share is done first", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.spends(p.idle, p.task, 60, 3, 6, 7, 8)
			p.completes(p.idle, 1, 2, 3, 4, 5)
			if task := p.task0(); task.Status != farm.TaskActive || task.Worker != p.holder || task.StepsDone != 4 {
				t.Errorf("%+v", task)
			}
			p.spends(p.holder, p.task, 60, 5, 2, 3, 4, 5)
			p.completes(p.holder, 6, 7, 8)
			p.wantFrames(5, 1)
		})
	})
	t.Run("the share is done last", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.spends(p.idle, p.task, 60, 1, 6)
			p.spends(p.holder, p.task, 60, 5, 2, 3, 4, 5)
			p.completes(p.holder, 6, 7, 8)
			if task := p.task0(); task.Status != farm.TaskActive || task.Worker != p.idle || task.Attempt != 2 {
				t.Errorf("%+v", task)
			}
			if q := p.mayRun(p.idle, p.task); !q.MayRun {
				t.Errorf("it may not go on: %+v", q)
			}
			p.spends(p.idle, p.task, 60, 3, 7, 8)
			p.completes(p.idle, 1, 2, 3, 4, 5)
			p.wantFrames(5, 2)
		})
	})
	t.Run("its worker is lost", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.spends(p.idle, p.task, 60, 1, 6)
			p.must(p.SignOff(p.idle))
			p.spends(p.holder, p.task, 60, 5, 2, 3, 4, 5)
			p.completes(p.holder, 6, 7, 8)
			if task := p.task0(); task.Status != farm.TaskQueued {
				t.Errorf("%+v", task)
			}
			if _, asked, rendered := p.given(p.holder); asked != "1-8" || rendered != "1-6" {
				t.Errorf("then it gets %s, without %s", asked, rendered)
			}
			p.spends(p.holder, p.task, 60, 8, 7, 8)
			p.completes(p.holder)
			p.wantFrames(7, 2)
		})
	})
	t.Run("the holder is lost", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.spends(p.idle, p.task, 60, 1, 6)
			p.must(p.SignOff(p.holder))
			if q := p.mayRun(p.idle, p.task); q.MayRun {
				t.Error("the share goes on, though the task may be handed out")
			}
			if _, asked, rendered := p.given(p.idle); asked != "1-8" || rendered != "1,6" {
				t.Errorf("then it gets %s, without %s", asked, rendered)
			}
		})
	})
	t.Run("the manager is started again", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.spends(p.idle, p.task, 60, 1, 6)
			p.restart()
			if q := p.mayRun(p.idle, p.task); q.MayRun {
				t.Error("the share goes on, and nobody knows of it")
			}
			if err := p.Report(p.idle, p.task, manager.Report{Log: "x"}); farm.KindOf(err) != farm.Conflict {
				t.Errorf("its report: %v", err)
			}
			p.spends(p.holder, p.task, 60, 5, 2, 3, 4, 5)
			p.completes(p.holder, 6, 7, 8)
			if _, asked, rendered := p.given(p.idle); asked != "1-8" || rendered != "1-6" {
				t.Errorf("then it gets %s, without %s", asked, rendered)
			}
		})
	})
	t.Run("it fails", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			p.report(p.idle, p.task, farm.TaskFailed)
			if task := p.task0(); task.Status != farm.TaskActive || len(task.FailedBy) > 0 {
				t.Errorf("%+v", task)
			}
			if asked, a := p.share(p.idle, 3, 4, 5); asked != nil || a.Task != nil {
				t.Errorf("it is shared again: %v", asked)
			}
			p.spends(p.holder, p.task, 60, 5, 2, 3, 4, 5)
			p.completes(p.holder, 6, 7, 8)
			if _, asked, rendered := p.given(p.holder); asked != "1-8" || rendered != "1-5" {
				t.Errorf("then it gets %s, without %s", asked, rendered)
			}
		})
	})
	t.Run("three workers", func(t *testing.T) {
		paired(t, func(t *testing.T, p *pair) {
			begin(t, p)
			third := p.worker("third")
			p.KnowsShares(third, true)
			asked, a := p.share(third, 3, 4, 5, 6, 7, 8)
			if a.Task == nil || !slices.Equal(asked, []int{4, 5}) {
				t.Fatalf("asked for %v", asked)
			}
			p.spends(p.holder, p.task, 60, 3, 2, 3)
			p.completes(p.holder, 4, 5, 6, 7, 8) // the idle one has three frames to render, the third two
			if task := p.task0(); task.Worker != p.idle {
				t.Errorf("%+v", task)
			}
			if q := p.mayRun(third, p.task); !q.MayRun {
				t.Errorf("the other share may not go on: %+v", q)
			}
			p.spends(p.idle, p.task, 60, 3, 6, 7, 8)
			if done := p.task0().StepsDone; done != 6 {
				t.Errorf("%d steps are done", done)
			}
			p.completes(p.idle, 1, 2, 3, 4, 5)
			p.spends(third, p.task, 60, 2, 4, 5)
			if done := p.task0().StepsDone; done != 8 {
				t.Errorf("%d steps are done", done)
			}
			p.completes(third, 1, 2, 3, 6, 7, 8)
			p.wantFrames(3, 3)
		})
	})
}

func (p *pair) task0() farm.Task { return p.testFarm.task(p.job, 0) }

// wantFrames expects the task to be completed in its nth try, and every frame to be told
// of, so many by the first worker.
func (p *pair) wantFrames(byHolder, attempt int) {
	p.t.Helper()
	if task := p.task0(); task.Status != farm.TaskCompleted || task.StepsDone != 8 || task.Attempt != attempt {
		p.t.Errorf("%+v", task)
	}
	frames, _, err := p.Frames(p.job, -1, 1000)
	p.must(err)
	n := 0
	for _, f := range frames {
		if f.Result == nil || f.Status != farm.TaskCompleted {
			p.t.Errorf("frame %d is %s, and nothing is told of it", f.Number, f.Status)
		}
		if f.Worker == p.holder {
			n++
		}
	}
	if n != byHolder {
		p.t.Errorf("the first worker has rendered %d frames", n)
	}
}

// Who shares nothing.
func TestNoShare(t *testing.T) {
	for name, change := range map[string]func(p *pair){
		"the idle worker is stock": func(p *pair) { p.KnowsShares(p.idle, false) },
		"the holder is stock":      func(p *pair) { p.KnowsShares(p.holder, false) },
		"the holder is in use":     func(p *pair) { p.must(p.SetInUse(p.holder, "in use by its owner", false)) },
		"the job is paused":        func(p *pair) { p.must(p.SetJobStatus(p.job, farm.JobPauseRequested, "")) },
		"little is left":           func(p *pair) { p.spends(p.holder, p.task, 60, 6, 2, 3, 4, 5, 6) },
		"the frames are quick":     func(p *pair) { p.spends(p.holder, p.task, 0, 5, 1, 2, 3, 4, 5) },
		"it was just requeued": func(p *pair) {
			p.must(p.SetTaskStatus(p.task, farm.TaskQueued, "again"))
			p.begins(p.holder)
			p.must(p.SetJobStatus(p.job, farm.JobPauseRequested, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			paired(t, func(t *testing.T, p *pair) {
				change(p)
				if asked, a := p.share(p.idle, 5, 6, 7, 8); asked != nil || a.Task != nil {
					t.Errorf("it was asked for %v, and handed out %+v", asked, a.Task)
				}
			})
		})
	}
}

// A worker that cannot leave anything out is not asked again and again.
func TestNothingIsLeftOut(t *testing.T) {
	paired(t, func(t *testing.T, p *pair) {
		if asked, a := p.share(p.idle); len(asked) == 0 || a.Task != nil {
			t.Errorf("asked for %v, and handed out %+v", asked, a.Task)
		}
		if asked, _ := p.share(p.idle, 5, 6, 7, 8); len(asked) > 0 {
			t.Errorf("asked again for %v", asked)
		}
		p.spends(p.holder, p.task, 60, 8, 2, 3, 4, 5, 6, 7, 8)
		p.completes(p.holder)
		p.wantFrames(8, 1)
		if log, _, err := p.TaskLogTail(p.task); err != nil || strings.Contains(log, "leaves to it") {
			t.Errorf("%v\n%s", err, log)
		}
	})
}
