package store

import (
	"path/filepath"
	"reflect"
	"testing"

	"renderfarm/farm"
)

func TestWorkersAndTags(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	first, second := addWorker(t, s, "blender"), addWorker(t, s)
	job := addJob(t, s, frames(1, false))
	var task farm.TaskID
	update(t, s, func(tx *Tx) {
		got, _ := assign(tx, first)
		task = got.ID()
		w, _ := tx.Worker(first)
		w.LastTask, w.LastSeen, w.Request = task, testTime, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}
		tx.SaveWorker(w)
		w, _ = tx.Worker(second)
		w.Deleted = testTime
		tx.SaveWorker(w)
		tx.PutTag(farm.Tag{ID: "2", Name: "b"})
		tx.PutTag(farm.Tag{ID: "1", Name: "b", Description: "old"})
		tx.PutTag(farm.Tag{ID: "1", Name: "b", Description: "new"})
		tx.PutTag(farm.Tag{ID: "3", Name: "a"})
		tx.RemoveTag("2")
		tx.RemoveTag("nothing")
		tx.SetLastRendered(job)
	})
	want := []farm.Tag{{ID: "3", Name: "a"}, {ID: "1", Name: "b", Description: "new"}}
	for range 2 {
		clean(t, s)
		checkStaff(t, s, first, second, task, want)
		viewStaff(t, s, first, job, want)
		s.Close()
		s = open(t, path)
	}
}

func checkStaff(t *testing.T, s *Store, first, second farm.WorkerID, task farm.TaskID, want []farm.Tag) {
	update(t, s, func(tx *Tx) {
		w, err := tx.Worker(first)
		if err != nil || w.LastTask != task || !w.LastSeen.Equal(testTime) || len(tx.Active(w)) != 1 || tx.Active(w)[0].ID() != task {
			t.Errorf("%+v %v", w, err)
		}
		var order []farm.WorkerID
		for w := range tx.Workers() {
			order = append(order, w.ID)
		}
		if !reflect.DeepEqual(order, []farm.WorkerID{first, second}) {
			t.Error(order)
		}
		if _, err := tx.Worker("x"); farm.KindOf(err) != farm.NotFound {
			t.Error(err)
		}
		if tag, err := tx.Tag("1"); err != nil || tag.Description != "new" || !reflect.DeepEqual(tx.Tags(), want) {
			t.Error(tag, err, tx.Tags())
		}
		if _, err := tx.Tag("2"); farm.KindOf(err) != farm.NotFound {
			t.Error(err)
		}
	})
}

func viewStaff(t *testing.T, s *Store, first farm.WorkerID, job farm.JobID, want []farm.Tag) {
	view(t, s, func(v *View) error {
		workers, err := v.Workers()
		if err != nil || len(workers) != 2 || workers[0].ID != first || !workers[0].Request.Lazy || !workers[1].Deleted.Equal(testTime) {
			t.Errorf("%+v %v", workers, err)
		}
		if w, err := v.Worker(first); err != nil || !reflect.DeepEqual(w, workers[0]) {
			t.Errorf("%+v %v", w, err)
		}
		for _, id := range []farm.WorkerID{"", "x", farm.WorkerID(farm.NewUUID().String())} {
			if _, err := v.Worker(id); farm.KindOf(err) != farm.NotFound {
				t.Errorf("worker %q: %v", id, err)
			}
		}
		if tags, err := v.Tags(); err != nil || !reflect.DeepEqual(tags, want) {
			t.Error(tags, err)
		}
		if tag, err := v.Tag("3"); err != nil || tag.Name != "a" {
			t.Error(tag, err)
		}
		for _, id := range []farm.TagID{"", "2"} {
			if _, err := v.Tag(id); farm.KindOf(err) != farm.NotFound {
				t.Errorf("tag %q: %v", id, err)
			}
		}
		if v.LastRendered() != job {
			t.Error(v.LastRendered())
		}
		return nil
	})
}
