package manager_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

// compareFigures counts what the farm has, and compares it with what it says. Every
// test of a farm ends with it.
func (f *testFarm) compareFigures() {
	f.t.Helper()
	got := f.Figures(context.Background())
	var tasks farm.Counts
	jobs, workers := map[farm.JobStatus]int{}, map[farm.WorkerStatus]int{}
	list, _, err := f.Jobs(0, 1<<20)
	if err != nil {
		f.t.Error(err)
	}
	for _, j := range list {
		jobs[j.Status()]++
		tasks.Add(j.Counts)
	}
	all, err := f.Workers()
	if err != nil {
		f.t.Error(err)
	}
	for _, w := range all {
		workers[w.Status]++
	}
	maps.DeleteFunc(got.Jobs, func(_ farm.JobStatus, n int) bool { return n == 0 })
	maps.DeleteFunc(got.Workers, func(_ farm.WorkerStatus, n int) bool { return n == 0 })
	if !maps.Equal(got.Jobs, jobs) || got.Tasks != tasks || !maps.Equal(got.Workers, workers) {
		f.t.Errorf("the farm counts jobs %v, tasks %v, workers %v, and has %v, %v, %v", got.Jobs, got.Tasks, got.Workers, jobs, tasks, workers)
	}
}

// TestFiguresOfWork follows what is counted through a small job and a restart.
func TestFiguresOfWork(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submit(frames(3))
	f.report(w, f.take(w), farm.TaskCompleted)
	f.report(w, f.take(w), farm.TaskFailed)
	got := f.Figures(t.Context())
	if got.Assigned != 2 || got.Completed != 1 || got.Returned != 1 || got.Tasks != (farm.Counts{farm.TaskQueued: 1, farm.TaskCompleted: 1, farm.TaskSoftFailed: 1}) {
		t.Errorf("%+v", got)
	}
	if s := got.Store; s.Operations < 5 || s.FileSize < 4096 || s.Queued != 0 {
		t.Errorf("%+v", s)
	}
	if got.StorageMissing || len(got.DiskFree) != 3 || !got.LastBackup.IsZero() {
		t.Errorf("%+v", got)
	}
	if _, err := f.BackUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.Figures(t.Context()).LastBackup.IsZero() {
		t.Error("there is a backup, and it is not told when it was made")
	}
	f.restart()
	if got := f.Figures(t.Context()); got.Tasks[farm.TaskCompleted] != 1 || got.Assigned != 0 {
		t.Errorf("after a restart: %+v", got)
	}
	f.must(f.DeleteJob(job)) // the end of the test compares the counts
}

// TestReady takes away what the manager needs.
func TestReady(t *testing.T) {
	f := newFarm(t)
	if err := f.Ready(t.Context()); err != nil {
		t.Errorf("a new farm: %v", err)
	}
	storage := filepath.Join(f.home, "storage")
	f.must(os.Rename(storage, storage+".away"))
	err := f.Ready(t.Context())
	if farm.KindOf(err) != farm.Off || !strings.Contains(err.Error(), "shared storage is not there") {
		t.Errorf("without the shared storage: %v", err)
	}
	if !f.Figures(t.Context()).StorageMissing {
		t.Error("the figures do not say that the shared storage is missing")
	}
	f.must(os.WriteFile(storage, nil, 0o600))
	if err := f.Ready(t.Context()); farm.KindOf(err) != farm.Off {
		t.Errorf("with a file in its place: %v", err)
	}
	f.must(os.Remove(storage))
	f.must(os.Rename(storage+".away", storage))
	if err := f.Ready(t.Context()); err != nil {
		t.Errorf("with the shared storage again: %v", err)
	}
	f.Close()
	if err := f.Ready(t.Context()); farm.KindOf(err) != farm.Off {
		t.Errorf("a manager that ends: %v", err)
	}
}
