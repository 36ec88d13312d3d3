package manager_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A race is a job whose last frame a slow worker renders while a fast one is idle.
type race struct {
	*testFarm
	job        farm.JobID
	slow, fast farm.WorkerID
	last       farm.TaskID // the slow one's
}

// begins has a worker take a task and say that it works on it; "" if there is none.
func (f *testFarm) begins(w farm.WorkerID) farm.TaskID {
	f.t.Helper()
	task := f.take(w)
	if task != "" {
		f.report(w, task, farm.TaskActive)
	}
	return task
}

// newRace lets both workers render three frames each, in 5 and in 60 seconds, and the
// slow one begin the seventh.
func newRace(t *testing.T, f *testFarm) *race {
	r := &race{testFarm: f, slow: f.worker("slow"), fast: f.worker("fast")}
	f.KnowsSecond(r.slow, true)
	f.KnowsSecond(r.fast, true)
	r.job = f.submitFilm("1-7", 1)
	for range 3 {
		f.render(r.slow, 60)
		f.render(r.fast, 5)
	}
	r.last = f.begins(r.slow)
	return r
}

// second has a worker ask for a task, and returns the one of which it got the second run.
func (f *testFarm) second(w farm.WorkerID) farm.TaskID {
	f.t.Helper()
	a, err := f.Assign(f.t.Context(), w, 0)
	f.must(err)
	if a.Task == nil {
		return ""
	}
	if !a.Second || len(a.Task.Commands) != 1 {
		f.t.Errorf("it got %+v", a)
	}
	return a.Task.ID
}

// mayRun asks as the worker does.
func (f *testFarm) mayRun(w farm.WorkerID, task farm.TaskID) manager.Permission {
	f.t.Helper()
	p, err := f.MayRun(f.t.Context(), w, task, 0)
	f.must(err)
	return p
}

// done has a worker say that it has a whole file, in the background.
func (f *testFarm) done(w farm.WorkerID, task farm.TaskID) <-chan manager.SecondAnswer {
	answer := make(chan manager.SecondAnswer, 1)
	go func() {
		a, err := f.EndSecond(f.t.Context(), w, task, manager.SecondOutcome{Rendered: true}, time.Minute)
		if err != nil {
			f.t.Error(err)
		}
		answer <- a
	}()
	synctest.Wait() // until it waits
	return answer
}

// raced plays a race in virtual time.
func raced(t *testing.T, play func(t *testing.T, r *race)) {
	virtually(t, func(t *testing.T, f *testFarm) { play(t, newRace(t, f)) })
}

// The idle worker is done first: the slow one stops, and only then the task is the
// fast one's.
func TestASecondRunWins(t *testing.T) {
	raced(t, func(t *testing.T, r *race) {
		if got := r.second(r.fast); got != r.last {
			t.Fatalf("the idle worker got %q", got)
		}
		if first, second := r.mayRun(r.slow, r.last), r.mayRun(r.fast, r.last); !first.MayRun || !second.MayRun {
			t.Errorf("they may not both render: %+v, %+v", first, second)
		}
		third := r.worker("third")
		r.KnowsSecond(third, true)
		if got := r.second(third); got != "" {
			t.Error("a third run began")
		}
		if err := r.Report(r.fast, r.last, manager.Report{Log: "x"}); farm.KindOf(err) != farm.Conflict {
			t.Errorf("a report of the second run: %v", err)
		}
		pass(5 * time.Second)
		for _, why := range []func() (farm.Why, error){func() (farm.Why, error) { return r.WhyJob(r.job) }, func() (farm.Why, error) { return r.WhyTask(r.last, "") }} {
			if w, err := why(); err != nil || len(w.Warnings) != 1 || w.Warnings[0] != "the frame of task 7 is rendered by worker fast as well, for 5s so far: it had nothing else to do, and the first to be done counts" {
				t.Errorf("why: %+v, %v", w, err)
			}
		}
		if w, err := r.WhyWorker(r.fast); err != nil || !w.Running || !strings.HasPrefix(w.Reason, "it works on task 7 of job a job (") || !strings.HasSuffix(w.Reason, "), as another worker does: the first to be done counts") {
			t.Errorf("why: %+v, %v", w, err)
		}
		answer := r.done(r.fast, r.last)
		if p := r.mayRun(r.slow, r.last); p.MayRun || !p.GiveBack || p.Reason != "worker fast has rendered the frame meanwhile" {
			t.Errorf("the slow worker: %+v", p)
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskActive || task.Worker != r.slow || len(answer) > 0 {
			t.Errorf("while the slow worker stops: %+v", task)
		}
		r.report(r.slow, r.last, farm.TaskQueued)
		if a := <-answer; !a.Yours {
			t.Fatalf("the fast worker: %+v", a)
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskActive || task.Worker != r.fast || task.Attempt != 2 || len(task.FailedBy) > 0 {
			t.Errorf("afterwards: %+v", task)
		}
		if a := <-r.done(r.fast, r.last); !a.Yours { // it did not hear the answer
			t.Errorf("asked again: %+v", a)
		}
		if p := r.mayRun(r.slow, r.last); p.MayRun {
			t.Error("the slow worker may go on")
		}
		status := farm.TaskCompleted
		r.must(r.Report(r.fast, r.last, manager.Report{Status: &status, Frames: []farm.FrameResult{{Frame: 7, Wall: 5000, Flags: farm.FrameRenderedTwice, Saved: time.Now()}}}))
		r.wantLog(r.last, "Task assigned to worker fast")
		frames, _, err := r.Frames(r.job, -1, 1000)
		r.must(err)
		if f := frames[6]; f.Result == nil || f.Result.Flags != farm.FrameRenderedTwice || f.Worker != r.fast {
			t.Errorf("the frame: %+v", f)
		}
		if names := r.work(r.slow); len(names) != 1 || !strings.HasPrefix(names[0], "preview-video") {
			t.Errorf("then the slow worker did %v", names)
		}
		r.want(r.job, farm.JobCompleted)
	})
}

// The slow worker is done first, which is as if there had been no other.
func TestASecondRunLoses(t *testing.T) {
	raced(t, func(t *testing.T, r *race) {
		r.second(r.fast)
		held := make(chan manager.Permission, 1)
		go func() {
			p, _ := r.MayRun(t.Context(), r.fast, r.last, time.Minute)
			held <- p
		}()
		pass(time.Second)
		r.report(r.slow, r.last, farm.TaskCompleted)
		if p := <-held; p.MayRun || p.GiveBack {
			t.Errorf("the second run may go on: %+v", p)
		}
		if a := <-r.done(r.fast, r.last); a.Yours {
			t.Error("the frame counts twice")
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskCompleted || task.Worker != r.slow || task.Attempt != 1 {
			t.Errorf("the task: %+v", task)
		}
	})
}

// Whoever is done just when the other one is: the first report counts.
func TestBothAreDone(t *testing.T) {
	raced(t, func(t *testing.T, r *race) {
		r.second(r.fast)
		answer := r.done(r.fast, r.last)
		r.report(r.slow, r.last, farm.TaskCompleted) // it was before it heard that it shall stop
		if a := <-answer; a.Yours {
			t.Error("the frame counts twice")
		}
		if task := r.task(r.job, 6); task.Status != farm.TaskCompleted || task.Worker != r.slow {
			t.Errorf("the task: %+v", task)
		}
	})
}

// Who has no second run.
func TestNoSecondRun(t *testing.T) {
	for name, change := range map[string]func(r *race){
		"switched off":                func(r *race) { r.configure(func(c *farm.Config) { c.RenderLastFramesTwice = false }) },
		"the idle worker is stock":    func(r *race) { r.KnowsSecond(r.fast, false) },
		"the slow worker is stock":    func(r *race) { r.KnowsSecond(r.slow, false) },
		"the slow worker is not idle": func(r *race) { r.must(r.SetInUse(r.slow, "in use by its owner", false)) },
		"the slow worker shall sleep": func(r *race) {
			r.must(r.RequestStatus(r.slow, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
		},
		"the job is paused":        func(r *race) { r.must(r.SetJobStatus(r.job, farm.JobPauseRequested, "")) },
		"the frame is nearly done": func(r *race) { pass(55 * time.Second) },
		"the job is not for it": func(r *race) {
			tag, err := r.CreateTag(farm.Tag{Name: "x"})
			r.must(err)
			r.must(r.SetJobTag(r.job, tag.ID, ""))
		},
		"the frame is rendered again":  func(r *race) { r.report(r.slow, r.last, farm.TaskCompleted); r.rerenderAll(7); r.begins(r.slow) },
		"the manager was just started": func(r *race) { r.restart(); r.KnowsSecond(r.slow, true); r.KnowsSecond(r.fast, true) },
	} {
		t.Run(name, func(t *testing.T) {
			raced(t, func(t *testing.T, r *race) {
				change(r)
				if got := r.take(r.fast); got != "" {
					t.Errorf("the idle worker got %s", got)
				}
			})
		})
	}
}

func (r *race) rerenderAll(frames ...int) {
	r.t.Helper()
	_, err := r.Rerender(r.job, frames, "again")
	r.must(err)
}

// Tasks of several frames, and what is no image, are rendered once.
func TestNoSecondRunOfOtherTasks(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		slow, fast := f.worker("slow"), f.worker("fast")
		f.KnowsSecond(slow, true)
		f.KnowsSecond(fast, true)
		f.submitFilm("1-6", 2)
		f.render(slow, 60)
		f.render(fast, 5)
		if f.begins(slow) == "" {
			t.Fatal("no task")
		}
		pass(time.Hour)
		if got := f.take(fast); got != "" {
			t.Errorf("the idle worker got %s", got)
		}
	})
}

// A worker that waits for a task gets the second run when it is worth it: a worker that
// needs longer than it ever did may hang.
func TestASecondRunWhenItIsWorthIt(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w1, w2 := f.worker("w1"), f.worker("w2")
		f.KnowsSecond(w1, true)
		f.KnowsSecond(w2, true)
		f.submitFilm("1-5", 1)
		for range 2 {
			f.render(w1, 30)
			f.render(w2, 30)
		}
		last := f.begins(w1)
		began := time.Now()
		for range 3 {
			a, err := f.Assign(t.Context(), w2, time.Minute)
			f.must(err)
			if a.Task == nil {
				continue
			}
			if after := time.Since(began); a.Task.ID != last || !a.Second || after < 85*time.Second || after > 95*time.Second {
				t.Errorf("after %s it got %+v", after, a.Task)
			}
			return
		}
		t.Error("it got nothing")
	})
}
