package files

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

// TestLogWithoutEnd appends far more than a log may have: the beginning and the
// end are there, the log says what is missing, and no line is cut.
func TestLogWithoutEnd(t *testing.T) {
	f := open(t)
	appendLog(t, f, job, task, "the first line")
	chunk := strings.Repeat(strings.Repeat("x", 99)+"\n", 1<<20/100)
	for range 3 * maxLog >> 20 {
		appendLog(t, f, job, task, chunk)
	}
	appendLog(t, f, job, task, "the last line")
	text := content(t, f, LogPath(job, task))
	if len(text) > maxLog+len(chunk) {
		t.Errorf("the log has %d bytes", len(text))
	}
	if !strings.HasPrefix(text, "the first line\n") || !strings.HasSuffix(text, "\nthe last line\n") || !strings.Contains(text, "of output were taken out here") {
		t.Errorf("the log begins with %.40q and ends with %q", text, text[len(text)-40:])
	}
	for line := range bytes.Lines([]byte(text)) {
		if n := len(line); n != 100 && !bytes.HasPrefix(line, []byte("the ")) && !bytes.HasPrefix(line, []byte("(")) {
			t.Fatalf("a line of %d bytes: %.60q", n, line)
		}
	}
	if left, err := filepath.Glob(filepath.Join(f.root.Name(), "*", "*", "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestLogThatCannotBeShortened refuses what would make a log longer, and takes it when it
// is sent again after that.
func TestLogThatCannotBeShortened(t *testing.T) {
	f := open(t)
	chunk := strings.Repeat(strings.Repeat("x", 99)+"\n", 1<<20/100)
	appended := 0
	for appended <= maxLog {
		appendLog(t, f, job, task, chunk)
		appended += len(chunk)
	}
	inTheWay := filepath.Join(f.root.Name(), filepath.FromSlash(LogPath(job, task))+".tmp")
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.AppendLog(job, task, "one more line"); err == nil {
			t.Error("it was appended to a log that is too long")
		}
	}
	if n, _, _ := f.LogSize(job, task); n != int64(appended) {
		t.Errorf("the log has %d bytes after %d, of which nothing was refused", n, appended)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	appendLog(t, f, job, task, "one more line")
	if text := content(t, f, LogPath(job, task)); len(text) > maxLog || strings.Count(text, "one more line\n") != 1 {
		t.Errorf("the log has %d bytes, and the line %d times", len(text), strings.Count(text, "one more line\n"))
	}
}

// TestNearlyFullDisk has logs leave room for the database.
func TestNearlyFullDisk(t *testing.T) {
	f := open(t)
	f.logs.spare.least = 1 << 60
	if err := f.AppendLog(job, task, "a line"); farm.KindOf(err) != farm.NoRoom {
		t.Errorf("a line on a disk that is nearly full: %v", err)
	}
	f.logs.spare.least = 0
	appendLog(t, f, job, task, "a line")
	if _, err := os.Stat(filepath.Join(f.root.Name(), filepath.FromSlash(LogPath(job, task)))); err != nil {
		t.Error(err)
	}
}
