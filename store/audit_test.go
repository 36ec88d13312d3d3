package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// texts returns what an audit says, and how many changes are not kept.
func texts(t testing.TB, s *Store, of func(*View) (farm.Audit, error)) (what []string, dropped int) {
	t.Helper()
	view(t, s, func(v *View) error {
		a, err := of(v)
		for _, c := range a.Changes {
			what = append(what, c.By.Name+" "+c.What)
		}
		dropped = a.Dropped
		return err
	})
	return what, dropped
}

func TestAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	w := addWorker(t, s, "blender")
	one, two := addJob(t, s, frames(1, false)), addJob(t, s, frames(1, false))
	ofJob := func(id farm.JobID) func(*View) (farm.Audit, error) {
		return func(v *View) (farm.Audit, error) { return v.Audit(id) }
	}
	ofWorker := func(v *View) (farm.Audit, error) { return v.WorkerAudit(w) }
	note := func(id farm.JobID, what string) func(*Tx) {
		return func(tx *Tx) {
			j, err := tx.Job(id)
			if err != nil {
				t.Error(err)
				return
			}
			tx.Audit(j, farm.Actor{Name: "anna"}, what)
		}
	}
	update(t, s, note(one, "a"))
	update(t, s, func(tx *Tx) { note(one, "b")(tx); note(two, "x")(tx); note(one, "c")(tx) })
	update(t, s, func(tx *Tx) {
		live, _ := tx.Worker(w)
		tx.AuditWorker(live, farm.Actor{}, "sleeps")
	})
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	update(t, s, note(one, "d"))
	if what, dropped := texts(t, s, ofJob(one)); !slices.Equal(what, []string{"anna a", "anna b", "anna c", "anna d"}) || dropped != 0 {
		t.Errorf("the first job: %q, dropped %d", what, dropped)
	}
	if what, _ := texts(t, s, ofWorker); !slices.Equal(what, []string{" sleeps"}) {
		t.Errorf("the worker: %q", what)
	}
	for i := range farm.MaxAudit {
		update(t, s, note(one, fmt.Sprint(i)))
	}
	if what, dropped := texts(t, s, ofJob(one)); len(what) != farm.MaxAudit || what[0] != "anna 0" || dropped != 4 {
		t.Errorf("after many: %d from %q on, dropped %d", len(what), what[0], dropped)
	}
	if what, dropped := texts(t, s, ofJob(two)); !slices.Equal(what, []string{"anna x"}) || dropped != 0 {
		t.Errorf("the second job: %q, dropped %d", what, dropped)
	}
	clean(t, s)
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(one)
		if !tx.RemoveJob(j, 10_000) {
			t.Error("it is not removed")
		}
	})
	clean(t, s)
	view(t, s, func(v *View) error {
		if _, err := v.Audit(one); farm.KindOf(err) != farm.NotFound {
			t.Error("of a job that is gone:", err)
		}
		if n := v.tx.Bucket(auditBucket.name).Stats().KeyN; n != 1 {
			t.Errorf("%d changes are left, want 1", n)
		}
		return nil
	})
}

// TestOlderFiles opens a file of layout 1 that was made before there were audits.
func TestOlderFiles(t *testing.T) {
	path := formatFile(t, 1)
	boltUpdate(t, path, func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket(auditBucket.name), tx.DeleteBucket(workerAuditBucket.name))
	})
	for err := range Check(path) {
		t.Error("before it is opened:", err)
	}
	s := open(t, path)
	update(t, s, func(tx *Tx) {
		j, err := tx.Job(farm.JobID(formatID(0xb, 2)))
		if err != nil {
			t.Error(err)
			return
		}
		tx.Audit(j, farm.Actor{}, "paused")
	})
	clean(t, s)
}

// TestCheckFindsBrokenAudits plants what must not be.
func TestCheckFindsBrokenAudits(t *testing.T) {
	for name, plant := range map[string]func(b *bolt.Bucket) error{
		"a gap":          func(b *bolt.Bucket) error { return b.Delete(key64(1, 2)) },
		"no such job":    func(b *bolt.Bucket) error { return putChange(b, key64(9, 1)) },
		"no such number": func(b *bolt.Bucket) error { return putChange(b, key64(1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "farm.db")
			s := open(t, path)
			job := addJob(t, s, frames(1, false))
			update(t, s, func(tx *Tx) {
				j, _ := tx.Job(job)
				for range 3 {
					tx.Audit(j, farm.Actor{}, "x")
				}
			})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			boltUpdate(t, path, func(tx *bolt.Tx) error { return plant(tx.Bucket(auditBucket.name)) })
			if found := slices.Collect(Check(path)); len(found) == 0 {
				t.Error("Check finds nothing")
			}
		})
	}
}

func putChange(b *bolt.Bucket, key []byte) error {
	return b.Put(key, auditBucket.seal(key, encodeJSON(&farm.Change{What: "x"})))
}
