package cmd

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"renderfarm/farm/api"
	"renderfarm/farm/blendertest"
)

// A cuttingProxy passes connections on, and cuts each of the first ones at a random
// moment.
type cuttingProxy struct {
	net.Listener
	target string

	mu    sync.Mutex // guards what follows
	rand  *rand.Rand
	cuts  int   // left
	down  int64 // bytes that came from the target
	conns map[net.Conn]bool
}

func newCuttingProxy(t *testing.T, target string, cuts int) *cuttingProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("lines are cut with seed %d", seed)
	p := &cuttingProxy{Listener: l, target: strings.TrimPrefix(target, "http://"), cuts: cuts, conns: map[net.Conn]bool{}, rand: rand.New(rand.NewPCG(seed, 1))}
	go p.serve()
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for c := range p.conns {
			c.Close()
		}
	})
	return p
}

func (p *cuttingProxy) url() string { return "http://" + p.Addr().String() }

func (p *cuttingProxy) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close() // the manager is away
			continue
		}
		p.mu.Lock()
		p.conns[in], p.conns[out] = true, true
		p.mu.Unlock()
		go p.pass(out, in, nil)
		go p.pass(in, out, &p.down)
	}
}

// pass copies one direction, and cuts both when something big comes.
func (p *cuttingProxy) pass(to, from net.Conn, count *int64) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 16<<10)
	passed := int64(0)
	p.mu.Lock()
	most := 20_000 + p.rand.Int64N(150_000)
	p.mu.Unlock()
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		if count != nil {
			*count += int64(n)
		}
		passed += int64(n)
		cut := passed > most && p.cuts > 0
		if cut {
			p.cuts--
		}
		p.mu.Unlock()
		if cut {
			return
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// came returns how many bytes came from the target, and how many cuts are left.
func (p *cuttingProxy) came() (bytes int64, cuts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down, p.cuts
}

// texturedScene makes the tiny scene one whose frames show a texture of megabytes.
func texturedScene(t *testing.T, dir string) string {
	t.Helper()
	file := scene(t, dir)
	change := `import bpy, os, random
dir = os.path.dirname(bpy.data.filepath)
random.seed(7)
image = bpy.data.images.new("noise", 1024, 1024)
image.pixels = [random.random() for _ in range(4 << 20)]
image.filepath_raw, image.file_format = os.path.join(dir, "noise.png"), "PNG"
image.save()
material = bpy.data.objects["Cube"].active_material or bpy.data.materials.new("M")
bpy.data.objects["Cube"].active_material = material
material.use_nodes = True
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = image
image.filepath = "//noise.png"
emission = material.node_tree.nodes.new("ShaderNodeEmission")
material.node_tree.links.new(node.outputs["Color"], emission.inputs["Color"])
output = [n for n in material.node_tree.nodes if n.type == "OUTPUT_MATERIAL"][0]
material.node_tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
r = bpy.context.scene.render
r.resolution_x, r.resolution_y, r.resolution_percentage = 480, 360, 100
bpy.context.scene.cycles.samples = 1
bpy.ops.wm.save_mainfile()
`
	if out, err := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", file, "--python-exit-code", "1", "--python-expr", change).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// framesIn reads the frames of a job, by their names.
func framesIn(t *testing.T, dir string) map[string]image.Image {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]image.Image{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)], err = png.Decode(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	return all
}

// samePixels expects the same frames.
func samePixels(t *testing.T, got, want map[string]image.Image) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("there are %d frames, and should be %d", len(got), len(want))
	}
	for name, frame := range want {
		other := got[name]
		if other == nil || other.Bounds() != frame.Bounds() {
			t.Errorf("frame %s is of another size, or missing", name)
			continue
		}
		for y := range frame.Bounds().Dy() {
			for x := range frame.Bounds().Dx() {
				if other.At(x, y) != frame.At(x, y) {
					t.Fatalf("frame %s differs at %d,%d", name, x, y)
				}
			}
		}
	}
}

// startWorker starts a worker on a home of its own.
func (st *submitTest) startWorker(t *testing.T, home, manager string, args ...string) *process {
	t.Helper()
	p, err := startProcess("worker", st.home, append(os.Environ(), "NO_COLOR=1"), append([]string{"work", "--home", home, "--manager", manager}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			written, _ := p.out.look()
			t.Logf("worker of %s:\n%s", home, written)
		}
	})
	return p
}

// rendered submits the scene, and waits until it is rendered.
func (st *submitTest) rendered(t *testing.T, file string) (answer submitAnswer) {
	t.Helper()
	if status := st.run(t, t.Context(), "submit", file, "--upload", "--frames", "1-5", "--json", "--manager", st.url); status != exitOK {
		t.Fatalf("exit status %d", status)
	}
	if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(answer.Video); err != nil {
		t.Error(err)
	}
	return answer
}

// TestMirror renders a job on a worker that has no folder in common with the manager,
// over lines that are cut 20 times, and with the worker killed on the way. The frames are those
// that a worker with the storage renders.
func TestMirror(t *testing.T) {
	t.Parallel()
	st := newServeTest(t)
	dir := t.TempDir()
	file := texturedScene(t, dir)
	proxy := newCuttingProxy(t, st.url, 20)
	home := t.TempDir()
	w := st.startWorker(t, home, proxy.url(), "--storage", "mirror")
	killed := make(chan error, 1)
	go func() { // the worker first, then the manager
		killed <- func() error {
			if err := w.await("name=render-2"); err != nil {
				return err
			}
			if err := w.kill(); err != nil {
				return err
			}
			return nil
		}()
	}()
	done := make(chan submitAnswer, 1)
	go func() {
		defer close(done)
		done <- st.rendered(t, file)
	}()
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	w = st.startWorker(t, home, proxy.url(), "--storage", "mirror")
	answer := <-done
	if written, _ := w.out.look(); !strings.Contains(written, "files are fetched from the manager") {
		t.Errorf("the worker has no mirror:\n%s", written)
	}
	mirrored := framesIn(t, answer.Frames)
	if _, left := proxy.came(); left > 0 {
		t.Errorf("%d of 20 cuts were not made", left)
	}
	if left, _ := filepath.Glob(filepath.Join(st.home, "storage", ".farm-incoming", "*")); len(left) > 0 {
		t.Errorf("of what was sent, this is left: %v", left)
	}

	// A second job of the project moves only what is not here: nothing of the texture.
	before, _ := proxy.came()
	samePixels(t, framesIn(t, st.rendered(t, file).Frames), mirrored)
	if after, _ := proxy.came(); after-before > 1<<20 {
		t.Errorf("the second job moved %d bytes to the worker", after-before)
	}
	if err := w.kill(); err != nil {
		t.Fatal(err)
	}

	shared := st.startWorker(t, t.TempDir(), st.url)
	samePixels(t, framesIn(t, st.rendered(t, file).Frames), mirrored)
	if written, _ := shared.out.look(); strings.Contains(written, "mirror=") {
		t.Errorf("a worker that has the storage has a mirror:\n%s", written)
	}
}

// TestMirrorRemoved removes the mirror from under each task that has begun. All frames
// are made in the end, with their textures.
func TestMirrorRemoved(t *testing.T) {
	t.Parallel()
	st := newServeTest(t)
	file := texturedScene(t, t.TempDir())
	home := t.TempDir()
	w := st.startWorker(t, home, st.url, "--storage", "mirror")
	removed := make(chan error, 1)
	go func() {
		removed <- func() error {
			for n := range 5 {
				if err := w.await(fmt.Sprintf("name=render-%d", n+1)); err != nil {
					return err
				}
				os.RemoveAll(filepath.Join(home, "worker", "mirror")) // as far as the worker does not make it anew meanwhile
			}
			return nil
		}()
	}()
	mirrored := framesIn(t, st.rendered(t, file).Frames)
	if err := <-removed; err != nil {
		t.Fatal(err)
	}
	samePixels(t, framesIn(t, st.rendered(t, file).Frames), mirrored)
	if err := w.kill(); err != nil {
		t.Fatal(err)
	}
	st.startWorker(t, t.TempDir(), st.url)
	samePixels(t, framesIn(t, st.rendered(t, file).Frames), mirrored)
}

// keepingType renders without saying that existing files are replaced.
const keepingType = `
var JOB_TYPE = {label: "Keeping", settings: [{key: "blendfile", type: "string", required: true}, {key: "render_output_root", type: "string", required: true}]};
function compileJob(job) {
	var task = author.Task("render", "blender");
	task.addCommand(author.Command("blender-render", {exe: "{blender}", exeArgs: "{blenderArgs}", argsBefore: [], blendfile: job.settings.blendfile,
		args: ["--render-output", job.settings.render_output_root + "/######", "--render-format", "PNG", "--render-frame", "1..4"]}, 4));
	job.addTask(task);
}`

// TestMirrorKeeps renders with a mirror where frames are already: those that the file
// leaves stay as they are if they are whole, and versions of those that are rendered again
// are kept.
func TestMirrorKeeps(t *testing.T) {
	t.Parallel()
	st := newServeTest(t)
	dir := t.TempDir()
	file := texturedScene(t, dir)
	if err := os.MkdirAll(filepath.Join(st.home, "scripts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(st.home, "scripts", "keeping.js"), []byte(keepingType), 0o600); err != nil {
		t.Fatal(err)
	}
	st.startWorker(t, t.TempDir(), st.url, "--storage", "mirror")
	first := st.rendered(t, file)
	want := framesIn(t, first.Frames)

	// Frame 2 is rendered again: both versions are there.
	if status := st.run(t, t.Context(), "jobs", "rerender", string(first.ID), "2", "--manager", st.url); status != exitOK {
		t.Fatalf("exit status %d: %s", status, st.err.String())
	}
	client, err := api.New(st.url)
	if err != nil {
		t.Fatal(err)
	}
	for j, err := range followJob(t.Context(), client, first.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if j.Status == "completed" {
			break
		}
	}
	kept, err := filepath.Glob(filepath.Join(first.Frames, ".versions", "000002.*.png"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	samePixels(t, framesIn(t, first.Frames), want)

	// Without overwriting, a whole frame is left, a broken one is rendered again.
	change := "import bpy; bpy.context.scene.render.use_overwrite = False; bpy.ops.wm.save_mainfile()"
	if out, err := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", file, "--python-exit-code", "1", "--python-expr", change).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root := filepath.Join(st.home, "storage", "renders", "kept")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	frame := filepath.Join(root, "000002.png")
	text, err := os.ReadFile(filepath.Join(first.Frames, "000003.png")) // another frame, to know it again
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{frame: text, filepath.Join(root, "000003.png"): text[:len(text)/2]} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(frame)
	if err != nil {
		t.Fatal(err)
	}
	if status := st.run(t, t.Context(), "submit", file, "--upload", "--type", "keeping", "--output", root, "--manager", st.url); status != exitOK {
		t.Fatalf("exit status %d: %s", status, st.err.String())
	}
	after, err := os.Stat(frame)
	if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the frame that was there was changed: %v", err)
	}
	got := framesIn(t, root)
	want["000002.png"] = want["000003.png"]
	delete(want, "000005.png")
	samePixels(t, got, want)
}
