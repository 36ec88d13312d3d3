//go:build linux

package worker

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
	"renderfarm/farm/displaytest"
	"renderfarm/farm/idle"
)

// A real Blender stands still when the mouse is moved, uses no processor, goes on when
// nobody has moved it for a while, and its frame is the one that it would have been.
func TestOwnerOfBlender(t *testing.T) {
	blender := blendertest.Find(t)
	display := displaytest.Start(t)
	dir := t.TempDir()
	python := "s = bpy.context.scene; s.render.engine = 'CYCLES'; s.cycles.samples = 256; s.cycles.use_denoising = False; s.render.resolution_x, s.render.resolution_y = 480, 270; s.render.use_stamp_date = s.render.use_stamp_time = s.render.use_stamp_render_time = False"
	args := func(name string) []any { return renderArgs(python, "-o", filepath.Join(dir, name+"##"), "-f", "1") }
	alone := []string{"-b", "--factory-startup"}
	for _, a := range args("alone") {
		alone = append(alone, a.(string))
	}
	if out, err := exec.Command(blender, alone...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	m := newFakeManager()
	changes := make(chan string, 100)
	w, err := New(Options{Client: m.client(), Name: "tester", NoChecks: true, Dir: t.TempDir(), Log: testLog(t), GiveBackAfter: time.Hour,
		InUse: func(ctx context.Context, change func(string)) {
			idle.Watch(ctx, idle.Options{After: 500 * time.Millisecond}, func(s string) { change(s); changes <- s }, func(err error) { t.Log(err) })
		}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); w.Run(ctx) }()
	defer func() { cancel(); <-over }()
	render := cmd("blender-render", "exe", blender, "exeArgs", "-b --factory-startup", "blendfile", "", "args", args("frozen"))
	render.Steps = 1
	task := m.add(render)
	said := regexp.MustCompile(`pid=([0-9]+) > .*Fra:\s*1\b.*(Sample|Rendered)`)
	pid := 0
	m.until(t, "it renders", func() bool {
		text := ""
		for _, s := range m.updates {
			text += s.Log
		}
		if found := said.FindStringSubmatch(text); found != nil {
			pid, _ = strconv.Atoi(found[1])
		}
		return pid != 0 || m.finished(task, "failed")() || m.finished(task, "completed")()
	})
	var took []time.Duration
	for len(took) < 20 && !m.isFinished(task) {
		for len(changes) > 0 {
			<-changes
		}
		if inUse, _ := w.owner.now(); inUse != "" {
			<-changes // it is free again
		}
		begun := time.Now()
		display.Move()
		before := ticks(t, pid)
		for quiet := time.Now(); time.Since(quiet) < 60*time.Millisecond; {
			time.Sleep(5 * time.Millisecond)
			if now := ticks(t, pid); now != before {
				before, quiet = now, time.Now()
			}
		}
		took = append(took, time.Since(begun)-60*time.Millisecond)
		time.Sleep(200 * time.Millisecond) // twenty ticks of each thread that would run
		if now := ticks(t, pid); now != before {
			t.Errorf("it used processor time while it stood still: %s, then %s", before, now)
		}
	}
	if len(took) == 0 {
		t.Fatal("it was never frozen")
	}
	slices.Sort(took)
	t.Logf("%d times; it stood still after %s, at most %s", len(took), took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > time.Second {
		t.Error("half of the time it took more than a second")
	}
	m.until(t, "the task is completed", m.finished(task, "completed"))
	want, err1 := os.ReadFile(filepath.Join(dir, "alone01.png"))
	frozen, err2 := os.ReadFile(filepath.Join(dir, "frozen01.png"))
	if err1 != nil || err2 != nil || !bytes.Equal(imageData(want), imageData(frozen)) {
		t.Errorf("the frames differ: %d and %d bytes (%v %v)", len(want), len(frozen), err1, err2)
	}
}

// imageData is the pixels of a PNG as they are stored, without what says when it was made.
func imageData(png []byte) []byte {
	begin, end := bytes.Index(png, []byte("IDAT")), bytes.LastIndex(png, []byte("IEND"))
	if begin < 0 || end < begin {
		return nil
	}
	return png[begin:end]
}

// isFinished reports whether the task is over.
func (m *fakeManager) isFinished(task string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.finished(task, "completed")() || m.finished(task, "failed")()
}
