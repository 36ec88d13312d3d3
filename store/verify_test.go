package store

import (
	"strings"
	"testing"

	"renderfarm/farm"
)

// Every record that is damaged while the farm runs is found and named, whatever its
// kind. What memory knows is written again, a job that cannot do without it is in
// quarantine, and nothing else is touched.
func TestVerify(t *testing.T) {
	for _, b := range buckets {
		t.Run(string(b.name), func(t *testing.T) {
			path := formatFile(t, newestLayout())
			s := open(t, path)
			if read, found, err := s.Verify(t.Context(), 1e9); err != nil || len(found) > 0 || read < 400 {
				t.Fatalf("of a whole database %d records are read and %v is found, %v", read, found, err)
			}
			damageFirst(t, path, b)
			_, found, err := s.Verify(t.Context(), 1e9)
			if err != nil || len(found) != 1 || !strings.Contains(found[0].Words, "bucket "+string(b.name)+" ") {
				t.Fatalf("%+v, %v", found, err)
			}
			if found[0].Job != "" {
				if all := s.Damaged(); len(all) != 1 || all[0].ID != found[0].Job {
					t.Errorf("%+v", all)
				}
				view(t, s, func(v *View) error {
					if j, err := v.Job(found[0].Job); err != nil || !strings.Contains(j.Activity, "damaged") {
						t.Errorf("%+v, %v", j, err)
					}
					return nil
				})
				remove(t, s, found[0].Job)
			}
			if b == metaBucket { // its first record is the counters, which each commit writes
				update(t, s, func(tx *Tx) { tx.EventNumber() })
			}
			clean(t, s)
			if _, found, err := s.Verify(t.Context(), 1e9); err != nil || len(found) > 0 {
				t.Errorf("once more %+v is found, %v", found, err)
			}
		})
	}
}

// remove removes a job, damaged or not.
func remove(t *testing.T, s *Store, id farm.JobID) {
	t.Helper()
	for done := false; !done; {
		update(t, s, func(tx *Tx) {
			j, err := tx.JobToRemove(id)
			if err != nil {
				t.Fatal(err)
			}
			done = tx.RemoveJob(j, 1000)
		})
	}
}

// A job that is damaged while its tasks are worked on is taken from its workers, who
// go on with another.
func TestDamageWhileWorking(t *testing.T) {
	path := t.TempDir() + "/farm.db"
	s := open(t, path)
	bad, good := addJob(t, s, frames(300, false)), addJob(t, s, frames(3, true))
	w := addWorker(t, s, "blender")
	var task farm.TaskID
	update(t, s, func(tx *Tx) {
		got, _ := assign(tx, w)
		task = got.ID()
	})
	if _, err := s.Planned(task); err != nil {
		t.Fatal(err)
	}
	s.chunks.drop(s.jobOf(t, bad)) // as if it was long ago
	damageFirst(t, path, defBucket)
	if _, err := s.Planned(task); farm.KindOf(err) != farm.Conflict || !IsDamage(err) {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) {
		live, _ := tx.Worker(w)
		if held := tx.Active(live); len(held) != 0 {
			t.Errorf("the worker holds %v", held)
		}
		if _, err := tx.Task(task); farm.KindOf(err) != farm.Conflict {
			t.Error(err)
		}
		if got, ok := assign(tx, w); !ok || got.Job.ID != good {
			t.Errorf("%v is handed out", got)
		}
	})
	remove(t, s, bad)
	clean(t, s)
}

// jobOf returns the prefix of a job's id.
func (s *Store) jobOf(t *testing.T, id farm.JobID) prefix {
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		t.Fatal(id)
	}
	return prefixOf(u)
}
