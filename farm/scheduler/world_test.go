package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
)

var testTime = time.Date(2026, 11, 23, 10, 11, 12, 345e6, time.UTC)

// A world is a scheduler with what its owner would keep beside it, so that
// another can be rebuilt.
type world struct {
	s       *Scheduler
	jobs    []*Job
	removed []*Job
	workers []farm.Worker // by number - 1
	told    []Work        // of the operation under way
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func newWorld() *world {
	w := &world{s: New()}
	w.s.OnWork(func(work Work) {
		if !slices.Contains(w.told, work) {
			w.told = append(w.told, work)
		}
	})
	return w
}

func (w *world) addJob(t fataler, terms Terms, tasks []farm.PlannedTask) *Job {
	t.Helper()
	p, err := NewPlan(tasks)
	if err != nil {
		t.Fatal(err)
	}
	j := NewJob(p)
	j.Derive()
	w.jobs = append(w.jobs, j)
	w.s.Add(j, uint32(len(w.jobs)+len(w.removed)), j)
	w.s.SetTerms(j, terms)
	return j
}

// addWorker adds one that is awake and takes the types.
func (w *world) addWorker(types ...string) *Worker {
	w.workers = append(w.workers, farm.Worker{TaskTypes: types, Status: farm.WorkerAwake})
	return w.s.AddWorker(&w.workers[len(w.workers)-1])
}

// change changes a worker.
func (w *world) change(worker *Worker, f func(*farm.Worker)) {
	is := &w.workers[worker.number-1]
	f(is)
	w.s.SetWorker(worker, is)
}

// fail makes the worker fail the task, as its first or another try.
func (w *world) fail(t Task, worker *Worker) {
	by := slices.Clone(t.Job.failedBy[uint32(t.Index)])
	if !slices.Contains(by, worker.number) {
		by = append(by, worker.number)
	}
	w.s.SetTask(t, farm.TaskSoftFailed, by)
}

// assign gives the worker its next task, if there is one.
func (w *world) assign(worker *Worker) (Task, bool) {
	t, ok := w.s.Pick(worker)
	if ok {
		w.s.SetTask(t, farm.TaskActive, t.Job.failedBy[uint32(t.Index)])
	}
	return t, ok
}

// rebuild makes a scheduler of what there is now, as after a start.
func (w *world) rebuild() (*Scheduler, []*Job) {
	s := New()
	for i := range w.workers {
		s.AddWorker(&w.workers[i])
	}
	var jobs []*Job
	for _, j := range w.jobs {
		again := NewJob(j.plan)
		for i := range j.statuses {
			if status, by := j.statuses[i], j.failedBy[uint32(i)]; status != farm.TaskQueued || len(by) > 0 {
				again.Restore(i, status, by)
			}
		}
		again.inRow, again.done = maps.Clone(j.inRow), maps.Clone(j.done)
		for i := range j.outOfMemory {
			again.RestoreOutOfMemory(int(i), true)
		}
		for b, since := range j.blocked {
			again.RestoreBlock(b.worker, b.taskType, since.time())
		}
		again.Derive()
		s.Add(again, j.number, j)
		s.SetTerms(again, j.terms)
		jobs = append(jobs, again)
	}
	return s, jobs
}

// differences are those from a rebuilt scheduler.
func (w *world) differences() (found []string) {
	differ := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	s, jobs := w.rebuild()
	Compare(w.s, s, differ)
	for i, j := range w.jobs {
		CompareJobs(j, jobs[i], differ)
	}
	return found
}

func (w *world) clean(t fataler) {
	t.Helper()
	for _, d := range w.differences() {
		t.Errorf("differs from a rebuilt one: %s", d)
	}
}

// theLot is the one of the tasks that somebody failed.
func (j *Job) theLot() lotKey {
	for key := range j.lots {
		return key
	}
	panic("there is none")
}

// Each part that is kept, and each sum of it, is compared.
func TestCompareFindsEachDifference(t *testing.T) {
	for name, spoil := range map[string]func(w *world, j *Job){
		"missing need":       func(_ *world, j *Job) { j.left[1]++ },
		"spoiled need":       func(_ *world, j *Job) { j.spoiled[1]++ },
		"runnable":           func(_ *world, j *Job) { j.runnable.remove(2) },
		"ready":              func(_ *world, j *Job) { j.ready[0]++ },
		"status":             func(_ *world, j *Job) { j.statuses[0] = farm.TaskFailed; j.statuses[2] = farm.TaskActive },
		"counts":             func(_ *world, j *Job) { j.counts[farm.TaskFailed]++ },
		"queue":              func(w *world, _ *Job) { w.s.queue(Work{Tag: "", Type: "blender"}).Clear() },
		"entry":              func(_ *world, j *Job) { j.entries[0].in = false },
		"entry's work":       func(_ *world, j *Job) { j.entries[0].work.Tag = "x" },
		"first":              func(_ *world, j *Job) { j.entries[0].first++ },
		"queue too many":     func(w *world, j *Job) { w.s.queue(Work{Tag: "x", Type: "x"}).Set(&j.entries[0]) },
		"failed by":          func(_ *world, j *Job) { delete(j.failedBy, 1) },
		"failures":           func(_ *world, j *Job) { j.failures[workerType{1, "blender"}]++ },
		"in a row":           func(_ *world, j *Job) { j.SetInRow(1, "blender", 2) },
		"done":               func(_ *world, j *Job) { j.CountDone(1, "blender", 1) },
		"jobs with failures": func(w *world, _ *Job) { w.s.queue(Work{Tag: "", Type: "blender"}).failing++ },
		"capacity awake":     func(w *world, _ *Job) { w.s.queue(Work{Tag: "", Type: "blender"}).capacity.awake++ },
		"capacity of a queue without jobs": func(w *world, _ *Job) {
			w.s.queue(Work{Tag: "none", Type: "blender"}).capacity.capable++
		},
		"capacity of a lost queue": func(w *world, _ *Job) { delete(w.s.queues, Work{Tag: "", Type: "misc"}) },
		"placement":                func(w *world, _ *Job) { w.s.workers[1].placement.awake = false },
		"worker too many":          func(w *world, _ *Job) { w.s.AddWorker(&farm.Worker{}) },
		"out of memory":            func(_ *world, j *Job) { j.RestoreOutOfMemory(0, true) },
		"lot":                      func(_ *world, j *Job) { j.lots[j.theLot()].ranks.Delete(1) },
		"lost lot":                 func(_ *world, j *Job) { delete(j.lots, j.theLot()) },
		"ordinary tasks":           func(_ *world, j *Job) { j.ordinary().remove(2) },
		"lot without a group":      func(w *world, j *Job) { j.entries[0].lot.leave() },
		"lot of another group":     func(_ *world, j *Job) { j.entries[0].lot.group = j.lots[j.theLot()].group },
		"first of a lot":           func(_ *world, j *Job) { j.entries[0].lot.first++ },
		"blocks of a group":        func(w *world, j *Job) { j.entries[0].blocked = "?"; w.s.regroup(&j.entries[0].lot) },
		"lost group":               func(_ *world, j *Job) { g := j.entries[0].lot.group; delete(g.queue.groups, g.alike) },
		"group out of order":       func(_ *world, j *Job) { g := j.entries[0].lot.group; g.queue.order.Delete(g) },
		"group at a wrong place":   func(_ *world, j *Job) { j.entries[0].lot.group.top.priority++ },
		"terms":                    func(_ *world, j *Job) { j.terms.Priority++ },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			j := w.addJob(t, Terms{Open: true}, frames(3, true))
			worker := w.addWorker("blender", "misc")
			w.assign(worker)
			w.fail(j.Task(1), worker)
			w.s.Block(j, worker, "ffmpeg", testTime)
			w.clean(t)
			s, jobs := w.rebuild()
			spoil(w, j)
			var found []string
			differ := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
			Compare(w.s, s, differ)
			CompareJobs(j, jobs[0], differ)
			if len(found) == 0 {
				t.Error("nothing was found")
			}
		})
	}
	t.Run("block", func(t *testing.T) {
		w := newWorld()
		j := w.addJob(t, Terms{Open: true}, frames(1, false))
		w.addWorker("blender")
		_, jobs := w.rebuild()
		j.RestoreBlock(1, "x", testTime)
		found := false
		CompareJobs(j, jobs[0], func(string, ...any) { found = true })
		if !found {
			t.Error("nothing was found")
		}
	})
}
