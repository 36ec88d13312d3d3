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
