package store

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// Damage to what belongs to no single job does not keep the farm from starting: the
// log says what was lost, and afterwards everything agrees again.
func TestRepairAtStart(t *testing.T) {
	nonsense := func(b *bucket, key []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(b.name).Put(key, []byte("nonsense")) }
	}
	first := formatID(0xa, 1)
	u, _ := farm.ParseUUID(first)
	for name, c := range map[string]struct {
		change func(*bolt.Tx) error
		says   string
		check  func(t *testing.T, s *Store)
	}{
		"worker": {nonsense(workerBucket, key32(1)), "registers as a new worker", func(t *testing.T, s *Store) {
			view(t, s, func(v *View) error {
				w, err := v.Worker(farm.WorkerID(first))
				if err != nil || w.Deleted.IsZero() || len(w.SecretHash) > 0 {
					t.Errorf("%+v, %v", w, err)
				}
				return nil
			})
		}},
		"seen":          {nonsense(seenBucket, key32(1)), "counts as offline", nil},
		"seen is lost":  {func(tx *bolt.Tx) error { return tx.Bucket(seenBucket.name).Delete(key32(1)) }, "counts as offline", nil},
		"id of worker":  {nonsense(uuidBucket, u[:]), "leads from its id to worker render-1", nil},
		"id is another": {func(tx *bolt.Tx) error { return tx.Bucket(uuidBucket.name).Delete(u[:]) }, "leads from its id to worker render-1", nil},
		"tag": {nonsense(tagBucket, []byte(formatTag)), "damaged tag 6ba7b810", func(t *testing.T, s *Store) {
			view(t, s, func(v *View) error {
				if tag, err := v.Tag(formatTag); err != nil || tag.Name != "damaged tag 6ba7b810" {
					t.Errorf("%+v, %v", tag, err)
				}
				return nil
			})
		}},
		"counters":      {nonsense(metaBucket, countersKey), "counters", nil},
		"id of all":     {nonsense(metaBucket, uuidKey), "id of the database", nil},
		"last rendered": {nonsense(metaBucket, shownKey), "rendered last", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := formatFile(t, newestLayout())
			var before uint64
			s := open(t, path)
			update(t, s, func(tx *Tx) { before = tx.EventNumber() })
			s.Close()
			boltUpdate(t, path, c.change)
			var text bytes.Buffer
			s, err := Open(Options{Path: path, Log: slog.New(slog.NewTextHandler(&text, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if !strings.Contains(text.String(), c.says) {
				t.Errorf("the log says %s", text.String())
			}
			if c.check != nil {
				c.check(t, s)
			}
			id := addJob(t, s, frames(3, true))
			addWorker(t, s, "blender")
			update(t, s, func(tx *Tx) {
				if n := tx.EventNumber(); n <= before {
					t.Errorf("event %d is given out again as %d", before, n)
				}
				if j, err := tx.Job(id); err != nil || j.ID != id {
					t.Error(err)
				}
			})
			clean(t, s)
		})
	}
}

// What nobody could name any more is not left out: the start is refused.
func TestNamelessDamageIsRefused(t *testing.T) {
	for name, buckets := range map[string][]*bucket{"worker": {workerBucket, uuidBucket}, "job": {jobBucket, jobuuidBucket}} {
		t.Run(name, func(t *testing.T) {
			path := formatFile(t, newestLayout())
			boltUpdate(t, path, func(tx *bolt.Tx) error {
				for _, b := range buckets {
					c := tx.Bucket(b.name).Cursor()
					for key, _ := c.First(); key != nil; key, _ = c.Next() {
						if err := tx.Bucket(b.name).Put(key, []byte("nonsense")); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if _, err := Open(Options{Path: path}); err == nil || !strings.Contains(err.Error(), "farm restore") {
				t.Error(err)
			}
		})
	}
}
