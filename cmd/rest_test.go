//go:build linux

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendertest"
)

// waitsAt is a driver in a file that has frame 4 wait until a file is there.
const waitsAt = `
x = bpy.data.texts.new('wait.py'); x.use_module = True
x.write("""import bpy, os, time
def farm_wait(frame):
    while frame == 4 and not os.path.exists(%q):
        time.sleep(0.05)
    return 0.0
bpy.app.driver_namespace['farm_wait'] = farm_wait
""")
exec(x.as_string())
o.driver_add('location', 2).driver.expression = 'farm_wait(frame)'
`

// TestKilledInTheMiddleOfATask kills a worker, and the manager, when three of a task's six
// frames are rendered: the others are rendered by another worker, or by the same when it is
// started again, and these only. Files and pixels are those of a Blender that renders all.
func TestKilledInTheMiddleOfATask(t *testing.T) {
	t.Parallel()
	blender := blendertest.Find(t)
	st := newServeTest(t)
	dir := t.TempDir()
	gate, file, alone := filepath.Join(dir, "gate"), filepath.Join(dir, "six.blend"), filepath.Join(dir, "alone")
	makeMoving(t, blender, file, fmt.Sprintf(waitsAt, gate))
	var output string
	submit := func() farm.JobID {
		t.Helper()
		if status := st.run(t, t.Context(), "submit", file, "--frames", "1-6", "--chunk-size", "6", "--format", "PNG", "--output", t.TempDir(), "--no-wait", "--json"); status != exitOK {
			t.Fatalf("%d: %s", status, st.err.String())
		}
		var answer submitAnswer
		if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		id := farm.JobID(answer.ID)
		output = filepath.Dir(st.frames(t, id)[0].File)
		return id
	}
	begin := func(name string) *process {
		t.Helper()
		p, err := startProcess(name, st.home, append(os.Environ(), "NO_COLOR=1", "FARM_FIND_BLENDERS=false"), "work", "--manager", st.url, "--home", filepath.Join(st.home, name), "--name", name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			p.kill()
			if written, _ := p.out.look(); t.Failed() {
				t.Logf("%s:\n%s", name, written)
			}
		})
		return p
	}
	expect := func(job farm.JobID, workers int) {
		t.Helper()
		if status := st.run(t, t.Context(), "jobs", "wait", string(job)); status != exitOK {
			t.Fatalf("%d: %s", status, st.err.String())
		}
		frames := st.frames(t, job)
		if len(frames) != 6 {
			t.Fatalf("%d frames", len(frames))
		}
		by := map[farm.WorkerID][]int{}
		for _, f := range frames {
			if f.Status != "completed" || f.Result == nil {
				t.Errorf("frame %d: %s: %+v", f.Frame, f.Status, f.Result)
			}
			by[f.Worker.ID] = append(by[f.Worker.ID], f.Frame)
		}
		if len(by) != workers || workers == 2 && !slices.Equal(by[frames[0].Worker.ID], []int{1, 2, 3}) {
			t.Errorf("rendered by workers: %v", by)
		}
		compareFrames(t, alone, output)
	}

	// Blender alone.
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), blender, "-b", "-y", file, "-o", alone+"/######", "-F", "PNG", "-f", "1..6").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	os.Remove(gate)

	job := submit()
	one := begin("one")
	st.awaitFrames(t, job, 3)
	if err := one.kill(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := st.run(t, t.Context(), "workers", "delete", "one", "--yes"); status != exitOK { // it does not come back
		t.Fatalf("%d: %s", status, st.err.String())
	}
	other := begin("other")
	expect(job, 2)

	// The same worker again, and another manager.
	os.Remove(gate)
	job = submit()
	st.awaitFrames(t, job, 3)
	if err := other.kill(); err != nil {
		t.Fatal(err)
	}
	if err := st.farm.kill(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	saved := modified(t, output)
	st.start(t)
	begin("other")
	expect(job, 1)
	for name, at := range saved {
		if now := modified(t, output)[name]; !now.Equal(at) && name < "000004" {
			t.Errorf("%s was written again", name)
		}
	}
}

// frames returns what is known of a job's frames.
func (st *submitTest) frames(t *testing.T, job farm.JobID) []api.JobFrame {
	t.Helper()
	client := api.Client{Base: st.url, HTTP: http.DefaultClient}
	list, err := client.FetchJobFrames(t.Context(), job, 0)
	if err != nil {
		t.Fatal(err)
	}
	return list.Frames
}

// awaitFrames waits until so many frames of a job are rendered.
func (st *submitTest) awaitFrames(t *testing.T, job farm.JobID, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
	defer cancel()
	for {
		done := 0
		for _, f := range st.frames(t, job) {
			if f.Status == farm.TaskCompleted.String() {
				done++
			}
		}
		if done >= n {
			return
		}
		if api.Sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("%d of %d frames were rendered", done, n)
		}
	}
}

// makeMoving saves a small scene in which something moves, changed by Python.
func makeMoving(t *testing.T, blender, file, python string) {
	t.Helper()
	script := `import bpy
s = bpy.context.scene
o = next(o for o in s.objects if o.type == 'MESH')
for frame, x in (1, -1), (9, 1):
    o.location.x = x
    o.keyframe_insert('location', frame=frame)
` + python + fmt.Sprintf("\nbpy.ops.wm.save_as_mainfile(filepath=%q)", file)
	tiny := filepath.Join("..", "testdata", "scenes", "tiny.blend")
	if out, err := exec.CommandContext(t.Context(), blender, "-b", "--factory-startup", tiny, "--python-exit-code", "1", "--python-expr", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// modified returns when the files in a folder were changed last.
func modified(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]time.Time{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if !e.IsDir() {
			all[e.Name()] = info.ModTime()
		}
	}
	return all
}

// compareFrames compares the PNG files in two folders: their names, and their pixels.
func compareFrames(t *testing.T, a, b string) {
	t.Helper()
	pixels := func(dir string) (names []string, images []image.Image) {
		files, err := filepath.Glob(filepath.Join(dir, "*.png"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(f)
			f.Close()
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			names, images = append(names, filepath.Base(path)), append(images, m)
		}
		return names, images
	}
	names, images := pixels(a)
	others, compared := pixels(b)
	if len(names) == 0 || !slices.Equal(names, others) {
		t.Fatalf("files %q and %q", names, others)
	}
	for i := range images {
		if !reflect.DeepEqual(images[i], compared[i]) {
			t.Errorf("%s: the pixels differ", names[i])
		}
	}
}
