package store

import (
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// A damaged job is in lists and says so, is not handed out and can be removed;
// the other jobs go on as if nothing were.
func TestQuarantine(t *testing.T) {
	nonsense := func(b *bucket, key []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(b.name).Put(key, []byte("nonsense")) }
	}
	for name, change := range map[string]func(*bolt.Tx) error{
		"plan":                 nonsense(planBucket, key32(1)),
		"plan is missing":      func(tx *bolt.Tx) error { return tx.Bucket(planBucket.name).Delete(key32(1)) },
		"settings":             nonsense(jobdefBucket, key32(1)),
		"definitions":          nonsense(defBucket, key64(1, 1)),
		"definitions missing":  func(tx *bolt.Tx) error { return tx.Bucket(defBucket.name).Delete(key64(1, 0)) },
		"its own record":       nonsense(jobBucket, key32(1)),
		"state of an active":   nonsense(taskBucket, key64(1, 0)),
		"state behind active":  nonsense(taskBucket, key64(1, 200)),
		"counts do not add up": func(tx *bolt.Tx) error { return tx.Bucket(taskBucket.name).Delete(key64(1, 0)) },
		"blocklist":            nonsense(blockBucket, append(key64(1, 1), "blender"...)),
		"row of failures":      nonsense(inRowBucket, append(key64(1, 1), "blender"...)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "farm.db")
			s := open(t, path)
			bad, good := addJob(t, s, frames(300, false)), addJob(t, s, frames(3, true))
			w := addWorker(t, s, "blender")
			update(t, s, func(tx *Tx) { assign(tx, w) })
			s.Close()
			boltUpdate(t, path, change)
			s = open(t, path)
			if all := s.Damaged(); len(all) != 1 || all[0].ID != bad || !strings.Contains(all[0].Why, "bucket ") {
				t.Fatalf("%+v", all)
			}
			view(t, s, func(v *View) error {
				jobs, err := v.Jobs("", 0)
				if len(jobs) != 2 || !strings.Contains(jobs[0].Activity, "damaged") || strings.Contains(jobs[1].Activity, "damaged") {
					t.Errorf("%+v", jobs)
				}
				return err
			})
			update(t, s, func(tx *Tx) {
				if _, err := tx.Job(bad); farm.KindOf(err) != farm.Conflict || !strings.Contains(err.Error(), string(bad)) {
					t.Error(err)
				}
				if task, ok := assign(tx, w); !ok || task.Job.ID != good {
					t.Errorf("the good job is not handed out: %v", task)
				}
				j, err := tx.JobToRemove(bad)
				if err != nil {
					t.Fatal(err)
				}
				j.Deleting, j.Intent = tx.Now(), farm.IntentAbort
				tx.SaveJob(j)
				if _, err := tx.Job(bad); farm.KindOf(err) != farm.Conflict {
					t.Error(err)
				}
			})
			s.Close()
			s = open(t, path) // a crash before it was removed
			for done := false; !done; {
				update(t, s, func(tx *Tx) {
					j, err := tx.JobToRemove(bad)
					if err != nil {
						t.Fatal(err)
					}
					done = tx.RemoveJob(j, 100)
				})
			}
			if all := s.Damaged(); len(all) != 0 {
				t.Errorf("%+v", all)
			}
			clean(t, s)
		})
	}
}

// Damaged records about frames keep nothing from going on: they count as none, and are
// written anew by the next result.
func TestDamagedFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	w, id := addWorker(t, s, "blender"), addJob(t, s, frames(3, false))
	renders := func() {
		t.Helper()
		update(t, s, func(tx *Tx) {
			got, _ := assign(tx, w)
			tx.AddFrames(got, results(got.Index+1))
			finish(tx, got, farm.TaskCompleted)
		})
	}
	know := func() (kept, told int) {
		t.Helper()
		view(t, s, func(v *View) error {
			costs, err := v.Costs(id)
			if err != nil {
				return err
			}
			if costs != nil {
				kept = costs.Kept
			}
			found, err := v.Frames(id, []int{1, 2, 3})
			told = len(found)
			return err
		})
		return kept, told
	}
	renders()
	s.Close()
	boltUpdate(t, path, func(tx *bolt.Tx) error {
		for _, b := range []*bucket{frameBucket, costBucket} {
			c := tx.Bucket(b.name).Cursor()
			for key, _ := c.First(); key != nil; key, _ = c.Next() {
				if err := tx.Bucket(b.name).Put(key, []byte("nonsense")); err != nil {
					return err
				}
			}
		}
		return nil
	})
	s = open(t, path)
	if kept, told := know(); kept != 0 || told != 0 {
		t.Errorf("of what is damaged, %d and %d results are known", kept, told)
	}
	if found := s.Check(); len(found) < 2 {
		t.Errorf("check says %v", found)
	}
	update(t, s, func(tx *Tx) {
		if j, _ := tx.Job(id); tx.Costs(j) != nil {
			t.Error("damaged costs are used")
		}
	})
	renders()
	renders()
	if kept, told := know(); kept != 2 || told != 2 {
		t.Errorf("of two new results, %d and %d are known", kept, told)
	}
	s.Close()
	s = open(t, path)
	if kept, told := know(); kept != 2 || told != 2 {
		t.Errorf("after a start, %d and %d are known", kept, told)
	}
}

// A damaged record that leads from an id to its job is made again.
func TestDamagedIDsOfJobs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	ids := []farm.JobID{addJob(t, s, frames(3, true)), addJob(t, s, frames(2, true)), addJob(t, s, frames(1, true))}
	s.Close()
	boltUpdate(t, path, func(tx *bolt.Tx) error {
		b := tx.Bucket(jobuuidBucket.name)
		first, _ := farm.ParseUUID(string(ids[0]))
		second, _ := farm.ParseUUID(string(ids[1]))
		value := append([]byte(nil), b.Get(second[:])...)
		if err := b.Put(first[:], []byte("nonsense")); err != nil {
			return err
		}
		if err := b.Delete(second[:]); err != nil {
			return err
		}
		second[3] ^= 1 // a wrong bit in the key
		return b.Put(second[:], value)
	})
	s = open(t, path)
	for _, id := range ids {
		view(t, s, func(v *View) error { _, err := v.Job(id); return err })
	}
	clean(t, s)
}
