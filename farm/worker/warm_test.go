//go:build !windows

package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// warmFile saves the small scene with something that moves, changed by Python.
func warmFile(t *testing.T, b *bench, python string) string {
	t.Helper()
	return warmFiles(t, b, python)[0]
}

// warmFiles saves a file for each Python, all with one Blender.
func warmFiles(t *testing.T, b *bench, pythons ...string) (files []string) {
	t.Helper()
	dir := t.TempDir()
	script := "import bpy"
	moves := "o = bpy.data.objects['Cube']; o.keyframe_insert('location', frame=1); o.location.x = 3; o.keyframe_insert('location', frame=4); s.frame_end = 4\n"
	for i, python := range pythons {
		files = append(files, filepath.Join(dir, strconv.Itoa(i)+".blend"))
		each, err := json.Marshal(renderArgs(moves + python + "\nbpy.ops.wm.save_as_mainfile(filepath='" + files[i] + "')")[1])
		if err != nil {
			t.Fatal(err)
		}
		script += "\nbpy.ops.wm.read_factory_settings()\nexec(" + string(each) + ", {})"
	}
	saves := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", []any{"--python-exit-code", "9", "--python-expr", script})
	if err := b.do(t.Context(), saves); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	b.logged(t)
	return files
}

// renderOf is a task that renders frames of a file.
func renderOf(file string, steps int, args ...string) farm.Command {
	list := []any{}
	for _, a := range args {
		list = append(list, a)
	}
	c := cmd("blender-render", "exe", "blender", "exeArgs", "-b -y", "blendfile", file, "args", list)
	c.Steps = steps
	return c
}

// sameImages compares the pixels and names in two folders.
func sameImages(t *testing.T, a, b string) {
	t.Helper()
	names := filesIn(t, a)
	if other := filesIn(t, b); other != names {
		t.Errorf("files %q and %q", names, other)
		return
	}
	for _, name := range strings.Fields(names) {
		if filepath.Ext(name) != ".png" && filepath.Ext(name) != "" {
			continue
		}
		pixels := func(dir string) string {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			m, err := png.Decode(f)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return fmt.Sprint(m)
		}
		if pixels(a) != pixels(b) {
			t.Errorf("%s: the pixels differ", name)
		}
	}
}

// A Blender that stays open saves what one for each task saves: names and pixels.
func TestWarmIsLikeCold(t *testing.T) {
	blendertest.Find(t)
	cases := []struct {
		name, python string
		chunks       []string
		more         []string // arguments
		warm         bool     // else it has to be refused
	}{
		{"frames", "", []string{"1", "3..4", "0"}, nil, true},
		{"as the job types ask", "", []string{"1", "2"}, []string{"-F", "PNG", "--python-expr", "import bpy; bpy.context.scene.render.use_overwrite = True"}, true},
		{"views with cameras by markers", "s.render.use_multiview = True; c = s.camera.copy(); s.collection.objects.link(c); c.location.x += 2\ns.timeline_markers.new('a', frame=2).camera = c", []string{"3", "1"}, nil, true},
		{"view layers, and no ending", "s.render.use_file_extension = False; s.view_layers.new('More').use = False", []string{"1", "2"}, nil, true},
		{"placeholders", "s.render.use_placeholder = True", []string{"1", "2"}, nil, true},
		{"frames that are there", "s.render.use_overwrite = False", []string{"1", "1..2", "2"}, nil, true},
		{"the step of the scene", "s.frame_step = 2; s.use_preview_range = True", []string{"2", "3"}, nil, true},
		{"a driver that reads the range", "d = o.driver_add('location', 2).driver; d.type = 'SCRIPTED'; v = d.variables.new(); v.type = 'SINGLE_PROP'; v.name = 'v'; v.targets[0].id_type = 'SCENE'; v.targets[0].id = s; v.targets[0].data_path = 'frame_end'; d.expression = 'v / 4'", []string{"1", "2"}, nil, true},
		{"a handler of the file", "x = bpy.data.texts.new('h.py'); x.use_module = True; x.write('import bpy\\nbpy.app.handlers.render_pre.append(lambda *a: None)\\n')", []string{"1", "2"}, nil, false},
		{"a script that reads the command line", "x = bpy.data.texts.new('h.py'); x.use_module = True; x.write('import sys; sys.argv')", []string{"1"}, nil, false},
		{"particles", "bpy.data.objects['Cube'].modifiers.new('p', 'PARTICLE_SYSTEM')", []string{"1"}, nil, false},
		{"rigid bodies", "bpy.ops.rigidbody.world_add()", []string{"1"}, nil, false},
		{"a simulation", "bpy.data.objects['Cube'].modifiers.new('c', 'CLOTH')", []string{"1", "2"}, nil, false},
	}
	var pythons []string
	for _, c := range cases {
		pythons = append(pythons, c.python)
	}
	files := warmFiles(t, newBench(t), pythons...)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, file := newBench(t), files[i]
			dirs := map[bool]string{false: t.TempDir(), true: t.TempDir()}
			logs := map[bool]string{}
			for _, warm := range []bool{false, true} {
				for _, chunk := range c.chunks {
					frames, _ := farm.ParseFrames(chunk)
					task := renderOf(file, len(frames), append(append([]string{"-o", dirs[warm] + "/f_######"}, c.more...), "-f", chunk)...)
					task.Parameters["warm"] = warm
					b.steps = 0
					if err := b.do(t.Context(), task); err != "" || b.steps != len(frames) {
						t.Errorf("warm %v, frames %s: %d steps, %q", warm, chunk, b.steps, err)
					}
					logs[warm] += b.logged(t)
				}
			}
			sameImages(t, dirs[false], dirs[true])
			if refused := strings.Count(logs[true], errWarmRefused.Error()); c.warm == (refused > 0) || refused > 1 {
				t.Errorf("refused %d times", refused)
			}
			if again := strings.Count(logs[true], "that has the file open"); c.warm && again != len(c.chunks)-1 || !c.warm && again != 0 || strings.Contains(logs[true], "Trying again") {
				t.Errorf("%d tasks got a Blender that was open:\n%s", again, logs[true])
			}
			if strings.Contains(logs[true], "Farm warm") {
				t.Errorf("the log has what is not for users:\n%s", logs[true])
			}
		})
	}
}

// An animation sets the range of the scene, in each task its own.
func TestWarmAnimation(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := newBench(t)
	file, warm, cold := warmFile(t, b, ""), t.TempDir(), t.TempDir()
	for _, span := range [][]string{{"-s", "1", "-e", "3", "-j", "2", "-a"}, {"-s", "2", "-e", "4", "-j", "1", "-a"}} {
		for dir, on := range map[string]bool{warm: true, cold: false} {
			task := renderOf(file, 2, append([]string{"-o", dir + "/##"}, span...)...)
			task.Parameters["warm"] = on
			if err := b.do(t.Context(), task); err != "" {
				t.Errorf("%v: %s", span, err)
			}
		}
	}
	sameImages(t, warm, cold)
	if names := filesIn(t, warm); names != "01.png 02.png 03.png 04.png" {
		t.Errorf("files %s", names)
	}
}

// The open Blender is left when anything changes, and after an error.
func TestWarmIsRenewed(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	file := warmFile(t, b, "")
	render := func(args ...string) (log string) {
		t.Helper()
		if err := b.do(t.Context(), renderOf(file, 0, args...)); err != "" {
			t.Fatal(err)
		}
		return b.logged(t)
	}
	open := func() *warmBlender { return b.worker.warm.idle }
	output := dir + "/##"
	render("-o", output, "-f", "1")
	first := open()
	if render("-o", output, "-f", "2"); first == nil || open() != first || first.served != 2 {
		t.Fatal("the second task has not got the open Blender")
	}
	if exe := b.worker.warm.opened("", "blender", file); exe != first.key.exe || b.worker.warm.opened("", "other", file) != "" || b.worker.warm.opened("another", "blender", file) != "" {
		t.Errorf("it is taken for %q", exe)
	}
	// The file changed: what is rendered is new.
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(data))
	if err := os.Chtimes(file, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	render("-o", output, "-f", "1")
	second := open()
	if second == first {
		t.Error("the file changed, and the same Blender renders")
	}
	<-first.over
	if render("-o", dir+"/other##", "-f", "1"); open() == second {
		t.Error("other arguments, and the same Blender renders")
	}
	third := open()
	third.served = maxServed
	if render("-o", dir+"/other##", "-f", "1"); open() != nil {
		t.Error("a Blender that rendered many frames is still open")
	}
	render("-o", output, "-f", "1")
	fourth := open()
	lib := filepath.Join(t.TempDir(), "lib.blend")
	write(t, lib, string(data))
	file = warmFile(t, b, "with bpy.data.libraries.load('"+lib+"', link=True) as (_, to): to.objects = ['Cube']\ns.collection.objects.link(to.objects[0])")
	if render("-o", output, "-f", "1"); open() == fourth {
		t.Error("another file, and the same Blender renders")
	}
	fourth = open()
	if render("-o", output, "-f", "2"); open() != fourth {
		t.Error("a file with a library is not rendered warm")
	}
	if err := os.Chtimes(lib, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if render("-o", output, "-f", "1"); open() == fourth {
		t.Error("a library changed, and the same Blender renders")
	}
	fourth = open()
	b.worker.warm.closeOther("another")
	if <-fourth.over; open() != nil {
		t.Error("it is open while another job is rendered")
	}
}

// What goes wrong in an open Blender is tried in a new one before it counts.
func TestWarmFailsIsTriedCold(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b, dir, mark := newBench(t), t.TempDir(), filepath.Join(t.TempDir(), "mark")
	// At frame 4 it dies, but only once.
	file := warmFile(t, b, `x = bpy.data.texts.new('h.py'); x.use_module = True; x.write("""import bpy, os
def die(f):
    if f == 4 and not os.path.exists('`+mark+`'):
        open('`+mark+`', 'w').close()
        os._exit(3)
    return 0.0
bpy.app.driver_namespace['die'] = die
""")
d = o.driver_add('location', 2).driver; d.type = 'SCRIPTED'; d.expression = 'die(frame)'`)
	task := func(frames string) farm.Command { return renderOf(file, 2, "-o", dir+"/##", "-f", frames) }
	if err := b.do(t.Context(), task("1..2")); err != "" {
		t.Fatal(err)
	}
	// It is killed while it waits: nobody notices.
	b.worker.warm.idle.kill(errTest)
	<-b.worker.warm.idle.over
	if err := b.do(t.Context(), task("1..2")); err != "" || strings.Contains(b.logged(t), "Trying again") {
		t.Errorf("one that died idle: %s", err)
	}
	b.steps = 0
	err := b.do(t.Context(), task("3..4"))
	if log := b.logged(t); err != "" || b.steps != 2 || !strings.Contains(log, "Trying again in a Blender of its own") {
		t.Errorf("%d steps: %s\n%s", b.steps, err, log)
	}
	if names := filesIn(t, dir); names != "01.png 02.png 03.png 04.png" {
		t.Errorf("files %s", names)
	}
	// A file without a camera fails in both.
	file = warmFile(t, b, "bpy.data.objects.remove(s.camera)")
	err = b.do(t.Context(), task("1"))
	if log := b.logged(t); !strings.Contains(err, "no camera") || !strings.Contains(log, "Trying again in a Blender of its own") {
		t.Errorf("%q\n%s", err, log)
	}
	if b.worker.warm.idle != nil {
		t.Error("a Blender that failed is still open")
	}
}

// Canceling a task ends the open Blender.
func TestWarmIsCanceled(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := newBench(t)
	file := warmFile(t, b, "s.cycles.samples = 100000; s.render.resolution_x = 2000; s.render.resolution_y = 2000")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(3*time.Second, func() { cancel(errTest) })
	begun := time.Now()
	err := b.do(ctx, renderOf(file, 1, "-o", t.TempDir()+"/##", "-f", "1"))
	if err != errTest.Error() || b.worker.warm.idle != nil || time.Since(begun) > 30*time.Second {
		t.Errorf("after %s: %q", time.Since(begun), err)
	}
}

// Files of the compositor are those of a Blender for each task.
func TestWarmCompositor(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b, out := newBench(t), filepath.Join(t.TempDir(), "nodes")
	file := warmFile(t, b, `if bpy.app.version < (5, 0):
    s.use_nodes = True
    tree = s.node_tree
    save = tree.nodes.new('CompositorNodeOutputFile')
    save.base_path = '`+out+`'
else:
    tree = s.compositing_node_group = bpy.data.node_groups.new('c', 'CompositorNodeTree')
    tree.interface.new_socket('Image', in_out='OUTPUT', socket_type='NodeSocketColor')
    save = tree.nodes.new('CompositorNodeOutputFile')
    save.directory = '`+out+`'
    save.format.media_type = 'IMAGE'
    save.file_output_items.new('RGBA', 'Image')
    tree.links.new(tree.nodes.new('CompositorNodeRLayers').outputs[0], tree.nodes.new('NodeGroupOutput').inputs[0])
save.format.file_format = 'PNG'
layers = next((n for n in tree.nodes if n.bl_idname == 'CompositorNodeRLayers'), None)
tree.links.new(layers.outputs[0], save.inputs[0])`)
	dirs := map[bool]string{}
	for _, warm := range []bool{false, true} {
		dir := t.TempDir()
		for _, frame := range []string{"1", "3", "2"} {
			task := renderOf(file, 1, "-o", dir+"/##", "-f", frame)
			task.Parameters["warm"] = warm
			if err := b.do(t.Context(), task); err != "" {
				t.Fatalf("%s\n%s", err, b.logged(t))
			}
		}
		dirs[warm] = filepath.Join(t.TempDir(), "kept")
		if err := os.Rename(out, dirs[warm]); err != nil {
			t.Fatal(err)
		}
	}
	sameImages(t, dirs[false], dirs[true])
	if names := filesIn(t, dirs[true]); strings.Count(names, ".png") != 3 {
		t.Errorf("files %s", names)
	}
}

// Every frame is reported with what it cost, whether Blender stays open or not, and
// a frame that is there already is not called rendered.
func TestFramesAreReported(t *testing.T) {
	t.Parallel()
	for _, cold := range []bool{false, true} {
		b := newBench(t)
		b.worker.options.Watts = 1000
		b.worker.options.NoWarm = cold
		file, dir := warmFile(t, b, ""), t.TempDir()
		var results []farm.FrameResult
		render := func(frames string, more ...string) {
			t.Helper()
			args := append([]string{"-o", dir + "/######", "-F", "PNG"}, more...)
			if err := b.do(t.Context(), renderOf(file, 2, append(args, "-f", frames)...)); err != "" {
				t.Fatalf("%s\n%s", err, b.logged(t))
			}
			b.mu.Lock()
			b.flush()
			b.mu.Unlock()
			for _, u := range reports(t, b.outbox) {
				results = append(results, u.Frames...)
			}
		}
		render("1,2")
		render("3,4")
		b.worker.warm.close()
		render("4", "--python-expr", "import bpy; bpy.context.scene.render.use_overwrite = False")
		if len(results) != 5 {
			t.Fatalf("%d results, not 5: %+v", len(results), results)
		}
		source, _ := os.Stat(file)
		for i, r := range results[:4] {
			loads, flags := i == 0 || i == 2 && cold, farm.FrameAlone
			if cold {
				flags = 0
			}
			if r.Frame != i+1 || r.Wall < 0 || r.Wall < r.Load || r.Flags != flags || !r.Source.Equal(source.ModTime().Truncate(time.Millisecond)) || max(r.Energy-r.Wall, r.Wall-r.Energy) > 1 {
				t.Errorf("cold %v: frame %d: %+v", cold, i+1, r)
			}
			if loads && r.Load <= 100 || !loads && r.Load >= results[0].Load {
				t.Errorf("cold %v: loading for frame %d took %d ms", cold, i+1, r.Load)
			}
			if r.Memory < 50<<10 {
				t.Errorf("cold %v: Blender took %d KiB for frame %d", cold, r.Memory, i+1)
			}
		}
		if r := results[0]; runtime.GOOS == "linux" && (r.CPU <= 0 || r.CPU > 100*r.Wall) {
			t.Errorf("cold %v: the first frame took %d ms of processor time in %d", cold, r.CPU, r.Wall)
		}
		there, _ := os.Stat(dir + "/000004.png")
		if r := results[4]; r.Frame != 4 || r.Flags != farm.FrameWasThere || !r.Saved.Equal(there.ModTime().Truncate(time.Millisecond)) || r.Render != 0 {
			t.Errorf("cold %v: the frame that was there: %+v", cold, r)
		}
	}
}
