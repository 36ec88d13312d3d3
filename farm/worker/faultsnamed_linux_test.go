package worker

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
	"renderfarm/farm/diagnosis"
)

// A namedFault is produced with a Blender, and is to be named by what its log says.
type namedFault struct {
	name    string
	python  string   // that makes the scene; OUT is the folder of the frames
	args    []string // in front of it
	options func(*Options)
	around  func(t *testing.T, dir string)
	file    func(t *testing.T, b *bench) string // a .blend instead of python, which is looked at first; "" skips it
	class   string
	err     string // part of the error
	most    int    // bytes of log; 0: any
}

// hiddenEGL makes Blender find no driver for EGL, or no EGL at all.
func hiddenEGL(library bool) func(t *testing.T, dir string) {
	return func(t *testing.T, _ string) {
		empty := t.TempDir()
		os.Unsetenv("DISPLAY")
		if !library {
			t.Setenv("__EGL_VENDOR_LIBRARY_DIRS", empty) // libglvnd's: where it looks for drivers
			return
		}
		c := exec.Command("cc", "-shared", "-x", "c", "-", "-o", filepath.Join(empty, "libEGL.so.1"))
		if out, err := c.CombinedOutput(); err != nil {
			t.Skipf("no library without functions can be made: %v %s", err, out)
		}
		t.Setenv("LD_LIBRARY_PATH", empty)
	}
}

// smallCgroup makes a cgroup, of either version, in which a process has 512 MiB.
func smallCgroup(t *testing.T, _ string) {
	for base, key := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		dir := filepath.Join(base, "farm-fault-"+strconv.Itoa(os.Getpid()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(dir) })
		if os.WriteFile(filepath.Join(dir, key), []byte("536870912"), 0) == nil {
			t.Setenv("FARM_FAULTS_CGROUP", dir)
			return
		}
	}
	t.Skip("no rights to limit memory by a cgroup")
}

func stalls(o *Options) { o.StalledAfter = 5 * time.Second }

func takesLong(o *Options) { o.MaxTime = 40 * time.Second }

const eevee = `
for name in ('BLENDER_EEVEE', 'BLENDER_EEVEE_NEXT'):
    try:
        r.engine = name
    except TypeError: # it has another name in this Blender
        pass`

var namedFaults = []namedFault{
	{name: "disk full", around: func(t *testing.T, dir string) {
		if !mountSmall(t, dir, "", 0, nil) {
			t.Skip("no rights to mount")
		}
	}, class: "disk-full"},
	{name: "disk full, of which Blender says something else", args: []string{"-F", "TGA"}, around: func(t *testing.T, dir string) {
		if !mountSmall(t, dir, "", 0, nil) {
			t.Skip("no rights to mount")
		}
	}, class: "disk-full"},
	{name: "a folder that cannot be written", around: func(t *testing.T, dir string) {
		if syscall.Mount(dir, dir, "", syscall.MS_BIND, "") != nil || syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "") != nil {
			t.Skip("no rights to mount")
		}
		t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	}, class: "not-writable"},
	{name: "no camera", python: "bpy.data.objects.remove(s.camera)", class: "no-camera"},
	{name: "unknown scene", args: []string{"-S", "Nope"}, class: "unknown-scene"},
	{name: "an error of Python", python: "raise ValueError('x')", args: []string{"--python-exit-code", "3"}, class: "python"},
	{name: "a module that is missing", python: "import nothing_like_it", args: []string{"--python-exit-code", "3"}, class: "python-module"},
	{name: "killed while it saves", python: "import os, signal; bpy.app.handlers.render_write.append(lambda *_: os.kill(os.getpid(), signal.SIGKILL))", class: "killed"},
	{name: "segmentation fault", python: "import os, signal; bpy.app.handlers.render_pre.append(lambda *_: os.kill(os.getpid(), signal.SIGSEGV))", class: "crash"},
	{name: "no memory", python: "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); x = bytearray(2 << 30)", args: []string{"--python-exit-code", "3"}, class: "memory"},
	{name: "memory_limit of the worker", python: "x = b'x' * (2 << 30)", args: []string{"--python-exit-code", "3"}, options: func(o *Options) { o.Limits.Memory = 1 << 30 }, class: "memory"},
	{name: "memory limit of a cgroup", python: "import os; open(os.environ['FARM_FAULTS_CGROUP'] + '/cgroup.procs', 'w').write(str(os.getpid())); x = b'x' * (2 << 30)", around: smallCgroup, class: "killed"},
	{name: "sleeps for ever", python: "import time; bpy.app.handlers.render_pre.append(lambda *_: time.sleep(1e6))", options: stalls, class: "stalled", err: "did nothing"},
	{name: "stopped", python: "import os, signal; bpy.app.handlers.render_pre.append(lambda *_: os.kill(os.getpid(), signal.SIGSTOP))", options: stalls, class: "stalled", err: "did nothing"},
	{name: "endless loop", python: "def loop(*_):\n    while True: pass\nbpy.app.handlers.render_pre.append(loop)", options: takesLong, class: "too-long", err: "the task took longer than"},
	{name: "endless output", python: "def loop(*_):\n    while True: print('x' * 200)\nbpy.app.handlers.render_pre.append(loop)", options: takesLong, class: "too-long", err: "the task took longer than", most: 24 << 20},
	{name: "frames cut short", python: "import os; bpy.app.handlers.render_write.append(lambda *_: os.truncate('OUT/01.png', 50))", class: "frame-bad"},
	{name: "EEVEE without a driver for EGL", python: eevee, around: hiddenEGL(false), class: "no-display"},
	{name: "EEVEE without EGL", python: eevee, around: hiddenEGL(true), class: "no-display"},
	{name: "missing texture", file: missing("os.remove(here + '/files/used.png')"), class: "preflight-files"},
	{name: "missing library", file: missing(lostLibrary), class: "preflight-files"},
	{name: "missing library, without a look at the file", file: missing(lostLibrary), class: "library-missing"},
	{name: "missing font", file: missing(`
c = bpy.data.curves.new("T", "FONT")
c.body = "x"
import shutil
shutil.copy(os.environ["FARM_TEST_FONT"], here + "/files/a.ttf")
c.font = bpy.data.fonts.load(here + "/files/a.ttf")
s.collection.objects.link(bpy.data.objects.new("T", c))
os.remove(here + "/files/a.ttf")`), class: "preflight-files"},
	{name: "file of a newer Blender", file: newerFile, class: "blender-too-old", err: "was saved by Blender"},
}

const lostLibrary = `
bpy.ops.wm.save_as_mainfile(filepath=here + "/files/lib.blend", copy=True)
with bpy.data.libraries.load(here + "/files/lib.blend", link=True) as (there, wanted):
    wanted.objects = ["Shown"]
s.collection.objects.link(wanted.objects[0])
os.remove(here + "/files/lib.blend")`

// missing makes a file that lacks something.
func missing(python string) func(*testing.T, *bench) string {
	return func(t *testing.T, b *bench) string {
		font := anyFont()
		if font == "" && strings.Contains(python, "FARM_TEST_FONT") {
			t.Skip("there is no font here")
		}
		t.Setenv("FARM_TEST_FONT", font)
		file, _ := preflightScene(t, b, python)
		return file
	}
}

// newerFile has a newer Blender, which FARM_FAULTS_NEWER names, save a file.
func newerFile(t *testing.T, _ *bench) string {
	newer, file := os.Getenv("FARM_FAULTS_NEWER"), filepath.Join(t.TempDir(), "newer.blend")
	if newer == "" {
		t.Skip("FARM_FAULTS_NEWER names no newer Blender")
	}
	if out, err := exec.Command(newer, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", "import bpy; bpy.ops.wm.save_as_mainfile(filepath='"+file+"')").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// task is what produces the fault.
func (f *namedFault) task(t *testing.T, b *bench, dir string) farm.Command {
	if f.file != nil {
		return preflightTask(t, f.file(t, b), "preflight", !strings.Contains(f.name, "without a look"))
	}
	args := []any{}
	python := plainScene + strings.ReplaceAll(f.python, "OUT", dir)
	for _, a := range append(f.args[:len(f.args):len(f.args)], "--python-expr", python, "-o", dir+"/##", "-f", "1") {
		args = append(args, a)
	}
	return cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", args)
}

// Each fault is named by what its log says.
func TestFaultsAreNamed(t *testing.T) {
	faults(t)
	rules := diagnosis.Builtin()
	for _, f := range namedFaults {
		t.Run(f.name, func(t *testing.T) {
			b, dir := preflightBench(t), t.TempDir()
			if f.options != nil {
				f.options(&b.worker.options)
			}
			c := f.task(t, b, dir)
			if f.around != nil {
				f.around(t, dir)
			}
			b.run.task.Commands = []farm.Command{c}
			err := b.commands(t.Context())
			if err == nil {
				t.Fatalf("it succeeds\n%s", clip(b.logged(t), 20000))
			}
			b.failed(t.Context(), err)
			log := []byte(b.logged(t))
			d, _ := rules.Match(log)
			if d.Class != f.class && f.class != "" || !strings.Contains(err.Error(), f.err) {
				t.Errorf("class %q, want %q; %v, want %q\n%s", d.Class, f.class, err, f.err, clip(string(log), 20000))
			}
			if f.most > 0 && len(log) > f.most {
				t.Errorf("%d bytes of log, want %d at most", len(log), f.most)
			}
			lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
			t.Logf("%s, Blender %s: class %q, %d bytes of log: %s", f.name, filepath.Dir(blendertest.Find(t)), d.Class, len(log), clip(string(lines[len(lines)-1]), 400))
		})
	}
}
