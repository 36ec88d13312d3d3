//go:build !windows

package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// secondOf queues a second run of a frame of a file, and runs a worker until it is over.
// It returns the folder that the frame belongs to.
func (m *fakeManager) secondOf(t *testing.T, file string, python string) (task, dir string) {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	m.ahead, m.second = true, true
	task = m.add(renderOf(file, 1, "-o", dir+"/##", "-F", "PNG", "--python-expr", "import bpy; s = bpy.context.scene\n"+python, "-f", "2"))
	stop, _ := m.worker(t, home)
	m.until(t, "the end of the second run", func() bool {
		return len(m.ended) > 0 && (m.theirs || !m.ended[0].Rendered || m.finished(task, "completed")())
	})
	stop()
	if left := filesIn(t, home); strings.Contains(left, asideRecord) {
		t.Errorf("a note of the folder is left: %s", left)
	}
	return task, dir
}

// A frame that counts is where the command wants it, the same as ever, and reported as
// that of any task; before that nobody sees anything of it.
func TestASecondRunThatCounts(t *testing.T) {
	blendertest.Find(t)
	b := newBench(t)
	file, m, alone := warmFile(t, b, ""), newFakeManager(), t.TempDir()
	if err := b.do(t.Context(), renderOf(file, 1, "-o", alone+"/##", "-F", "PNG", "-f", "2")); err != "" {
		t.Fatal(err)
	}
	task, dir := m.secondOf(t, file, "")
	sameImages(t, alone, dir)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside the frame: %v, %v", entries, err)
	}
	ended := m.times("POST /api/farm/worker/task/" + task + "/second-run")[0]
	var frames []farm.FrameResult
	for _, u := range m.updates {
		if u.at.Before(ended) {
			t.Errorf("reported before the task was this worker's: %+v", u.TaskUpdate)
		}
		frames = append(frames, u.Frames...)
	}
	if len(frames) != 1 || frames[0].Frame != 2 || frames[0].Flags&farm.FrameRenderedTwice == 0 {
		t.Errorf("frames: %+v", frames)
	}
	if log := m.logOf(task); !strings.Contains(log, "Saved") && !strings.Contains(log, "Saving") {
		t.Errorf("the log has no frame:\n%s", log)
	}
}

// A frame that another worker has rendered leaves nothing, and changes nothing.
func TestASecondRunThatDoesNotCount(t *testing.T) {
	blendertest.Find(t)
	m := newFakeManager()
	m.theirs = true
	_, dir := m.secondOf(t, warmFile(t, newBench(t), ""), "")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if len(m.updates) > 0 || !m.ended[0].Rendered {
		t.Errorf("reported: %+v, %+v", m.ended, m.updates)
	}
}

// What saves more than its frame is not rendered: two would write to one place.
func TestNoSecondRunOfWhatSavesMore(t *testing.T) {
	blendertest.Find(t)
	compositor := `
tree = s.compositing_node_group if hasattr(s, "compositing_node_group") else None
if hasattr(s, "compositing_node_group"):
    tree = s.compositing_node_group = bpy.data.node_groups.new("c", "CompositorNodeTree")
else:
    s.use_nodes = True; tree = s.node_tree
`
	for name, c := range map[string]struct{ python, why string }{
		"a File Output node": {compositor + `tree.nodes.new("CompositorNodeOutputFile")`, "the compositor saves files of its own (node File Output)"},
		"one in a group": {compositor + `
group = bpy.data.node_groups.new("g", "CompositorNodeTree"); group.nodes.new("CompositorNodeOutputFile")
tree.nodes.new("CompositorNodeGroup").node_tree = group`, "the compositor saves files of its own (node File Output)"},
		"a script": {`
def each(*_): pass
bpy.app.handlers.render_post.append(each)`, "a script of the file or an add-on takes part (render_post)"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newFakeManager()
			_, dir := m.secondOf(t, warmFile(t, newBench(t), ""), c.python)
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("left: %v, %v", entries, err)
			}
			if told := m.ended[0]; told.Rendered || !strings.Contains(told.Reason, c.why) {
				t.Errorf("told: %+v", told)
			}
			if len(m.updates) > 0 {
				t.Errorf("reported: %+v", m.updates)
			}
		})
	}
}

// The next start removes what a second run left that was cut off.
func TestTheFolderOfASecondRunIsRemovedAtTheNextStart(t *testing.T) {
	for name, c := range map[string]struct {
		folder  string
		removed bool
	}{
		"one of ours":  {asidePrefix + "X", true},
		"no such name": {"film", false}, // whatever somebody wrote into the note
	} {
		t.Run(name, func(t *testing.T) {
			home, folder := t.TempDir(), filepath.Join(t.TempDir(), c.folder)
			if err := os.Mkdir(folder, 0o777); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{filepath.Join(folder, "02.png"): "x", filepath.Join(home, asideRecord): folder} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m := newFakeManager()
			stop, _ := m.worker(t, home)
			task := m.add(echo("x"))
			m.until(t, "the end of a task", m.finished(task, "completed"))
			stop()
			if _, err := os.Stat(folder); os.IsNotExist(err) != c.removed {
				t.Errorf("the folder: %v", err)
			}
		})
	}
}

// The worker of a first run that was outrun gives the task back when its programs have
// ended.
func TestAFirstRunIsOutrun(t *testing.T) {
	m := newFakeManager()
	task := m.add(napping(3600))
	stop, _ := m.worker(t, t.TempDir())
	m.until(t, "the start of the task", func() bool { return len(m.updates) > 0 })
	m.change(func() { m.outrun = true })
	m.until(t, "the return of the task", m.finished(task, "queued"))
	m.change(func() { m.outrun = false })
	other := m.add(echo("x"))
	m.until(t, "the next task", m.finished(other, "completed"))
	stop()
}
