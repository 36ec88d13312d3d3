package cmd

import (
	"net/http"
	"syscall"
	"testing"
	"unsafe"

	"renderfarm/farm/api"
)

// TestNoFileHandles leaves a manager no file handle: a log that is there is not called
// empty or gone, and a job type not broken; all that is answered as something to try again.
func TestNoFileHandles(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	f.startManager(t, "127.0.0.1:0")
	worker, task := f.workByHand(t)
	if err := worker.TaskUpdate(t.Context(), task.UUID, api.TaskUpdate{Log: "line 1\n"}); err != nil {
		t.Fatal(err)
	}
	info, ok, err := f.client.FetchTaskLogInfo(t.Context(), task.UUID)
	if err != nil || !ok {
		t.Fatalf("there is no log: %v", err)
	}
	// The connection is open, and used again: everything else needs a handle.
	f.limitHandles(t, 0)
	for name, ask := range map[string]func() error{
		"where the log is": func() error {
			_, _, err := f.client.FetchTaskLogInfo(t.Context(), task.UUID)
			return err
		},
		"the end of the log": func() error {
			_, _, err := f.client.FetchTaskLogTail(t.Context(), task.UUID)
			return err
		},
		"the log": func() error {
			body, err := f.client.Open(t.Context(), info.URL)
			if err == nil {
				body.Close()
			}
			return err
		},
		"a job type": func() error {
			_, err := f.client.GetJobType(t.Context(), "counting")
			return err
		},
	} {
		if err := ask(); api.StatusOf(err) != http.StatusServiceUnavailable || !api.Transient(err) {
			t.Errorf("%s: the answer is %v", name, err)
		}
	}
	f.limitHandles(t, 1024)
	if text, ok, err := f.client.FetchTaskLogTail(t.Context(), task.UUID); err != nil || !ok || text == "" {
		t.Errorf("with handles again, the log is %q, %v", text, err)
	}
}

// limitHandles changes how many files the manager may have open (prlimit(2)).
func (f *crashedFarm) limitHandles(t *testing.T, to uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: to, Max: 1024}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(f.manager.cmd.Process.Pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
}
