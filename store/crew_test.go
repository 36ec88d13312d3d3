package store

import (
	"slices"
	"testing"

	"renderfarm/farm"
)

// fail makes the worker fail the task, as its first or another try.
func fail(tx *Tx, t Task, id farm.WorkerID) {
	s := t.State()
	s.Status, s.Worker = farm.TaskSoftFailed, id
	s.Fail()
	tx.SetTask(t, s)
}

// A worker gets a task again that it failed only while nobody else is awake who
// could do it, and is told when that becomes so.
func TestAloneWithAFailedTask(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(1, false))
	bad, good := addWorker(t, s, "blender"), addWorker(t, s, "blender")
	addWorker(t, s, "ffmpeg")
	change := func(f func(tx *Tx, j *Job, other *Worker)) (gets, told bool) {
		update(t, s, func(tx *Tx) {
			j, _ := tx.Job(job)
			w, _ := tx.Worker(bad)
			other, _ := tx.Worker(good)
			f(tx, j, other)
			_, gets = tx.Pick(w)
			told = slices.Contains(tx.NewWork(), Work{Type: "blender"})
		})
		clean(t, s)
		return gets, told
	}
	worker := func(f func(w *Worker)) func(tx *Tx, j *Job, other *Worker) {
		return func(tx *Tx, j *Job, other *Worker) { f(other); tx.SaveWorker(other) }
	}
	for _, c := range []struct {
		name       string
		f          func(tx *Tx, j *Job, other *Worker)
		gets, told bool
	}{
		{"failed", func(tx *Tx, j *Job, _ *Worker) { fail(tx, j.Task(0), bad) }, false, false},
		{"the other falls asleep", worker(func(w *Worker) { w.Status = farm.WorkerAsleep }), true, true},
		{"the other wakes up", worker(func(w *Worker) { w.Status = farm.WorkerAwake }), false, false},
		{"the other takes other tasks", worker(func(w *Worker) { w.TaskTypes = []string{"misc"} }), true, true},
		{"the other takes these again", worker(func(w *Worker) { w.TaskTypes = []string{"misc", "blender"} }), false, false},
		{"the other is lost", worker(func(w *Worker) { w.Status = farm.WorkerError }), true, true},
		{"the other is back", worker(func(w *Worker) { w.Status = farm.WorkerAwake }), false, false},
		{"the other is blocked", func(tx *Tx, j *Job, other *Worker) { tx.Block(j, other, "blender") }, true, true},
		{"the other is blocked no more", func(tx *Tx, j *Job, other *Worker) { tx.Unblock(j, other, "blender") }, false, true},
		{"the other fails it too", func(tx *Tx, j *Job, _ *Worker) { fail(tx, j.Task(0), good) }, true, false},
		{"this one is blocked", func(tx *Tx, j *Job, _ *Worker) { w, _ := tx.Worker(bad); tx.Block(j, w, "blender") }, false, true},
		{"this one is blocked no more", func(tx *Tx, j *Job, _ *Worker) { w, _ := tx.Worker(bad); tx.Unblock(j, w, "blender") }, true, true},
		{"the other is deleted", worker(func(w *Worker) { w.Deleted = testTime }), true, true},
		{"the job gets a tag", func(tx *Tx, j *Job, _ *Worker) { j.Tag = "gpu"; tx.SaveJob(j) }, false, false},
		{"this one gets the tag", func(tx *Tx, j *Job, _ *Worker) {
			w, _ := tx.Worker(bad)
			w.Tags = []farm.TagID{"gpu"}
			tx.SaveWorker(w)
		}, true, false},
		{"forgiven", func(tx *Tx, j *Job, _ *Worker) {
			state := j.Task(0).State()
			state.Forgive()
			tx.SetTask(j.Task(0), state)
		}, true, false},
	} {
		if gets, told := change(c.f); gets != c.gets || c.told && !told {
			t.Errorf("%s: it gets the task: %v, want %v; told: %v", c.name, gets, c.gets, told)
		}
	}
}

// Three tries of one task are one failed task, and what is requeued does not count.
func TestFailuresAreCountedPerWorkerAndType(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(3, true))
	id := addWorker(t, s, "blender")
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		for _, i := range []int{0, 1, 1} {
			fail(tx, j.Task(i), id)
		}
	})
	count := func(want int) {
		t.Helper()
		clean(t, s) // includes that a rebuilt index counts the same
		update(t, s, func(tx *Tx) {
			j, _ := tx.Job(job)
			w, _ := tx.Worker(id)
			if n := tx.Failures(j, w, "blender"); n != want || tx.Failures(j, w, "ffmpeg") != 0 {
				t.Errorf("%d failures, want %d", n, want)
			}
		})
	}
	count(2) // tasks, not tries
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		if n := j.Task(1).State().Failures; n != 2 {
			t.Errorf("task 1 failed %d times, want 2", n)
		}
		tx.SetTask(j.Task(1), farm.TaskState{})
	})
	count(1)
}

func TestTypesWithoutWorkers(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(1, false))
	one, two := addWorker(t, s, "blender", "misc"), addWorker(t, s, "blender")
	for _, c := range []struct {
		name string
		f    func(tx *Tx, j *Job, one, two *Worker)
		want []string
	}{
		{"nobody is blocked", func(*Tx, *Job, *Worker, *Worker) {}, nil},
		{"one is blocked from both", func(tx *Tx, j *Job, one, _ *Worker) { tx.Block(j, one, "misc"); tx.Block(j, one, "blender") }, []string{"misc"}},
		{"the other is deleted", func(tx *Tx, _ *Job, _, two *Worker) { two.Deleted = testTime; tx.SaveWorker(two) }, []string{"blender", "misc"}},
		{"one is unblocked", func(tx *Tx, j *Job, one, _ *Worker) { tx.Unblock(j, one, "misc") }, []string{"blender"}},
	} {
		update(t, s, func(tx *Tx) {
			j, _ := tx.Job(job)
			w1, _ := tx.Worker(one)
			w2, _ := tx.Worker(two)
			c.f(tx, j, w1, w2)
			if got := tx.TypesWithoutWorkers(j); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		})
	}
}
