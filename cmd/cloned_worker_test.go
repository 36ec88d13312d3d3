package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// TestClonedWorker copies the folder of a worker, as the disk image of a computer
// is copied, and starts both: each is a worker of its own, and every task is run once.
func TestClonedWorker(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	f.startManager(t, "127.0.0.1:0")
	start := func(name string) *process {
		p := f.start(t, name, "work", "--home", filepath.Join(f.dir, name), "--manager", f.client.Base, "--name", name)
		if err := p.await("signed on"); err != nil {
			t.Fatal(err)
		}
		return p
	}
	original := start("original")
	if err := original.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := original.end(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(f.dir, "copy"), os.DirFS(filepath.Join(f.dir, "original"))); err != nil {
		t.Fatal(err)
	}
	original = start("original")
	count := filepath.Join(f.dir, "count.txt")
	job := f.submit(t, api.SubmittedJob{Name: "count", Type: "counting", Priority: 50, SubmitterPlatform: "manager",
		Settings: map[string]any{"file": count, "tasks": crashTasks}})
	clone := start("copy")
	registers := make(chan error, 2) // whichever the manager hears of second
	for _, p := range []*process{original, clone} {
		go func() { registers <- p.await("registers as a new one") }()
	}
	if err := <-registers; err != nil {
		t.Fatal(err)
	}
	for j, err := range followJob(t.Context(), f.client, job) {
		if err != nil {
			t.Fatal(err)
		}
		if api.JobIsOver(j.Status) && j.Status != farm.JobCompleted.String() {
			t.Fatalf("the job is %s", j.Status)
		}
	}
	f.expectOnce(t, count)
	workers, err := f.client.FetchWorkers(t.Context())
	if err != nil || len(workers.Workers) != 2 || workers.Workers[0].ID == workers.Workers[1].ID {
		t.Errorf("the workers are %+v, %v", workers, err)
	}
	if said, _ := f.manager.out.look(); !strings.Contains(said, "two workers have the same identity") {
		t.Errorf("the manager said nothing of it:\n%s", said)
	}
}
