//go:build unix

package cmd

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// answeredKills is how often the manager is killed right after an answer, and
// soakAnsweredKills how often when FARM_SOAK is set.
const answeredKills, soakAnsweredKills = 4, 20

// TestAnsweredIsKept kills the manager right after it has answered an upload and
// a report with log lines: both are there when it has started again.
func TestAnsweredIsKept(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	f.startManager(t, "127.0.0.1:0")
	address := strings.TrimPrefix(f.client.Base, "http://")
	worker, task := f.workByHand(t)
	var log strings.Builder
	for round := range moreToSoak(answeredKills, soakAnsweredKills) {
		content := make([]byte, 300_000)
		rand.Read(content)
		sum := sha256.Sum256(content)
		sha := hex.EncodeToString(sum[:])
		line := fmt.Sprintf("line %d\n", round)
		if err := worker.TaskUpdate(t.Context(), task.UUID, api.TaskUpdate{Log: line}); err != nil {
			t.Fatal(err)
		}
		log.WriteString(line)
		answer, err := f.client.ShamanFileStore(t.Context(), api.ShamanUpload{SHA: sha, Size: int64(len(content)), Body: bytes.NewReader(content), Offset: -1})
		if err != nil || answer != api.UploadStored {
			t.Fatalf("the upload was answered with %d, %v", answer, err)
		}
		if err := f.manager.kill(); err != nil {
			t.Fatal(err)
		}
		f.startManager(t, address)
		if status, _, err := f.client.ShamanFileStoreCheck(t.Context(), sha, int64(len(content))); err != nil || status != api.ShamanStored {
			t.Errorf("kill %d: the uploaded file is %q, %v", round, status, err)
		}
	}
	if got := f.taskLog(t, task); got != log.String() {
		t.Errorf("the log is\n%s", got)
	}
}

// TestLogThatCannotBeWritten gives the manager no room for a log: a report is
// refused as one to be sent again, nothing of it is kept, and what was
// answered well is in the log, each line once and whole.
func TestLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	const blocks = 512 // of 512 bytes, in a POSIX shell; the database stays below that
	limited := exec.Command("sh", "-c", fmt.Sprintf(`ulimit -f %d; exec farm serve --home "$0" --listen 127.0.0.1:0`, blocks), f.home)
	limited.Env = append(os.Environ(), "NO_COLOR=1")
	limited.Dir = f.dir
	var err error
	if f.manager, err = startCommand("manager", limited); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.manager.kill() })
	f.connect(t)
	worker, task := f.workByHand(t)
	var kept strings.Builder
	var refused string
	for n := 0; refused == ""; n++ {
		text := strings.Repeat(fmt.Sprintf("report %d\n", n), 6_000)
		switch err := worker.TaskUpdate(t.Context(), task.UUID, api.TaskUpdate{Log: text}); {
		case err == nil:
			kept.WriteString(text)
		case api.StatusOf(err) == http.StatusServiceUnavailable && api.Transient(err):
			refused = text
		default:
			t.Fatal(err)
		}
		if n > 100 {
			t.Fatal("the log is not limited")
		}
	}
	if got := f.taskLog(t, task); got != kept.String() {
		t.Errorf("the log has %d bytes, and reports of %d bytes were taken", len(got), kept.Len())
	}
	// The report that ends the task is refused as well, and changes nothing.
	last := api.TaskUpdate{Log: refused, TaskStatus: farm.TaskCompleted.String()}
	if err := worker.TaskUpdate(t.Context(), task.UUID, last); api.StatusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("a report that ends the task was answered with %v", err)
	}
	if got, err := f.client.FetchTask(t.Context(), task.UUID); err != nil || got.Status != farm.TaskActive.String() {
		t.Errorf("the task is %s, %v", got.Status, err)
	}
	if err := f.manager.kill(); err != nil {
		t.Fatal(err)
	}
	f.startManager(t, strings.TrimPrefix(f.client.Base, "http://"))
	if err := worker.TaskUpdate(t.Context(), task.UUID, last); err != nil {
		t.Fatal(err)
	}
	kept.WriteString(refused)
	if got := f.taskLog(t, task); !strings.HasPrefix(got, kept.String()) {
		t.Errorf("the log has %d bytes, and should begin with %d", len(got), kept.Len())
	}
}

// workByHand submits a job and returns a client that acts as the worker which has
// its first task.
func (f *crashedFarm) workByHand(t *testing.T) (*api.Client, *api.AssignedTask) {
	t.Helper()
	f.submit(t, api.SubmittedJob{Name: "by hand", Type: "counting", Priority: 50, SubmitterPlatform: "manager",
		Settings: map[string]any{"file": filepath.Join(f.dir, "unused"), "tasks": 1}})
	const secret = "0123456789abcdef"
	registered, err := f.client.RegisterWorker(t.Context(), api.WorkerRegistration{Secret: secret, Platform: "linux", Name: "hand", SupportedTaskTypes: []string{"misc"}})
	if err != nil {
		t.Fatal(err)
	}
	worker := f.client.WithCredentials(registered.UUID, secret)
	if _, err := worker.SignOn(t.Context(), api.WorkerSignOn{Name: "hand", SupportedTaskTypes: []string{"misc"}, SoftwareVersion: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := worker.WorkerStateChanged(t.Context(), api.WorkerStateChanged{Status: farm.WorkerAwake.String()}); err != nil {
		t.Fatal(err)
	}
	answer, err := worker.ScheduleTask(t.Context(), 0)
	if err != nil || answer.Task == nil {
		t.Fatalf("the worker got no task: %v", err)
	}
	return worker, answer.Task
}

// taskLog returns the lines that workers wrote into the log of a task.
func (f *crashedFarm) taskLog(t *testing.T, task *api.AssignedTask) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.home, "*", "job-*", string(task.Job), "task-"+string(task.UUID)+".txt"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the log is in %q, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var own strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "line ") || strings.HasPrefix(line, "report ") {
			own.WriteString(line)
		} else if !strings.Contains(line, "Task assigned") && !strings.Contains(line, "task changed status") && !strings.Contains(line, "Task ") {
			t.Errorf("there is a line that nobody wrote: %q", line)
		}
	}
	return own.String()
}
