package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// backedUp makes a database with a job, and a backup of it from before a second job.
func backedUp(t *testing.T) (path, backup string) {
	dir := t.TempDir()
	path, backup = filepath.Join(dir, "farm.db"), filepath.Join(dir, "backup.db")
	s := open(t, path)
	addJob(t, s, frames(3, true))
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	addJob(t, s, frames(2, true))
	s.Close()
	return path, backup
}

func jobsIn(t *testing.T, path string) (n int) {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	view(t, s, func(v *View) error {
		jobs, err := v.Jobs("", 0)
		n = len(jobs)
		return err
	})
	return n
}

// A backup comes back in place of a database in any state, which is kept; a second
// restore brings that back in turn.
func TestRestore(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(path string) error{
		"good":    func(string) error { return nil },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"cut off": func(path string) error { return os.Truncate(path, 3*pageSize+7) },
		"Flamenco's": func(path string) error {
			return os.WriteFile(path, append([]byte(sqliteMagic), make([]byte, 8192)...), 0o600)
		},
		"not there": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			path, backup := backedUp(t)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			kept, err := Restore(backup, path, now)
			if err != nil {
				t.Fatal(err)
			}
			if n := jobsIn(t, path); n != 1 {
				t.Errorf("%d jobs", n)
			}
			if name == "not there" {
				if kept != "" {
					t.Error(kept)
				}
				return
			}
			if after, err := os.ReadFile(kept); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the database that was there is not kept: %v", err)
			}
			if name == "good" {
				if _, err := Restore(kept, path, now); err != nil || jobsIn(t, path) != 2 {
					t.Errorf("the one that was kept does not come back: %v", err)
				}
			}
			if files, _ := filepath.Glob(path + unfinished + "*"); len(files) > 0 {
				t.Error(files)
			}
		})
	}
}

// Whatever is not a whole backup that this program can use is refused in one
// sentence or two, and the database stays as it is.
func TestRestoreRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(path string) error
		says   string
	}{
		"missing": {os.Remove, "cannot be checked"},
		"empty":   {func(path string) error { return os.Truncate(path, 0) }, "is empty"},
		"short":   {func(path string) error { return os.Truncate(path, 99) }, "too short"},
		"cut off": {func(path string) error { return os.Truncate(path, 3*pageSize) }, "cut off"},
		"of SQLite": {func(path string) error {
			return os.WriteFile(path, append([]byte(sqliteMagic), make([]byte, 8192)...), 0o600)
		}, "Flamenco"},
		"of another program": {func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("PK"), 9999), 0o600) }, "another program"},
		"of another bolt user": {func(path string) error {
			os.Remove(path)
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			defer db.Close()
			return db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("other")); return err })
		}, "not a database of Farm"},
		"newer": {func(path string) error {
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			defer db.Close()
			return db.Update(func(tx *bolt.Tx) error { return (&layout{number: newestLayout() + 1, program: "9.8.7"}).put(tx) })
		}, "needs Farm 9.8.7"},
		"with a record damaged": {func(path string) error {
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			defer db.Close()
			return db.Update(func(tx *bolt.Tx) error { return tx.Bucket(jobBucket.name).Put(key32(1), []byte("nonsense")) })
		}, "bucket job with key 00000001"},
		"a folder": {func(path string) error { os.Remove(path); return os.Mkdir(path, 0o700) }, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			path, backup := backedUp(t)
			if err := c.change(backup); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			_, err := Restore(backup, path, time.Now())
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), backup) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; want %q", err, c.says)
			}
			if known := farm.KindOf(err); known == farm.Internal {
				t.Errorf("it is no error for users: %v", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the database was changed")
			}
		})
	}
	t.Run("in use", func(t *testing.T) {
		path, backup := backedUp(t)
		s := open(t, path)
		if _, err := Restore(backup, path, time.Now()); farm.KindOf(err) != farm.Conflict {
			t.Error(err)
		}
		addJob(t, s, frames(1, false))
		clean(t, s)
	})
	t.Run("the database itself", func(t *testing.T) {
		path, _ := backedUp(t)
		if _, err := Restore(path, path, time.Now()); farm.KindOf(err) != farm.Invalid {
			t.Error(err)
		}
	})
}

// A backup of an older version of Farm is restored, from a folder that cannot be
// written to, and the start upgrades it: nothing of it is lost.
func TestRestoreOfOlderLayouts(t *testing.T) {
	for version := 1; version <= newestLayout(); version++ {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			backup := formatFile(t, version)
			if err := os.Chmod(filepath.Dir(backup), 0o500); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(filepath.Dir(backup), 0o700)
			path := filepath.Join(t.TempDir(), "farm.db")
			if _, err := Restore(backup, path, testTime); err != nil {
				t.Fatal(err)
			}
			upgrade(t, path)
			compareValues(t, version, values(t, path))
		})
	}
}
