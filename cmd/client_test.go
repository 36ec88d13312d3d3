package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A testFarm is a whole manager in this process, on a home of its own.
type testFarm struct {
	*session
	host   *host
	client *api.Client
}

// newTestFarm starts a manager that ends with the test.
func newTestFarm(t *testing.T) *testFarm {
	t.Helper()
	f := &testFarm{session: testSession(t, map[string]string{"FARM_LISTEN": "127.0.0.1:0"})}
	f.start(t)
	t.Cleanup(func() { f.stop(t) })
	return f
}

func (f *testFarm) start(t *testing.T) {
	t.Helper()
	h, err := startHost(t.Context(), f.session, serveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.host = h
	if f.client, err = api.New(h.url); err != nil {
		t.Fatal(err)
	}
}

func (f *testFarm) stop(t *testing.T) {
	t.Helper()
	if err := f.host.stop(); err != nil {
		t.Error(err)
	}
}

// submit submits a job of so many tasks that do next to nothing.
func (f *testFarm) submit(t *testing.T, tasks int) api.Job {
	t.Helper()
	j, err := f.client.SubmitJob(t.Context(), api.SubmittedJob{Name: "job", Type: "echo-sleep-test", Priority: 50, SubmitterPlatform: "manager",
		Settings: map[string]any{"message": "hello", "sleep_duration_seconds": 0, "sleep_repeats": tasks - 1}})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// A handWorker is a worker that does what the test tells it.
type handWorker struct {
	*api.Client
	task farm.TaskID
}

// worker registers a worker that does tasks of the types, none for misc, and wakes it.
func (f *testFarm) worker(t *testing.T, name string, types ...string) *handWorker {
	t.Helper()
	if len(types) == 0 {
		types = []string{"misc"}
	}
	ctx := t.Context()
	r, err := f.client.RegisterWorker(ctx, api.WorkerRegistration{Secret: strings.Repeat("s", 64), Platform: "linux", SupportedTaskTypes: types, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	w := &handWorker{Client: f.client.WithCredentials(r.UUID, strings.Repeat("s", 64))}
	if _, err := w.SignOn(ctx, api.WorkerSignOn{Name: name, SupportedTaskTypes: types, SoftwareVersion: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := w.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// take takes the next task.
func (w *handWorker) take(t *testing.T) {
	t.Helper()
	a, err := w.ScheduleTask(t.Context(), 0)
	if err != nil || a.Task == nil {
		t.Fatalf("no task: %v", err)
	}
	w.task = a.Task.UUID
}

// tell reports on the task taken.
func (w *handWorker) tell(t *testing.T, u api.TaskUpdate) {
	t.Helper()
	if err := w.TaskUpdate(t.Context(), w.task, u); err != nil {
		t.Fatal(err)
	}
}

// TestFollowJob: each change is told once, and a manager that is away for a
// moment does not end it.
func TestFollowJob(t *testing.T) {
	f := newTestFarm(t)
	w := f.worker(t, "one")
	j := f.submit(t, 1)
	var told []string
	for now, err := range followJob(t.Context(), f.client, j.ID) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, now.Status)
		switch now.Status {
		case "queued":
			w.take(t)
			w.tell(t, api.TaskUpdate{TaskStatus: "active"})
		case "active":
			address := strings.TrimPrefix(f.host.url, "http://")
			f.stop(t)
			f.getenv = func(name string) string { return map[string]string{"FARM_LISTEN": address}[name] }
			f.start(t)
			w.tell(t, api.TaskUpdate{TaskStatus: "completed"})
		}
	}
	if got := strings.Join(told, " "); got != "queued active completed" {
		t.Errorf("told: %s", got)
	}
}

func TestFollowJobEnds(t *testing.T) {
	f := newTestFarm(t)
	j := f.submit(t, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for _, err := range followJob(ctx, f.client, j.ID) {
		if err != nil {
			if !errors.Is(err, errInterrupted) {
				t.Errorf("ended with %v", err)
			}
			break
		}
		cancel(errInterrupted)
	}
	for _, err := range followJob(t.Context(), f.client, "ffffffff-ffff-4fff-8fff-ffffffffffff") {
		if exitStatus(err) != exitNotFound {
			t.Errorf("a job that is not there: %v", err)
		}
	}
	f.stop(t)
	for _, err := range followJob(t.Context(), f.client, j.ID) {
		if exitStatus(err) != exitUnreachable {
			t.Errorf("a manager that never answered: %v", err)
		}
	}
}

// TestLogReader copies only what is new, tells tasks apart, and begins anew
// when a task runs again.
func TestLogReader(t *testing.T) {
	f := newTestFarm(t)
	w := f.worker(t, "one")
	j := f.submit(t, 2)
	var out bytes.Buffer
	r := newLogReader(f.client, &out, target{job: j.ID})
	read := func(want, not string) {
		t.Helper()
		out.Reset()
		if err := r.readNew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, want) || not != "" && strings.Contains(got, not) {
			t.Errorf("got %q, want %q and not %q", got, want, not)
		}
	}
	read("", "task")
	w.take(t)
	w.tell(t, api.TaskUpdate{TaskStatus: "active", Log: "first \x1b[31mline\n"})
	read("==> task 1: echo <==", "\x1b")
	w.tell(t, api.TaskUpdate{Log: "second line\n"})
	read("second line", "first")
	read("", "line")
	w.tell(t, api.TaskUpdate{TaskStatus: "completed", Log: "last line\n"})
	w.take(t)
	w.tell(t, api.TaskUpdate{TaskStatus: "active", Log: "another task\n"})
	read("==> task 2: sleep <==", "second line")
	if !strings.Contains(out.String(), "last line") {
		t.Errorf("the end of the first task's log is missing: %q", out.String())
	}

	// The task runs again, and its log is a new one.
	w.tell(t, api.TaskUpdate{TaskStatus: "completed"})
	if err := f.client.SetTaskStatus(t.Context(), w.task, api.TaskStatusChange{Status: "queued", Reason: reason}); err != nil {
		t.Fatal(err)
	}
	w.take(t)
	w.tell(t, api.TaskUpdate{TaskStatus: "active", Log: "again\n"})
	read("again", "")
}

// TestFind finds jobs, tasks and workers by what people call them.
func TestFind(t *testing.T) {
	f := newTestFarm(t)
	j := f.submit(t, 3)
	f.worker(t, "Render07")
	ctx := t.Context()
	for _, name := range []string{string(j.ID), shortID(string(j.ID)), strings.ToUpper(string(j.ID)), string(j.ID)[:20]} {
		if id, err := findJob(ctx, f.client, name); err != nil || id != j.ID {
			t.Errorf("job %s: %q, %v", name, id, err)
		}
	}
	for _, name := range []string{"Render07", "render07"} {
		if id, err := findWorker(ctx, f.client, name); err != nil || len(id) != 36 {
			t.Errorf("worker %s: %q, %v", name, id, err)
		}
	}
	second, err := findTarget(ctx, f.client, shortID(string(j.ID))+"/2")
	if err != nil || second.job != j.ID || second.task == "" {
		t.Errorf("task 2: %+v, %v", second, err)
	}
	if same, err := findTarget(ctx, f.client, string(second.task)); err != nil || same != second {
		t.Errorf("task by its id: %+v, %v", same, err)
	}
	if whole, err := findTarget(ctx, f.client, shortID(string(j.ID))); err != nil || whole != (target{job: j.ID}) {
		t.Errorf("a whole job: %+v, %v", whole, err)
	}
	for text, want := range map[string]int{"/1": exitNotFound, "zz/1": exitNotFound, shortID(string(j.ID)) + "/4": exitNotFound,
		shortID(string(j.ID)) + "/0": exitUsage, shortID(string(j.ID)) + "/": exitUsage} {
		if _, err := findTarget(ctx, f.client, text); exitStatus(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestDelete: nothing is deleted without a yes, and off a terminal only --yes is one.
func TestDelete(t *testing.T) {
	f := newTestFarm(t)
	j := f.submit(t, 1)
	s := testSession(t, map[string]string{"FARM_MANAGER": f.host.url})
	s.in = strings.NewReader("yes\n")
	if err := runJobsDelete(t.Context(), s, []string{string(j.ID)}, false); exitStatus(err) != exitUsage {
		t.Errorf("off a terminal: %v", err)
	}
	if _, err := f.client.FetchJob(t.Context(), j.ID); err != nil {
		t.Errorf("the job is gone: %v", err)
	}
	s.yes = true
	if err := runJobsDelete(t.Context(), s, []string{string(j.ID)}, false); err != nil {
		t.Errorf("with --yes: %v", err)
	}
}

// TestReadyFileIsRemoved: a ready file from an earlier run must not tell a lie
// while a new manager starts, or fails to.
func TestReadyFileIsRemoved(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := testSession(t, map[string]string{"FARM_LISTEN": l.Addr().String()})
	ready := filepath.Join(t.TempDir(), "ready")
	if err := os.WriteFile(ready, []byte("http://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := runServe(ctx, s, serveOptions{readyFile: ready}); exitStatus(err) != exitInUse {
		t.Errorf("on a taken port: %v", err)
	}
	if _, err := os.Stat(ready); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old ready file is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.home, "farm.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a manager that could not listen made a database: %v", err)
	}
}

// TestLogText keeps every byte's place, so that offsets stay right.
func TestLogText(t *testing.T) {
	got, err := io.ReadAll(&logText{strings.NewReader("a\tb\r\n\x1b]0;title\x07é\x7f")})
	if want := "a\tb\r\n?]0;title?é?"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
