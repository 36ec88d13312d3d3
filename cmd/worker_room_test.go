//go:build unix

package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// printingType plans tasks that print more than the worker's disk has room for.
const printingType = `
var JOB_TYPE = { label: "Printing", settings: [{ key: "tasks", type: "int32", default: 3 }] };

function compileJob(job) {
    for (var i = 1; i <= job.settings.tasks; i++) {
        var task = author.Task("print " + i, "misc");
        task.addCommand(author.Command("exec", {
            exe: "/bin/sh",
            args: ["-c", "i=0; while [ $i -lt 4000 ]; do echo a line of output that is neither long nor short $i; i=$((i+1)); done"],
        }));
        job.addTask(task);
    }
}
`

// TestWorkerWithoutRoom gives a worker a disk that is full long before its task has
// printed all: the task ends all the same, and the next ones are done.
func TestWorkerWithoutRoom(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	if err := os.WriteFile(filepath.Join(f.home, "scripts", "printing.js"), []byte(printingType), 0o600); err != nil {
		t.Fatal(err)
	}
	f.startManager(t, "127.0.0.1:0")
	const blocks = 64 // of 512 bytes: a few reports
	limited := exec.Command("sh", "-c", fmt.Sprintf(`ulimit -f %d; exec farm work --home "$0" --manager "$1"`, blocks), filepath.Join(f.dir, "worker"), f.client.Base)
	limited.Env = append(os.Environ(), "NO_COLOR=1")
	limited.Dir = f.dir
	w, err := startCommand("worker", limited)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			said, _ := w.out.look()
			t.Logf("the worker said\n%s", said)
		}
	})
	job := f.submit(t, api.SubmittedJob{Name: "print", Type: "printing", Priority: 50, SubmitterPlatform: "manager"})
	for j, err := range followJob(t.Context(), f.client, job) {
		if err != nil {
			t.Fatal(err)
		}
		if api.JobIsOver(j.Status) && j.Status != farm.JobCompleted.String() {
			t.Fatalf("the job is %s: %s", j.Status, j.Activity)
		}
	}
}
