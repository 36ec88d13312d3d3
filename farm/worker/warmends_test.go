//go:build !windows

package worker

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
)

// A program that does not stay open, such as behind a script that reads the
// standard input, is started anew for each task.
func TestWarmNeedsABlenderThatStays(t *testing.T) {
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	file := filepath.Join(dir, "x.blend")
	write(t, file, "no blend file")
	frameFile(t, filepath.Join(dir, "01.png"), 1)
	exe := script(t, `echo started; case "$*" in *"-f 1") touch '`+dir+`/01.png'; echo "Saved: '`+dir+`/01.png'";; esac`)
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

// When its job has no more tasks, it is closed before the worker waits for another.
func TestWarmIsClosedWithItsJob(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	file, dir, m := warmFile(t, newBench(t), ""), t.TempDir(), newFakeManager()
	m.ahead = true
	ids := m.addFrames(file, dir, "1", "2")
	w, err := New(Options{Client: m.client(), NoChecks: true, Dir: t.TempDir(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	w.warm.patience = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.Run(ctx)
	}()
	m.until(t, "a question that is held", func() bool { return m.held && m.finished(ids[1], "completed")() })
	if log := m.logOf(ids[1]); w.warm.isOpen() || !strings.Contains(log, openWords(false)) {
		t.Errorf("open: %v; the log of the last task:\n%s", w.warm.isOpen(), log)
	}
	w.warm.ending.Wait()
	stop()
	<-over
}

// Without a task it is closed after a while, if the manager does not answer.
func TestWarmIdleIsClosed(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
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
