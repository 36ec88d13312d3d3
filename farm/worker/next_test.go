//go:build !windows

package worker

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
)

// addFrames queues a task for each frame of a file.
func (m *fakeManager) addFrames(file, dir string, frames ...string) (ids []string) {
	for _, frame := range frames {
		ids = append(ids, m.add(renderOf(file, 1, "-o", dir+"/##", "-f", frame)))
	}
	return ids
}

// The next task is got while a frame is rendered, and begun before that frame is
// reported; all are done, in one Blender.
func TestTasksAreGotAhead(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	file, dir, m := warmFile(t, newBench(t), ""), t.TempDir(), newFakeManager()
	m.ahead = true
	ids := m.addFrames(file, dir, "1", "2", "3", "4")
	stop, _ := m.worker(t, t.TempDir())
	m.until(t, "the end of the last task", m.finished(ids[3], "completed"))
	stop()
	if names := filesIn(t, dir); names != "01.png 02.png 03.png 04.png" {
		t.Errorf("files %s", names)
	}
	for _, id := range ids {
		if !m.finished(id, "completed")() {
			t.Errorf("task %s was not completed", id)
		}
		if log := m.logOf(id); !strings.Contains(log, "Saved") && !strings.Contains(log, "Saving") {
			t.Errorf("the log of %s has no frame:\n%s", id, log)
		}
	}
	if !strings.Contains(m.logOf(ids[3]), openWords(false)) {
		t.Error("the last task did not get the open Blender")
	}
	// Of four tasks the third and the fourth were got while the one before was rendered.
	asked := m.times("GET /api/v3/worker/task/" + ids[2] + "/may-i-run")
	if len(asked) < 2 {
		t.Errorf("it asked %d times about the third task: it was not got ahead", len(asked))
	}
}

// A manager that does not know of next tasks is not asked for them.
func TestAStockManagerIsNotAskedForNextTasks(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	file, dir, m := warmFile(t, newBench(t), ""), t.TempDir(), newFakeManager()
	ids := m.addFrames(file, dir, "1", "2", "3")
	stop, _ := m.worker(t, t.TempDir())
	m.until(t, "the end of the last task", m.finished(ids[2], "completed"))
	stop()
	if n := len(m.times("POST /api/v3/worker/task")); n > 4 {
		t.Errorf("it asked %d times for three tasks", n)
	}
}

// What the manager wants back is reported as queued, and not rendered.
func TestANextTaskIsReturned(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	file, dir, m := warmFile(t, newBench(t), "s.cycles.samples = 2000"), t.TempDir(), newFakeManager()
	m.ahead, m.back = true, true
	ids := m.addFrames(file, dir, "1", "2", "3")
	stop, _ := m.worker(t, t.TempDir())
	back, done, want := ids[2], ids[1], "01.png 02.png"
	m.until(t, "the return of a task", func() bool { return m.finished(ids[1], "queued")() || m.finished(ids[2], "queued")() })
	if slices.Contains(m.statuses(map[string]string{ids[1]: "second"}), "second queued") { // the first frame took long to read back
		back, done, want = ids[1], ids[2], "01.png 03.png"
	}
	m.until(t, "the end of the other task", m.finished(done, "completed"))
	stop()
	if names := filesIn(t, dir); names != want {
		t.Errorf("files %s", names)
	}
	if !slices.Contains(m.notBegun, back) {
		t.Errorf("it asked about %v", m.notBegun)
	}
}

// A frame that is found broken while the next is rendered has both rendered again, each
// in a Blender of its own.
func TestABrokenFrameBeforeTheNextTask(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	dir, m := t.TempDir(), newFakeManager()
	// Frame 3 is cut off, as on a full disk, but only once.
	mark := filepath.Join(t.TempDir(), "mark")
	file := warmFile(t, newBench(t), `x = bpy.data.texts.new('h.py'); x.use_module = True; x.write("""import bpy, os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
full = []
def disk(f):
    if f != 3:
        full.clear()
    elif not os.path.exists('`+mark+`'):
        open('`+mark+`', 'w').close()
        full.append(f)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 if full else resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return 0.0
bpy.app.driver_namespace['disk'] = disk
""")
d = o.driver_add('location', 2).driver; d.type = 'SCRIPTED'; d.expression = 'disk(frame)'`)
	m.ahead = true
	task := func(frames string, steps int) string {
		return m.add(renderOf(file, steps, "-o", dir+"/##", "-f", frames))
	}
	ids := []string{task("1", 1), task("2..3", 2), task("4", 1), task("5", 1)}
	stop, _ := m.worker(t, t.TempDir())
	m.until(t, "the end of the last task", m.finished(ids[3], "completed"))
	stop()
	if names := filesIn(t, dir); names != "01.png 02.png 03.png 03.png.broken 04.png 05.png" {
		t.Errorf("files %s", names)
	}
	if log := m.logOf(ids[1]); !strings.Contains(log, "Trying again in a Blender of its own") {
		t.Errorf("log %s", log)
	}
	for _, id := range ids {
		if !m.finished(id, "completed")() {
			t.Errorf("task %s was not completed:\n%s", id, m.logOf(id))
		}
	}
}

// A run whose Blender is needed again waits for the one that renders.
func TestOneRunRenders(t *testing.T) {
	b := newBench(t)
	other := &run{worker: b.worker, task: b.task, reporter: b.reporter}
	if err := b.takeRenderer(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := make(chan error)
	go func() { got <- other.takeRenderer(t.Context()) }()
	select {
	case <-got:
		t.Fatal("two runs render")
	case <-time.After(10 * time.Millisecond):
	}
	b.leaveRenderer()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}
