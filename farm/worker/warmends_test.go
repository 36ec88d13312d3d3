//go:build !windows

package worker

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
)

// A program that does not stay open, such as behind a script that reads the
// standard input, is started anew for each task.
func TestWarmNeedsABlenderThatStays(t *testing.T) {
	b, dir := newBench(t), t.TempDir()
	file := filepath.Join(dir, "x.blend")
	write(t, file, "no blend file")
	frameFile(t, filepath.Join(dir, "01.png"), 1)
	exe := script(t, `echo started; case "$*" in *"-f 1") echo "Saved: '`+dir+`/01.png'";; esac`)
	for range 2 {
		task := renderOf(file, 1, "-o", dir+"/##", "-f", "1")
		task.Parameters["exe"] = exe
		if err := b.do(t.Context(), task); err != "" {
			t.Fatal(err)
		}
	}
	if log := b.logged(t); strings.Count(log, "> started") != 3 || b.steps != 2 {
		t.Errorf("%d steps\n%s", b.steps, log)
	}
}

// Without a task it is closed after a while.
func TestWarmIdleIsClosed(t *testing.T) {
	blendertest.Find(t)
	b := newBench(t)
	b.worker.warm.patience = time.Millisecond
	open, err := startWarm(b.worker, warmKey{exe: "blender"}, []string{"-b", "--factory-startup", "--python-expr", warmScript})
	if err != nil {
		t.Fatal(err)
	}
	b.worker.warm.keep(open)
	<-open.over
	if b.worker.warm.take(open.key) != nil {
		t.Error("a Blender that has ended is handed out")
	}
}
