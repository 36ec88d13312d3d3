//go:build unix

package files

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk fills the disk in the middle of a line: the lines before stay whole,
// nothing of what was refused is left, and when there is room again it can be appended.
func TestFullDisk(t *testing.T) {
	const child = "FARM_TEST_FULL_DISK"
	if dir := os.Getenv(child); dir != "" {
		fillDisk(t, dir)
		return
	}
	// The limit holds for the whole process.
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFullDisk$")
	cmd.Env = append(os.Environ(), child+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.AppendLog(job, task, "the first line"); err != nil {
		t.Fatal(err)
	}
	var whole syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
		t.Fatal(err)
	}
	const room = 20 // bytes: a few of the next line are written
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: whole.Max}); err != nil {
		t.Fatal(err)
	}
	second := strings.Repeat("second ", 10)
	if err := f.AppendLog(job, task, second); err == nil {
		t.Error("a line was appended for which there is no room")
	}
	if text, _, _ := f.Tail(job, task); text != "the first line\n" {
		t.Errorf("the log is %q", text)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
		t.Fatal(err)
	}
	if err := f.AppendLog(job, task, second); err != nil {
		t.Fatal(err)
	}
	if text, _, _ := f.Tail(job, task); text != "the first line\n"+second+"\n" {
		t.Errorf("the log is %q", text)
	}
}

// TestTornLine appends to a log whose last line a crash has cut off.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, filepath.FromSlash(LogPath(job, task)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("whole\nto"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, line := range []string{"next", "last"} {
		if err := f.AppendLog(job, task, line); err != nil {
			t.Fatal(err)
		}
	}
	if text, _, _ := f.Tail(job, task); text != "whole\nto\nnext\nlast\n" {
		t.Errorf("the log is %q", text)
	}
}
