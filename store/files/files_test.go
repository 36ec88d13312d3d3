package files

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"renderfarm/farm"
)

const (
	job   = farm.JobID("1a2b3c4d-0000-4000-8000-000000000001")
	other = farm.JobID("1a2b3c4d-0000-4000-8000-000000000002") // shares the folder above
	task  = farm.TaskID("1a2b3c4d-0000-4000-8000-0000000000aa")
)

func open(t *testing.T) *Files {
	t.Helper()
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func appendLog(t *testing.T, f *Files, job farm.JobID, task farm.TaskID, text string) {
	t.Helper()
	if err := f.AppendLog(job, task, text); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, f *Files, path string) string {
	t.Helper()
	b, err := fs.ReadFile(f.FS(), path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAppendLogEndsLines(t *testing.T) {
	f := open(t)
	if _, ok, _ := f.LogSize(job, task); ok {
		t.Error("there is a log before anything was appended")
	}
	appendLog(t, f, job, task, "first\n")
	appendLog(t, f, job, task, "second")
	f.CloseLog(task)
	appendLog(t, f, job, task, "third")
	if got := content(t, f, LogPath(job, task)); got != "first\nsecond\nthird\n" {
		t.Errorf("the log is %q", got)
	}
	if size, ok, _ := f.LogSize(job, task); !ok || size != 19 {
		t.Errorf("size %d, %v; want 19", size, ok)
	}
}

func TestTail(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	tests := []struct{ name, log, want string }{
		{"short", "one\ntwo\n", "one\ntwo\n"},
		{"cut at a line", strings.Repeat(line, 30), strings.Repeat(line, 20)},
		{"one endless line of wide characters", strings.Repeat("é", 1500), strings.Repeat("é", TailSize/2-1) + "\n"},
		{"one endless line", strings.Repeat("y", 3000), strings.Repeat("y", TailSize-1) + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			appendLog(t, f, job, task, test.log)
			if got, ok, _ := f.Tail(job, task); !ok || got != test.want {
				t.Errorf("got %d bytes, %v; want %d", len(got), ok, len(test.want))
			}
		})
	}
	if _, ok, _ := open(t).Tail(job, task); ok {
		t.Error("a task without a log has a tail")
	}
}

func TestRotateLogKeepsTheRunBefore(t *testing.T) {
	f := open(t)
	if err := f.RotateLog(job, task); err != nil {
		t.Errorf("rotating no log: %v", err)
	}
	for run := range 3 {
		if err := f.RotateLog(job, task); err != nil {
			t.Fatal(err)
		}
		appendLog(t, f, job, task, fmt.Sprint("run ", run))
	}
	if got := content(t, f, LogPath(job, task)); got != "run 2\n" {
		t.Errorf("the log is %q", got)
	}
	if got := content(t, f, LogPath(job, task)+".1"); got != "run 1\n" {
		t.Errorf("the log before is %q", got)
	}
}

// A report may come late and be written while the log is rotated. Once it is
// aside, nothing is written to it any more.
func TestRotateWhileAppending(t *testing.T) {
	f := open(t)
	stop := make(chan struct{})
	var late sync.WaitGroup
	for range 4 {
		late.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := f.AppendLog(job, task, "late\n"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for run := range 300 {
		if err := f.RotateLog(job, task); err != nil {
			t.Fatal(err)
		}
		mine := fmt.Sprintf("run %d\n", run)
		appendLog(t, f, job, task, mine)
		if run > 0 && strings.Contains(content(t, f, LogPath(job, task)+".1"), mine) {
			t.Errorf("%q went to the log that was rotated", mine)
			break
		}
	}
	close(stop)
	late.Wait()
}

func TestManyLogsAtOnce(t *testing.T) {
	f := open(t)
	const tasks, lines = maxOpen + 88, 5
	var wg sync.WaitGroup
	for n := range tasks {
		id := farm.TaskID(fmt.Sprintf("1a2b3c4d-0000-4000-8000-%012d", n))
		wg.Go(func() {
			for line := range lines {
				if err := f.AppendLog(job, id, fmt.Sprintln("line", line)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for n := range tasks {
		id := farm.TaskID(fmt.Sprintf("1a2b3c4d-0000-4000-8000-%012d", n))
		if got := content(t, f, LogPath(job, id)); strings.Count(got, "\n") != lines || !strings.HasSuffix(got, "line 4\n") {
			t.Fatalf("log %d is %q", n, got)
		}
	}
	if open := f.logs.used.Len(); open > maxOpen {
		t.Errorf("%d logs are open, want at most %d", open, maxOpen)
	}
}

func TestRemoveJobLeavesItsNeighbour(t *testing.T) {
	f := open(t)
	if err := f.RemoveJob(job); err != nil {
		t.Errorf("removing a job without files: %v", err)
	}
	appendLog(t, f, job, task, "a")
	appendLog(t, f, other, task+"b", "b")
	if err := f.RemoveJob(job); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(f.FS(), Dir(job)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the job's folder is still there: %v", err)
	}
	if got := content(t, f, LogPath(other, task+"b")); got != "b\n" {
		t.Errorf("the neighbour's log is %q", got)
	}
	appendLog(t, f, job, task, "again") // a straggler's report makes the folder anew
	if err := errors.Join(f.RemoveJob(job), f.RemoveJob(other)); err != nil {
		t.Fatal(err)
	}
	if entries, err := fs.ReadDir(f.FS(), "."); err != nil || len(entries) != 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func TestFolderRemovedByOthers(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	appendLog(t, f, job, task, "a")
	f.CloseLog(task)
	if err := os.RemoveAll(filepath.Join(dir, Dir(job))); err != nil {
		t.Fatal(err)
	}
	appendLog(t, f, job, task, "b")
	if got := content(t, f, LogPath(job, task)); got != "b\n" {
		t.Errorf("the log is %q", got)
	}
}

func TestManyJobsAtOnce(t *testing.T) {
	f := open(t)
	var wg sync.WaitGroup
	for n := range 3 * maxDirs {
		id := farm.JobID(fmt.Sprintf("%08d-0000-4000-8000-000000000001", n))
		wg.Go(func() {
			for line := range 3 {
				if err := f.AppendLog(id, farm.TaskID(fmt.Sprintf("%s%d", id, line)), "a line"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if open := len(f.logs.dirs); open > maxDirs {
		t.Errorf("%d folders are open, want at most %d", open, maxDirs)
	}
}

func TestPathsAreConfined(t *testing.T) {
	f := open(t)
	if err := f.AppendLog("../../../../tmp/x", "y", "text"); err == nil {
		t.Error("a job id led out of the folder")
	}
}

func TestSavePreview(t *testing.T) {
	f := open(t)
	if f.HasPreview(job) {
		t.Error("there is a preview before any was saved")
	}
	m := image.NewRGBA(image.Rect(0, 0, 2400, 300))
	for i := range m.Pix {
		m.Pix[i] = uint8(i >> 8)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := f.SavePreview(job, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if !f.HasPreview(job) {
		t.Error("there is no preview")
	}
	for i, want := range []image.Point{{1920, 240}, {600, 75}, {200, 25}} {
		got, _, err := image.DecodeConfig(strings.NewReader(content(t, f, Dir(job)+"/"+PreviewNames()[i])))
		if err != nil || got.Width != want.X || got.Height != want.Y {
			t.Errorf("%s is %d×%d, %v; want %v", PreviewNames()[i], got.Width, got.Height, err, want)
		}
	}
	if err := f.SavePreview(job, []byte("no image")); farm.KindOf(err) != farm.Invalid {
		t.Errorf("saving no image: %v, want Invalid", err)
	}
	if !f.HasPreview(job) {
		t.Error("a bad preview removed the good one")
	}
}

func BenchmarkAppendLog(b *testing.B) {
	f, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for n := range b.N {
		id := farm.TaskID(fmt.Sprintf("1a2b3c4d-0000-4000-8000-%012d", n/3)) // three lines a task
		if err := f.AppendLog(job, id, "2026-11-23T10:52:02Z task changed status queued -> active"); err != nil {
			b.Fatal(err)
		}
		if n%3 == 2 {
			f.CloseLog(id)
		}
	}
}
