package bench

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

var (
	blenderFlag = flag.String("blender", "", "the Blender that renders, instead of the one on the PATH")
	demoFrames  = flag.Int("demo-frames", 240, "frames of the demo scene")
)

const framePattern = "######" // of a frame's file name

// A shot is what is rendered: frames 1 to so many of a file.
type shot struct {
	blend, scene string
	frames       int
}

// BenchmarkFrames measures what the farm adds to rendering frames that take hardly
// longer than Blender's start.
func BenchmarkFrames(b *testing.B) {
	useBlender(b)
	compareRenders(b, shot{savedScene(b, "tiny", ""), "Tiny", 10})
}

// BenchmarkDemoFrames is BenchmarkFrames with frames that take somewhat longer.
func BenchmarkDemoFrames(b *testing.B) {
	useBlender(b)
	compareRenders(b, demoShot(b, *demoFrames))
}

// demoShot is the demo scene, small enough for hundreds of frames.
func demoShot(b *testing.B, frames int) shot {
	b.Helper()
	return shot{savedScene(b, "demo", "bpy.context.scene.render.resolution_percentage = 40; "), "", frames}
}

// savedScene is a scene of the tests, changed by Python, and saved by the chosen Blender: the
// farm would render a file of an older one with that, where it is installed.
func savedScene(b *testing.B, name, python string) string {
	b.Helper()
	blend := filepath.Join(newHome(b), name+".blend")
	save := "import bpy; " + python + "bpy.ops.wm.save_as_mainfile(filepath=" + fmt.Sprintf("%q", blend) + ")"
	out, err := exec.Command("blender", "-b", filepath.Join("..", "..", "testdata", "scenes", name+".blend"), "--python-expr", save).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return blend
}

// useBlender makes the chosen Blender the one on the PATH.
func useBlender(b *testing.B) {
	b.Helper()
	if *blenderFlag != "" {
		dir := newHome(b)
		exe, err := filepath.Abs(*blenderFlag)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Symlink(exe, filepath.Join(dir, "blender")); err != nil {
			b.Fatal(err)
		}
		b.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	out, err := exec.Command("blender", "--version").Output()
	if err != nil {
		b.Skipf("there is no blender here: %v", err)
	}
	version, _, _ := strings.Cut(string(out), "\n")
	b.Log(version)
}

// compareRenders renders a shot in four ways, in turn, so that whatever else the
// machine does disturbs all of them: by a shell loop with a Blender for each frame,
// by one Blender, by a farm with a Blender for each task of one frame, and by a farm
// whose Blender stays open.
func compareRenders(b *testing.B, s shot) {
	if _, err := exec.LookPath("sh"); err != nil {
		b.Skip(err)
	}
	cold, warm := startFarm(b, "warm_blender: false\n"), startFarm(b, "")
	ways := []way{
		{"loop", func(dir string) time.Duration { return s.inShell(b, dir, false) }},
		{"blender-a", func(dir string) time.Duration { return s.inShell(b, dir, true) }},
		{"cold", func(dir string) time.Duration { return s.inFarm(b, cold, dir) }},
		{"warm", func(dir string) time.Duration { return s.inFarm(b, warm, dir) }},
	}
	took, cpu, dir := make([][]time.Duration, len(ways)), make([][]time.Duration, len(ways)), newHome(b)
	farthest := 0
	s.inShell(b, filepath.Join(dir, "first"), true) // reads Blender from the disk
	first := s
	first.frames = 1
	for i, p := range []*process{cold, warm} { // whose workers look once what the Blenders here can do
		first.inFarm(b, p, filepath.Join(dir, fmt.Sprint("first-", i)))
	}
	for round := range *rounds {
		of := func(w way) string { return filepath.Join(dir, fmt.Sprint(w.name, "-", round)) }
		for i, w := range ways {
			rest(breather)
			began := time.Now()
			cpu[i] = append(cpu[i], w.render(of(w)))
			took[i] = append(took[i], time.Since(began))
		}
		for _, w := range ways {
			farthest = max(farthest, s.difference(b, of(ways[1]), of(w)))
		}
	}
	for _, p := range []*process{cold, warm} {
		p.stop()
		p.complaints()
	}
	var figures []figure
	for i, w := range ways {
		b.Logf("%s: %v, CPU time %v", w.name, took[i], cpu[i])
		figures = append(figures, figure{w.name + "-s", quantile(took[i], 0.5).Seconds()}, figure{w.name + "-cpu-s", quantile(cpu[i], 0.5).Seconds()})
	}
	at := func(i int) float64 { return quantile(took[i], 0.5).Seconds() }
	report(b, fmt.Sprint("frames=", s.frames), append(figures, figure{"warm/blender-a", at(3) / at(1)}, figure{"cold/loop", at(2) / at(0)},
		figure{"farthest-pixel", float64(farthest)}))
}

// A way to render frames into a folder, which returns the CPU time that it took.
type way struct {
	name   string
	render func(dir string) time.Duration
}

// startFarm runs a farm of one computer with that configuration.
func startFarm(b *testing.B, config string) *process {
	b.Helper()
	home := newHome(b)
	if err := os.WriteFile(filepath.Join(home, "farm.yaml"), []byte(config+"find_blenders: false # the one that is measured, and none beside it\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	return awaitWorkers(b, start(b, home, "all"), 1)
}

// inFarm renders as one task for each frame, from the submission to the end of the
// last task.
func (s shot) inFarm(b *testing.B, p *process, dir string) time.Duration {
	b.Helper()
	client := p.client()
	before := treeTime(p.pid())
	job := s.submitTo(b, client, dir)
	awaitCompleted(b, client, job)
	return treeTime(p.pid()) - before
}

// submitTo submits the shot as one task for each frame. Without a frame rate the job
// makes no video.
func (s shot) submitTo(b *testing.B, client *api.Client, dir string) farm.JobID {
	b.Helper()
	return submit(b, client, filepath.Base(dir), "simple-blender-render", map[string]any{
		"frames": fmt.Sprintf("1-%d", s.frames), "chunk_size": 1, "render_output_root": dir, "add_path_components": 0,
		"render_output_path": filepath.Join(dir, framePattern), "blendfile": s.blend, "format": "PNG", "image_file_extension": ".png", "has_previews": false, "scene": s.scene,
	})
}

// inShell renders with the arguments of the farm's tasks: in one Blender, or in one for
// each frame.
func (s shot) inShell(b *testing.B, dir string, one bool) time.Duration {
	b.Helper()
	line := "blender -b -y " + quoted(s.blend)
	if s.scene != "" {
		line += " --scene " + quoted(s.scene)
	}
	line += " --render-output " + quoted(filepath.Join(dir, framePattern)) + " --render-format PNG --python-expr " +
		quoted("import bpy; r = bpy.context.scene.render; r.use_file_extension = r.use_overwrite = True; r.use_placeholder = False")
	last := fmt.Sprintf(" -s 1 -e %d -a", s.frames)
	script := line + last + " >/dev/null"
	if !one {
		script = fmt.Sprintf("i=1; while [ $i -le %d ]; do %s -f $i >/dev/null; i=$((i+1)); done", s.frames, line)
	}
	c := exec.Command("sh", "-ec", script)
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// quoted quotes a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// difference fails unless both folders have the shot's frames, and returns the most that
// a channel of a pixel differs, of 65535.
func (s shot) difference(b *testing.B, one, other string) (most int) {
	b.Helper()
	for n := 1; n <= s.frames; n++ {
		name := fmt.Sprintf("%06d.png", n)
		x, y := decodePNG(b, filepath.Join(one, name)), decodePNG(b, filepath.Join(other, name))
		if x.Bounds() != y.Bounds() {
			b.Fatalf("frame %d is %v and %v", n, x.Bounds(), y.Bounds())
		}
		for at := range x.Bounds().Dx() * x.Bounds().Dy() {
			px, py := at%x.Bounds().Dx(), at/x.Bounds().Dx()
			r1, g1, b1, a1 := x.At(px, py).RGBA()
			r2, g2, b2, a2 := y.At(px, py).RGBA()
			for _, d := range [4][2]uint32{{r1, r2}, {g1, g2}, {b1, b2}, {a1, a2}} {
				most = max(most, int(max(d[0], d[1])-min(d[0], d[1])))
			}
		}
	}
	for _, dir := range []string{one, other} {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != s.frames {
			b.Fatalf("%s has %d files (%v), want %d", dir, len(entries), err, s.frames)
		}
	}
	return most
}

func decodePNG(b *testing.B, path string) image.Image {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	return m
}

// BenchmarkTwoWorkers renders the demo scene with one worker, and with two, each kept on
// a core of its own, whose Blenders compute in one thread.
func BenchmarkTwoWorkers(b *testing.B) {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		b.Skip("this needs taskset and two cores")
	}
	useBlender(b)
	s := demoShot(b, *demoFrames)
	var farms []*process
	for n := 1; n <= 2; n++ {
		home := newHome(b)
		config := "variables:\n  blenderArgs: {values: [{platform: all, value: -b -y -t 1}]}\n"
		if err := os.WriteFile(filepath.Join(home, "farm.yaml"), []byte(config), 0o600); err != nil {
			b.Fatal(err)
		}
		p := start(b, home, "serve")
		for i := range n {
			startPinned(b, p, i)
		}
		farms = append(farms, awaitWorkers(b, p, n))
	}
	took, dir := make([][]time.Duration, 2), newHome(b)
	for round := range *rounds {
		for i, p := range farms {
			rest(breather)
			began := time.Now()
			s.inFarm(b, p, filepath.Join(dir, fmt.Sprint(i, "-", round)))
			took[i] = append(took[i], time.Since(began))
		}
	}
	b.Logf("one worker %v, two %v", took[0], took[1])
	one, two := quantile(took[0], 0.5).Seconds(), quantile(took[1], 0.5).Seconds()
	report(b, fmt.Sprint("frames=", s.frames), []figure{{"one-s", one}, {"two-s", two}, {"two/one", two / one}})
}

// startPinned starts a worker on one core.
func startPinned(b *testing.B, p *process, core int) {
	b.Helper()
	runUntilEnd(b, exec.Command("taskset", "-c", fmt.Sprint(core), program(b), "work", "--manager", "http://"+p.address, "--home", newHome(b), "--name", fmt.Sprint("core", core)))
}

// runUntilEnd runs a program until the end of the benchmark.
func runUntilEnd(b *testing.B, c *exec.Cmd) {
	b.Helper()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		c.Wait()
	})
}
