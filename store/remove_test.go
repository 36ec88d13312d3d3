package store

import (
	"path/filepath"
	"testing"

	"renderfarm/farm"
)

// records counts all records that belong to jobs.
func jobRecords(t testing.TB, s *Store) (n int) {
	view(t, s, func(v *View) error {
		for _, b := range []*bucket{jobBucket, jobdefBucket, jobuuidBucket, planBucket, defBucket, taskBucket, blockBucket, inRowBucket, frameBucket, costBucket} {
			n += v.tx.Bucket(b.name).Stats().KeyN
		}
		return nil
	})
	return n
}

// removeSome removes five records of the job, which holds the task, and looks
// at what is left of it.
func removeSome(t *testing.T, s *Store, id farm.JobID, w farm.WorkerID, task farm.TaskID) (done bool) {
	update(t, s, func(tx *Tx) {
		j, err := tx.Job(id)
		if err != nil {
			t.Error(err)
			done = true
			return
		}
		done = tx.RemoveJob(j, 5)
		live, _ := tx.Worker(w)
		if len(tx.Active(live)) != 0 {
			t.Error("the worker still holds a task")
		}
		if _, err := tx.Task(task); farm.KindOf(err) != farm.NotFound {
			t.Error(err)
		}
		if got, ok := tx.Pick(live); !ok || got.Job.ID == id {
			t.Error("the other job is not handed out:", got, ok)
		}
	})
	clean(t, s)
	view(t, s, func(v *View) error {
		if _, err := v.Job(id); farm.KindOf(err) != farm.NotFound || v.LastRendered() != "" || len(v.JobsDeleting()) == 1 == done {
			t.Error(err, v.LastRendered(), v.JobsDeleting())
		}
		return nil
	})
	return done
}

// A job is removed slice by slice, with a restart in between, beside one that
// stays.
func TestRemoveJob(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	w := addWorker(t, s, "blender")
	addJob(t, s, frames(3, true))
	stays := jobRecords(t, s)
	p := frames(600, true)
	p.Priority = 99
	id := addJob(t, s, p)
	var task farm.TaskID
	update(t, s, func(tx *Tx) {
		for range 20 {
			got, _ := assign(tx, w)
			tx.AddFrames(got, []farm.FrameResult{{Frame: got.Index + 1, Wall: 1000}})
			finish(tx, got, farm.TaskCompleted)
		}
		got, _ := assign(tx, w)
		task = got.ID()
		live, _ := tx.Worker(w)
		tx.Block(got.Job, live, "ffmpeg")
		tx.SetLastRendered(id)
	})
	calls := 1
	for ; !removeSome(t, s, id, w, task); calls++ {
		if calls == 3 {
			s.Close()
			s = open(t, path)
		}
	}
	if calls < 5 || calls > 8 { // 21 tasks, 3 chunks, plan, block, settings
		t.Errorf("%d calls", calls)
	}
	if n := jobRecords(t, s); n != stays {
		t.Errorf("%d records are left, of %d", n, stays)
	}
	again := prepare(t, p) // its id is free again
	update(t, s, func(tx *Tx) { tx.AddJob(again) })
	clean(t, s)
}

// In one group, a job can be added, worked on, removed, and added again.
func TestRemoveJobInTheGroupThatAddedIt(t *testing.T) {
	s := newStore(t)
	w := addWorker(t, s, "blender")
	p := frames(300, true)
	first, second := prepare(t, p), prepare(t, p)
	remove := func(tx *Tx) error {
		j, err := tx.Job(p.ID)
		if err == nil && !tx.RemoveJob(j, 1000) {
			t.Error("it is not done")
		}
		return err
	}
	errs := group(t, s,
		func(tx *Tx) error { tx.AddJob(first); return nil },
		func(tx *Tx) error { got, _ := assign(tx, w); finish(tx, got, farm.TaskCompleted); return nil },
		remove,
		func(tx *Tx) error { tx.AddJob(second); return nil },
		func(tx *Tx) error { assign(tx, w); return nil })
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	clean(t, s)
	if err := s.Update(remove); err != nil {
		t.Error(err)
	}
	if n := jobRecords(t, s); n != 0 {
		t.Errorf("%d records are left", n)
	}
	clean(t, s)
}
