package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// boltUpdate changes the file behind the store's back.
func boltUpdate(t testing.TB, path string, fn func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, path string)
		kind   farm.Kind
		says   []string
	}{
		{"locked", func(t *testing.T, path string) { open(t, path) }, farm.Conflict, []string{"another process uses", "--home"}},
		{"newer", func(t *testing.T, path string) {
			boltUpdate(t, path, func(tx *bolt.Tx) error {
				return (&layout{number: newestLayout() + 1, program: "9.8.7"}).put(tx)
			})
		}, farm.Unsupported, []string{"needs Farm 9.8.7 or newer", "backup from before"}},
		{"of another program", func(t *testing.T, path string) {
			os.Remove(path)
			boltUpdate(t, path, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("other")); return err })
		}, farm.Unsupported, []string{"not a database of Farm"}},
		{"no database", func(t *testing.T, path string) {
			os.WriteFile(path, []byte(strings.Repeat("Dear diary! ", 1000)), 0o600)
		}, farm.Unsupported, []string{"another program made it", "farm restore FILE --home"}},
		{"empty", func(t *testing.T, path string) { os.Truncate(path, 0) }, farm.Unsupported, []string{"is empty", "farm restore"}},
		{"Flamenco's", func(t *testing.T, path string) {
			os.WriteFile(path, append([]byte("SQLite format 3\x00"), make([]byte, 8192)...), 0o600)
		}, farm.Unsupported, []string{"SQLite", "flamenco-manager.sqlite", "farm restore"}},
		{"cut off behind its head, with a backup", func(t *testing.T, path string) {
			os.Mkdir(BackupsDir(path), 0o700)
			os.WriteFile(filepath.Join(BackupsDir(path), backupName(testTime, BackupDaily)), []byte("x"), 0o600)
			os.Truncate(path, 2*pageSize)
		}, farm.Internal, []string{"cut off", backupName(testTime, BackupDaily), "\"farm restore --home '", "the home'\""}},
		{"short", func(t *testing.T, path string) { os.WriteFile(path, []byte("x"), 0o600) }, farm.Internal, []string{"is damaged"}},
		{"cut off", func(t *testing.T, path string) { os.Truncate(path, 3*pageSize) }, farm.Internal, []string{"cut off"}},
		{"without a bucket", func(t *testing.T, path string) {
			boltUpdate(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket(tagBucket.name) })
		}, farm.Internal, []string{"bucket tag is missing"}},
		{"a folder", func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) }, farm.Internal, []string{"cannot be opened"}},
		{"in no folder", func(t *testing.T, path string) { os.RemoveAll(filepath.Dir(path)) }, farm.Internal, []string{"cannot be opened", "folder exists"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "the home", "farm.db")
			os.Mkdir(filepath.Dir(path), 0o700)
			s := open(t, path)
			addJob(t, s, frames(2, false))
			w := addWorker(t, s, "blender")
			update(t, s, func(tx *Tx) { assign(tx, w) })
			s.Close()
			c.change(t, path)
			before, _ := os.ReadFile(path)
			got, err := Open(Options{Path: path})
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
			if err == nil {
				got.Close()
				t.Fatal("it was opened")
			}
			if farm.KindOf(err) != c.kind {
				t.Errorf("kind %d: %v", farm.KindOf(err), err)
			}
			for _, want := range append(c.says, filepath.Dir(path)) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestOpenCreates(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "farm.db")
	os.WriteFile(path+".unfinished-12345", []byte("left over by a crash"), 0o600)
	s := open(t, path)
	clean(t, s)
	s.Close()
	for err := range Check(path) {
		t.Error("check:", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files are left: %v", files)
	}
}

// Two managers may start for the first time at the same moment: one of them gets
// the database, the other is told so.
func TestTwoCreateAtOnce(t *testing.T) {
	for round := range 12 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel() // the one that is refused waits a second
			path := filepath.Join(t.TempDir(), "farm.db")
			var stores [2]*Store
			var errs [2]error
			var both sync.WaitGroup
			start := make(chan struct{})
			for i := range stores {
				both.Go(func() {
					<-start
					stores[i], errs[i] = Open(Options{Path: path})
				})
			}
			close(start)
			both.Wait()
			if stores[0] == nil {
				stores[0], stores[1], errs[0], errs[1] = stores[1], nil, errs[1], errs[0]
			}
			if errs[0] != nil || farm.KindOf(errs[1]) != farm.Conflict || !strings.Contains(errs[1].Error(), "already running") {
				t.Fatalf("the first: %v; the other: %v", errs[0], errs[1])
			}
			addWorker(t, stores[0], "blender")
			stores[0].Close()
			s := open(t, path)
			s.View(func(v *View) error {
				if workers, err := v.Workers(); err != nil || len(workers) != 1 {
					t.Errorf("%d workers are in the file: %v", len(workers), err)
				}
				return nil
			})
			if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
				t.Errorf("files are left: %v", files)
			}
		})
	}
}

// A process that found no database must not replace the one that another made
// in the meantime.
func TestCreateReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := create(path, ""); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the database that is open was replaced: %v", err)
	}
	s.Close()
	if err := makeEmpty(path, ""); err != nil { // as where there are no links
		t.Fatal(err)
	}
	clean(t, open(t, path))
}

// A job that may not run is read when it is asked for, and let go when many were.
func TestFinishedJobsAreLetGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	var ids []farm.JobID
	for range 3 * maxCachedJobs {
		p := frames(2, true)
		p.Intent = farm.IntentHold
		ids = append(ids, addJob(t, s, p))
	}
	inMemory := func() (n int) { update(t, s, func(tx *Tx) { n = len(tx.x.jobs) }); return n }
	if n := inMemory(); n > maxCachedJobs {
		t.Errorf("%d jobs are in memory", n)
	}
	s.Close()
	s = open(t, path)
	if n := inMemory(); n != 0 {
		t.Errorf("%d jobs are in memory after the start", n)
	}
	w := addWorker(t, s, "blender")
	update(t, s, func(tx *Tx) {
		for _, id := range ids {
			j, err := tx.Job(id)
			if err != nil || j.Len() != 3 || j.Task(2).Ready() {
				t.Error(j, err)
			}
		}
		j, _ := tx.Job(ids[0])
		j.Intent = farm.IntentRun
		tx.SaveJob(j)
	})
	if n := inMemory(); n > maxCachedJobs+1 {
		t.Errorf("%d jobs are in memory", n)
	}
	update(t, s, func(tx *Tx) {
		if task, ok := assign(tx, w); !ok || task.Job.ID != ids[0] {
			t.Error("the job that was resumed is not handed out")
		}
	})
	clean(t, s)
}
