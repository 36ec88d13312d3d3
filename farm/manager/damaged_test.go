package manager_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// A job whose settings or commands are damaged while a worker has one of its tasks is no
// error for that worker, who goes on with another job. It can be looked at in lists and
// deleted, and nothing that comes with time trips over it.
func TestDamagedJob(t *testing.T) {
	for _, bucket := range []string{"def", "jobdef"} {
		t.Run(bucket, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { damagedJob(t, bucket) })
		})
	}
}

func damagedJob(t *testing.T, bucket string) {
	f := openFarm(t)
	defer func() { f.stop() }()
	f.configure(func(c *farm.Config) {
		c.TaskTimeout, c.WorkerTimeout = farm.Duration(10*time.Minute), farm.Duration(time.Hour)
	})
	w := f.worker("w1")
	bad := f.submit(nil, func(s *farm.Submission) { s.Priority = 90 })
	good := f.submit(nil)
	task := f.take(w)
	f.restart() // what was read of the job is forgotten
	f.wake(w, "w1", "blender", "ffmpeg")
	damageRecord(t, filepath.Join(f.home, "farm.db"), bucket)
	if j, _, err := f.Job(bad); bucket == "jobdef" && farm.KindOf(err) != farm.Conflict || bucket == "def" && (err != nil || j.ID != bad) {
		t.Errorf("%+v, %v", j, err)
	}
	if a, err := f.Assign(t.Context(), w, 0); err != nil || a.Task != nil && a.Task.Job != good {
		t.Fatalf("%+v, %v", a, err)
	}
	if next := f.take(w); next == "" || next == task || f.jobOf(next) != good {
		t.Errorf("the worker gets %s", next)
	}
	if _, _, err := f.Tasks(bad, -1, 10); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	if jobs, _, err := f.Jobs(0, 10); err != nil || len(jobs) != 2 || !strings.Contains(jobs[0].Activity, "damaged") {
		t.Errorf("%+v, %v", jobs, err)
	}
	if p, err := f.MayRun(t.Context(), w, task, 0); err != nil || p.MayRun {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := f.CollectFiles(t.Context(), true, -1); farm.KindOf(err) != farm.Conflict {
		t.Errorf("files are removed although nobody can tell which are needed: %v", err)
	}
	f.wait(3 * time.Hour) // time-outs, checks
	f.must(f.DeleteJob(bad))
	f.wait(time.Minute)
	if jobs, _, err := f.Jobs(0, 10); err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs, %v", len(jobs), err)
	}
	if _, err := f.CollectFiles(t.Context(), true, -1); err != nil {
		t.Error(err)
	}
}

func (f *testFarm) jobOf(id farm.TaskID) farm.JobID {
	t, _, err := f.Task(id)
	f.must(err)
	return t.Job
}

// damageRecord changes a byte in all copies of the first record of a bucket of a database
// that is in use.
func damageRecord(t *testing.T, path, bucket string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	look := filepath.Join(t.TempDir(), "look.db")
	if err := os.WriteFile(look, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(look, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.View(func(tx *bolt.Tx) error {
		_, value := tx.Bucket([]byte(bucket)).Cursor().First()
		other := bytes.Clone(value)
		other[len(other)/2] ^= 4
		changeBytes(t, path, string(value), string(other))
		return nil
	})
}
