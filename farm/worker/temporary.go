package worker

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A Blender that is killed leaves its temporary folder behind, often with
// gigabytes in it, and one that crashes leaves a report. So each program gets a
// temporary folder of its own, in one of the worker's, and the folder goes with it.

// tempRecord is the file in the worker's folder that says where its temporary
// folder is, so that what a killed worker left is removed at the next start.
const tempRecord = "temp"

// openTemp makes the worker's temporary folder, where the system has such folders,
// and removes what an earlier run in dir left. Without one ("") programs use the
// system's. The caller holds the lock of dir.
func openTemp(dir string, log *slog.Logger) string {
	record := filepath.Join(dir, tempRecord)
	if left, err := os.ReadFile(record); err == nil && strings.HasPrefix(filepath.Base(string(left)), tempPrefix) {
		os.RemoveAll(string(left)) // as well as it can
	}
	root, err := os.MkdirTemp("", tempPrefix)
	if err == nil {
		err = os.WriteFile(record, []byte(root), 0o600)
	}
	if err != nil {
		log.Warn("programs get no temporary folder of their own, and what they leave behind stays", "error", err)
		return ""
	}
	return root
}

const tempPrefix = "farm-worker-"

// closeTemp removes what openTemp made.
func closeTemp(dir, root string) {
	if root != "" && os.RemoveAll(root) == nil {
		os.Remove(filepath.Join(dir, tempRecord))
	}
}

// tempNames are the environment variables that programs look for a temporary
// folder in, on all platforms.
var tempNames = []string{"TMPDIR", "TEMP", "TMP"}

// A workplace is the temporary folder of one program.
type workplace struct {
	dir    string // "": the system's
	begun  time.Time
	report string // where Blender said that it writes its crash report; "" if nowhere
}

// newWorkplace makes one in root, "" for none.
func newWorkplace(root string) *workplace {
	w := &workplace{begun: time.Now()}
	if root != "" {
		w.dir, _ = os.MkdirTemp(root, "")
	}
	return w
}

// environment returns what the program's environment has more than the worker's.
func (w *workplace) environment() (list []string) {
	if w.dir != "" {
		for _, name := range tempNames {
			list = append(list, name+"="+w.dir)
		}
	}
	return list
}

// remove removes the folder and all in it.
func (w *workplace) remove() {
	if w.dir != "" {
		os.RemoveAll(w.dir)
	}
}

// crashLine is what Blender prints when it crashes, on every platform.
var crashLine = regexp.MustCompile(`Writing: (.+\.crash\.txt)\s*$`)

// see takes a line of the program's output.
func (w *workplace) see(text string) {
	if m := crashLine.FindStringSubmatch(text); m != nil {
		w.report = m[1]
	}
}

// maxCrashReport bounds how much of a crash report is kept, in bytes.
const maxCrashReport = 64 << 10

// crashReport returns the report that the program left when it crashed, as text
// for the task's log; "" for none. Its lines are indented: what is in them is not
// a reason that a rule of diagnosis should find.
func (w *workplace) crashReport() string {
	path := w.report
	if found, _ := filepath.Glob(filepath.Join(cmp.Or(w.dir, "?"), "*.crash.txt")); path == "" && len(found) > 0 {
		path = found[0]
	}
	// Anything can print such a line: nothing older than the program is read.
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(w.begun.Add(-2*time.Second)) {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, maxCrashReport))
	text := strings.TrimSpace(strings.ToValidUTF8(string(data), "?"))
	if text == "" {
		return ""
	}
	more := ""
	if info.Size() > maxCrashReport {
		more = fmt.Sprintf("\n    (%d bytes more)", info.Size()-maxCrashReport)
	}
	if filepath.Dir(path) != w.dir {
		os.Remove(path) // it would be found again after the next crash
	}
	return "the crash report of the program, " + filepath.Base(path) + ":\n\n    " + strings.ReplaceAll(text, "\n", "\n    ") + more + "\n\n"
}
