//go:build !windows

package worker

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// A try renders what those before it did not render, and what is not what it was; the
// files are those of a Blender that renders all.
func TestRenderedBefore(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	file, alone := warmFile(t, newBench(t), ""), t.TempDir()
	if err := newBench(t).do(t.Context(), renderOf(file, 4, "-o", alone+"/##", "-f", "1..4")); err != "" {
		t.Fatal(err)
	}
	source := stateOf(file).modified
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string, told []farm.RenderedFrame)
		want   string // rendered by the second try
	}{
		"as they were": {nil, "3,4"},
		"of another":   {func(t *testing.T, dir string, told []farm.RenderedFrame) { told[0].Frame = 0 }, "1,3,4"},
		"gone":         {func(t *testing.T, dir string, _ []farm.RenderedFrame) { os.Remove(dir + "/02.png") }, "2-4"},
		"cut short":    {func(t *testing.T, dir string, told []farm.RenderedFrame) { cutShort(t, dir+"/02.png", told[1].Saved) }, "2-4"},
		"written since": {func(t *testing.T, dir string, told []farm.RenderedFrame) {
			told[1].Saved = told[1].Saved.Add(-time.Second)
		}, "2-4"},
		"another file of the frame": {func(t *testing.T, dir string, _ []farm.RenderedFrame) { write(t, dir+"/02.jpg", "") }, "2-4"},
		"from another .blend": {func(t *testing.T, dir string, told []farm.RenderedFrame) {
			told[0].Source, told[1].Source = source.Add(-time.Minute), source.Add(time.Minute)
		}, "1-4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, first := t.TempDir(), newBench(t)
			task := func() farm.Command { return renderOf(file, 4, "-o", dir+"/##", "-f", "1..4") }
			if err := first.do(t.Context(), renderOf(file, 2, "-o", dir+"/##", "-f", "1..2")); err != "" {
				t.Fatal(err)
			}
			var told []farm.RenderedFrame
			for _, f := range first.told(t) {
				if f.Flags&farm.FrameAlone == 0 {
					t.Errorf("of frame %d it is not said that it is alone", f.Frame)
				}
				told = append(told, farm.RenderedFrame{Frame: f.Frame, Saved: f.Saved.Truncate(time.Second), Source: f.Source.Truncate(time.Second)})
			}
			if len(told) != 2 {
				t.Fatalf("told of %+v", told)
			}
			if c.change != nil {
				c.change(t, dir, told)
			}
			second := newBench(t)
			c0 := task()
			second.task.Rendered, second.task.Commands = told, []farm.Command{c0}
			if err := second.do(t.Context(), c0); err != "" {
				t.Fatal(err)
			}
			var rendered []int
			for _, f := range second.told(t) {
				rendered = append(rendered, f.Frame)
			}
			if got := farm.FormatFrames(rendered); got != c.want || second.steps != 4 {
				t.Errorf("rendered %s, and %d steps; want %s", got, second.steps, c.want)
			}
			os.Remove(dir + "/02.jpg")
			sameImages(t, alone, dir)
		})
	}
}

// A task of which all is there starts no Blender.
func TestAllIsThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.blend")
	write(t, file, "BLENDER-v304RENDHxxxxxxxxxxxxxxxxxxxxxx")
	source := stateOf(file).modified
	b := newBench(t)
	for _, n := range []int{1, 2} {
		path := filepath.Join(dir, "0"+string(rune('0'+n))+".png")
		frameFile(t, path, uint8(n))
		b.task.Rendered = append(b.task.Rendered, farm.RenderedFrame{Frame: n, Saved: stateOf(path).modified, Source: source})
	}
	c := renderOf(file, 2, "-o", dir+"/##", "-f", "1..2")
	c.Parameters["exe"] = script(t, `[ "$1" != --version ] || { echo "Blender 3.4.1"; exit; }; exit 3`)
	b.task.Commands = []farm.Command{c}
	if err := b.do(t.Context(), c); err != "" || b.steps != 2 {
		t.Errorf("%d steps, %s", b.steps, err)
	}
	if log := b.logged(t); !strings.Contains(log, "has rendered 1,2, and the files are what they were: not rendered again") {
		t.Errorf("the log says %q", log)
	}
}

// cutShort cuts a file, and leaves its time.
func cutShort(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Truncate(path, 200); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// told returns what was told of frames so far.
func (b *bench) told(t *testing.T) (frames []farm.FrameResult) {
	t.Helper()
	b.mu.Lock()
	b.flush()
	b.mu.Unlock()
	for {
		text, ok := b.outbox.Peek()
		if !ok {
			return frames
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, r.Update.Frames...)
		if err := b.outbox.Done(); err != nil {
			t.Fatal(err)
		}
	}
}
