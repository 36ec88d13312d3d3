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

// What a caller does to a state that it was given changes nothing.
func TestStatesAreTheCallers(t *testing.T) {
	s := newStore(t)
	addJob(t, s, frames(1, false))
	id := addWorker(t, s, "blender")
	update(t, s, func(tx *Tx) {
		task, _ := assign(tx, id)
		state := task.State()
		state.Status, state.FailedBy = farm.TaskSoftFailed, []farm.WorkerID{id}
		tx.SetTask(task, state)
		if state.FailedBy[0] = ""; task.State().FailedBy[0] != id {
			t.Error("a state shares memory with the store")
		}
	})
	clean(t, s)
}

func TestBlock(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(2, false))
	id, other := addWorker(t, s, "blender"), addWorker(t, s, "blender")
	can := func(tx *Tx, id farm.WorkerID) bool { w, _ := tx.Worker(id); _, ok := tx.Pick(w); return ok }
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		w, _ := tx.Worker(id)
		tx.Block(j, w, "blender")
		tx.Block(j, w, "ffmpeg")
		if can(tx, id) || !can(tx, other) || !tx.Blocked(j, w, "blender") || tx.Blocked(j, w, "misc") {
			t.Error("a block keeps others out, or not this one")
		}
	})
	clean(t, s)
	s.View(func(v *View) error {
		blocks, err := v.Blocklist(job)
		if err != nil || len(blocks) != 2 || blocks[0].Worker != id || blocks[0].TaskType != "blender" || blocks[0].Created.IsZero() {
			t.Error(blocks, err)
		}
		return nil
	})
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		w, _ := tx.Worker(id)
		tx.Unblock(j, w, "blender")
		if !can(tx, id) || !slices.Equal(tx.NewWork(), []Work{{Type: "blender"}}) {
			t.Error("the worker is still blocked; new work:", tx.NewWork())
		}
	})
	clean(t, s)
}

// Who holds a job, or cancels it, rewrites nothing and stops everything.
func TestIntent(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(3, false))
	id := addWorker(t, s, "blender")
	for _, c := range []struct {
		intent farm.Intent
		runs   bool
		work   int
	}{{farm.IntentHold, false, 0}, {farm.IntentRun, true, 1}, {farm.IntentAbort, false, 0}, {farm.IntentHold, false, 0}, {farm.IntentRun, true, 1}} {
		update(t, s, func(tx *Tx) {
			j, _ := tx.Job(job)
			j.Intent = c.intent
			tx.SaveJob(j)
			w, _ := tx.Worker(id)
			if _, ok := tx.Pick(w); ok != c.runs || len(tx.NewWork()) != c.work {
				t.Errorf("intent %d: tasks are handed out: %v, new work: %v", c.intent, ok, tx.NewWork())
			}
		})
		clean(t, s)
	}
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		j.Deleting = tx.Now()
		tx.SaveJob(j)
		w, _ := tx.Worker(id)
		if _, ok := tx.Pick(w); ok {
			t.Error("a job that is being deleted still runs")
		}
	})
	clean(t, s)
}
