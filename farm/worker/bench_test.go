package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/outbox"
)

// A bench runs single commands with everything behind them but the manager.
type bench struct {
	*run
	manager *fakeManager
}

// seenVersions are the versions of the programs that benches start: each is asked once.
var seenVersions versions

func newBench(t *testing.T) *bench {
	t.Helper()
	m := newFakeManager()
	w, err := New(Options{Client: m.client(), Name: "tester", NoChecks: true, Dir: t.TempDir(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	w.versions = &seenVersions
	box, err := outbox.Open(filepath.Join(w.options.Dir, "outbox"), w.log)
	if err != nil {
		t.Fatal(err)
	}
	id := farm.TaskID(farm.NewUUID().String())
	m.workers["worker"] = "secret"
	w.previews = newPreviews(func() Manager { return m.client().WithCredentials("worker", "secret") }, w.log)
	r := &reporter{task: id, run: "1", outbox: box, log: w.log}
	t.Cleanup(func() {
		w.warm.close()
		r.abandoned() // nothing is logged once the test is over
		box.Close()
	})
	return &bench{manager: m, run: &run{worker: w, task: &api.AssignedTask{UUID: id}, reporter: r}}
}

// do runs a command and returns its error as text.
func (b *bench) do(ctx context.Context, c farm.Command) string {
	if err := b.command(ctx, c); err != nil {
		return err.Error()
	}
	return ""
}

// logged returns what was logged so far, and takes it.
func (b *bench) logged(t *testing.T) (log string) {
	t.Helper()
	b.mu.Lock()
	b.flush()
	b.mu.Unlock()
	for {
		text, ok := b.outbox.Peek()
		if !ok {
			return log
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		log += r.Update.Log
		if err := b.outbox.Done(); err != nil {
			t.Fatal(err)
		}
	}
}

// frameFile writes a PNG of a colour of its own.
func frameFile(t *testing.T, path string, shade uint8) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 32, 18))
	for i := range 32 * 18 {
		m.Set(i%32, i/32, color.NRGBA{shade, uint8(i), 100, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.String())
	return b.Bytes()
}

// scene makes Blender's start-up scene small and quick.
const scene = "import bpy; r = bpy.context.scene.render; r.engine = 'CYCLES'; r.resolution_x = 32; r.resolution_y = 18; " +
	"c = bpy.context.scene.cycles; c.samples = 1; c.use_denoising = False"

// errTest is why tests cancel.
var errTest = errors.New("the test wants it")
