package cmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
	"renderfarm/farm/blendertest"
	"renderfarm/farm/exr"
)

// full makes TestStillOverTwoWorkers render what "make still" is about.
var full = flag.Bool("full", false, "render stills of 1920 by 1080 pixels")

// stillScene saves a scene as a still of that size, with passes that are put
// together by different rules, two layers and every value in the file.
const stillScene = `
import bpy, sys
path, width, height, samples = sys.argv[-4:]
s = bpy.context.scene
s.render.resolution_x, s.render.resolution_y = int(width), int(height)
s.cycles.samples = int(samples)
image = s.render.image_settings
if hasattr(image, 'media_type'):
    image.media_type = 'MULTI_LAYER_IMAGE'
image.file_format, image.color_depth, image.exr_codec = 'OPEN_EXR_MULTILAYER', '32', 'ZIP'
layer = s.view_layers[0]
layer.use_pass_z = layer.use_pass_mist = layer.use_pass_object_index = True
layer.use_pass_diffuse_direct = layer.use_pass_glossy_indirect = layer.use_pass_glossy_color = True
if int(width) < 1000: # twice as many layers take twice the time
    s.view_layers.new('fore.ground').use_pass_emit = True
s.frame_set(7)
bpy.ops.wm.save_as_mainfile(filepath=path)
`

// oneThread makes every Blender compute in one thread. In several, Blender 3.4
// adds up the normals of smooth surfaces in any order, and one in ten renders of
// a scene with them is another in the last digit. In one it is rare, if it happens.
const oneThread = `
variables:
  blenderArgs:
    values: [{platform: all, value: -b -y -t 1}]
`

// A studio is a manager and two workers of a test, in processes of their own.
type studio struct {
	*submitTest
	workers [2]*process
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	st := &studio{submitTest: newServeTest(t)}
	if err := st.farm.kill(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(st.home, "farm.yaml"), []byte(oneThread), 0o600); err != nil {
		t.Fatal(err)
	}
	st.start(t)
	for i := range st.workers {
		st.startWorker(t, i)
	}
	return st
}

// startWorker starts worker i, with the home it had before.
func (st *studio) startWorker(t *testing.T, i int) {
	t.Helper()
	name := fmt.Sprint("worker", i)
	p, err := startProcess(name, st.home, append(os.Environ(), "NO_COLOR=1"), "work", "--manager", st.url, "--home", filepath.Join(st.home, name), "--name", name)
	if err != nil {
		t.Fatal(err)
	}
	st.workers[i] = p
	t.Cleanup(func() {
		if err := p.kill(); err != nil {
			t.Error(err)
		}
		if written, _ := p.out.look(); t.Failed() {
			t.Logf("%s:\n%s", name, written)
		}
	})
	if err := p.await("signed on"); err != nil {
		t.Fatal(err)
	}
}

// awaitCount waits until the process has written the text n times.
func (p *process) awaitCount(t *testing.T, text string, n int) {
	t.Helper()
	guard := time.After(10 * time.Minute)
	for {
		written, grown := p.out.look()
		if strings.Count(written, text) >= n {
			return
		}
		select {
		case <-grown:
		case <-p.exited:
			t.Fatalf("%s ended:\n%s", p.name, written)
		case <-guard:
			t.Fatalf("%s did not say %q %d times:\n%s", p.name, text, n, written)
		}
	}
}

// render renders the still on the farm, in parts; one worker is killed in the
// middle of a task, and started again. It returns the path of the image.
func (st *studio) render(t *testing.T, file string, set ...string) string {
	t.Helper()
	victim := st.workers[1]
	before, _ := victim.out.look()
	args := []string{"submit", file, "--type", "single-image-render", "--no-wait", "--json"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	if status := st.run(t, t.Context(), args...); status != exitOK {
		t.Fatalf("%d: %s", status, st.err.String())
	}
	var answer submitAnswer
	if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	// On a busy computer the other worker may do all the rest after the first.
	victim.awaitCount(t, "task started", strings.Count(before, "task started")+1)
	if err := victim.kill(); err != nil {
		t.Fatal(err)
	}
	st.startWorker(t, 1) // it gets its task again
	if status := st.run(t, t.Context(), "jobs", "wait", string(answer.ID)); status != exitOK {
		t.Fatalf("%d: %s", status, st.err.String())
	}
	if status := st.run(t, t.Context(), "jobs", "show", string(answer.ID), "--json"); status != exitOK {
		t.Fatal(status)
	}
	var job api.Job
	if err := json.Unmarshal(st.out.Bytes(), &job); err != nil {
		t.Fatal(err)
	}
	output, _ := job.Settings["render_output_path"].(string)
	return filepath.Join(filepath.Dir(output), "000007.exr")
}

// TestStillOverTwoWorkers holds a still that was rendered in parts against one
// that a Blender renders alone: layers, passes, and what the compositor made.
func TestStillOverTwoWorkers(t *testing.T) {
	t.Parallel()
	st := newStudio(t)
	// The small scene has no smooth surfaces, so that every render of it is the
	// same to the last digit; see oneThread.
	from, size := "tiny.blend", []string{"192", "109", "6"}
	if *full {
		from, size = "demo.blend", []string{"1920", "1080", "8"}
	}
	exe := blendertest.Find(t)
	file, alone := filepath.Join(st.home, "storage", "still.blend"), filepath.Join(st.home, "alone-")
	began := time.Now()
	for _, args := range [][]string{
		append([]string{filepath.Join("..", "testdata", "scenes", from), "--python-exit-code", "1", "--python-expr", stillScene, "--", file}, size...),
		{file, "--render-output", alone + "######", "--render-frame", "7"},
	} {
		if out, err := exec.CommandContext(t.Context(), exe, append([]string{"-b", "-t", "1"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	alone += "000007.exr"
	t.Logf("alone: %s", time.Since(began).Round(time.Second))
	for name, c := range map[string]struct {
		set  []string
		most float64 // difference, for values up to 1; for larger ones as much of them
	}{
		"tiles":   {[]string{"tiles_x=3", "tiles_y=1"}, 0},
		"samples": {[]string{"tiles_x=1", "tiles_y=1", "sample_parts=3"}, rounding},
		"both":    {[]string{"tiles_x=1", "tiles_y=2", "sample_parts=2"}, rounding},
	} {
		began := time.Now()
		parts := st.render(t, file, c.set...)
		d := compareStills(t, parts, alone)
		t.Logf("%s: %s; layers: %v; compositor: %v", name, time.Since(began).Round(time.Second), &d.layers, &d.composite)
		if d.layers.most > c.most || d.layers.values == 0 {
			t.Errorf("%s: %s differs by %g at (%d,%d) from a single render", name, d.layers.channel, d.layers.most, d.layers.x, d.layers.y)
		}
		// The scene's blur leaves out neighbours that differ too much from a pixel.
		// Where that is a matter of the last digit, one more or less counts.
		if d.composite.over*10000 > d.composite.values || c.most == 0 && d.composite.differing > 0 {
			t.Errorf("%s: the compositor's result: %v", name, &d.composite)
		}
	}
}

// A comparison is what there is between two images.
type comparison struct{ layers, composite difference }

// A difference is what there is between some values.
type difference struct {
	values, differing int
	over              int // of them by more than rounding
	most              float64
	channel           string // with the largest
	x, y              int
}

const rounding = 1e-6

func (d *difference) String() string {
	return fmt.Sprintf("%d of %d values differ, %d by more than %g, most by %.2g", d.differing, d.values, d.over, rounding, d.most)
}

// compareStills compares every value of two images.
func compareStills(t *testing.T, a, b string) (d comparison) {
	t.Helper()
	readers := [2]*exr.Reader{}
	for i, path := range []string{a, b} {
		r, err := exr.Open(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer r.Close()
		readers[i] = r
	}
	head := readers[0].Header
	if fmt.Sprint(head.Channels) != fmt.Sprint(readers[1].Channels) || head.Width != readers[1].Width || head.Height != readers[1].Height {
		t.Fatalf("the images are %v and %v", head, readers[1].Header)
	}
	for y := 0; ; y++ {
		la, errA := readers[0].Line()
		lb, errB := readers[1].Line()
		if errors.Is(errA, io.EOF) && errors.Is(errB, io.EOF) {
			return d
		}
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		size := head.Width * exr.ValueSize
		for i, c := range head.Channels {
			of := &d.layers
			if strings.HasPrefix(c.Name, "Composite.") {
				of = &d.composite
			}
			of.line(c.Name, y, la[i*size:][:size], lb[i*size:][:size])
		}
	}
}

// line adds the differences in a line of one channel. Those of values above 1
// are taken as a share of the value.
func (d *difference) line(channel string, y int, a, b []byte) {
	d.values += len(a) / exr.ValueSize
	for i := 0; i < len(a); i += exr.ValueSize {
		if bytes.Equal(a[i:i+exr.ValueSize], b[i:i+exr.ValueSize]) {
			continue
		}
		d.differing++
		va, vb := float64(math.Float32frombits(binary.LittleEndian.Uint32(a[i:]))), float64(math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
		by := math.Abs(va-vb) / max(1, math.Abs(vb))
		if !(by <= rounding) { // not a number is more than any
			d.over++
		}
		if !(by <= d.most) {
			d.most, d.channel, d.x, d.y = by, channel, i/exr.ValueSize, y
		}
	}
}
