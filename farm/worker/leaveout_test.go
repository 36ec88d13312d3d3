//go:build !windows

package worker

import (
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// Two workers render a task's frames: one leaves the last of them out, as it is asked to,
// and the other renders these only. Files and pixels are those of one that renders all.
func TestFramesAreLeftOut(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b, alone, dir := newBench(t), t.TempDir(), t.TempDir()
	file := warmFile(t, b, "")
	if err := b.do(t.Context(), renderOf(file, 4, "-o", alone+"/##", "-f", "1..4")); err != "" {
		t.Fatal(err)
	}
	for i, c := range []struct{ leave, share, rendered, leftOut string }{{"3,4", "", "1,2", "3,4"}, {"", "1,2", "3,4", "1,2"}} {
		m := newFakeManager()
		m.leave, _ = farm.ParseFrames(c.leave)
		task := m.add(renderOf(file, 4, "-o", dir+"/##", "-f", "1..4"))
		m.queue[0].LeaveOut = c.share
		stop, _ := m.worker(t, t.TempDir())
		m.until(t, "the end of the task", m.finished(task, "completed"))
		stop()
		var frames []int
		last := sent{}
		for _, u := range m.updates {
			for _, f := range u.Frames {
				frames = append(frames, f.Frame)
			}
			last = u
		}
		if got := farm.FormatFrames(frames); got != c.rendered || last.LeftOut != c.leftOut {
			t.Errorf("worker %d rendered %s, and left out %s", i, got, last.LeftOut)
		}
		if names := filesIn(t, dir); i == 0 && names != "01.png 02.png" {
			t.Errorf("files %s", names)
		}
	}
	sameImages(t, alone, dir)
}

// What is begun is not left out, nor all of what is asked for.
func TestLeaveOut(t *testing.T) {
	var l leftOut
	if got := l.leave([]int{1, 2}); got != nil {
		t.Errorf("left out before anything is rendered: %v", got)
	}
	l.from([]int{1, 2, 3, 4})
	if got := farm.FormatFrames(l.leave([]int{4})); got != "4" {
		t.Errorf("left out: %s", got)
	}
	if got := farm.FormatFrames(l.leave([]int{1, 2, 3})); got != "1,2,4" {
		t.Errorf("left out: %s", got)
	}
	if l.takes(1) || !l.takes(3) {
		t.Error("another frame is rendered")
	}
	if got := farm.FormatFrames(l.leave([]int{3})); got != "1,2,4" {
		t.Errorf("a frame that was begun is left out: %s", got)
	}
	if got := farm.FormatFrames(l.close()); got != "1,2,4" || len(l.leave([]int{3})) != 3 {
		t.Errorf("in the end: %s", got)
	}
}
