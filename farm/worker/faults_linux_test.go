package worker

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
)

// The programme of faults: "make faults" runs it, FARM_FAULTS is the number of
// random runs, FARM_FAULTS_SEED their seed, and FARM_FAULTS_RUN the only one to do of them. Every fault is produced, with a
// Blender that renders.
func faults(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("FARM_FAULTS"))
	if err != nil || n < 1 {
		t.Skip("not asked for: FARM_FAULTS is no number of runs")
	}
	blendertest.Find(t)
	return n
}

// plainScene makes files that are the same whenever they are rendered.
const plainScene = scene + `; s = bpy.context.scene
r.resolution_x, r.resolution_y, r.resolution_percentage = 160, 90, 100
for p in dir(r):
    if p.startswith('use_stamp'):
        setattr(r, p, False)
r.ffmpeg.format, r.ffmpeg.codec = 'MPEG4', 'H264'
`

// A faultFormat is a format in which the programme renders.
type faultFormat struct {
	name, word string
	header     int  // bytes at the beginning that have the time of day
	blind      bool // a block that was lost in the middle is not always noticed, as docs/worker.md says
}

var faultFormats = []faultFormat{
	{"png", "PNG", 0, false}, {"jpeg", "JPEG", 0, true}, {"tiff", "TIFF", 0, false}, {"exr", "OPEN_EXR", 0, false}, {"webp", "WEBP", 0, true}, {"bmp", "BMP", 0, true},
	{"targa", "TGA", 0, true}, {"hdr", "HDR", 0, true}, {"jp2", "JP2", 0, true}, {"dpx", "DPX", 2048, true}, {"movie", "FFMPEG", 0, true}, {"cineon", "CINEON", 2048, true},
}

// faultPython does something to a file once Blender has said that it saved it. It
// is done every time, or only once. WHAT is the fault, AT a number from 0 to 1.
const faultPython = `
import glob, os, shutil, signal, threading
def fault(*_):
    if ONCE and os.path.exists('MARK'):
        return
    files = sorted(glob.glob('OUT/*'), key=os.path.getmtime)
    files = [f for f in files if not '.broken' in f]
    if not files:
        return
    open('MARK', 'w').close()
    f = files[-1]
    size = os.path.getsize(f)
    if 'WHAT' == 'truncated':
        os.truncate(f, int(size * AT))
    elif 'WHAT' == 'zeroed':
        with open(f, 'r+b') as x:
            at = int(size * AT) // 4096 * 4096
            x.seek(at)
            x.write(bytes(min(4096, size - at)))
    elif 'WHAT' == 'stale':
        shutil.copy('OTHER', f)
        os.utime(f, (1e9, 1e9))
    elif 'WHAT' == 'wrong size':
        shutil.copy('OTHER', f)
    elif 'WHAT' == 'gone':
        os.remove(f)
bpy.app.handlers.render_write.append(fault)
def die():
    if not os.path.exists('MARK'):
        open('MARK', 'w').close()
        os.kill(os.getpid(), signal.SIGKILL)
if 'WHAT' == 'killed':
    threading.Timer(AT * 0.5, die).start()
`

// renders returns the arguments that render two frames into a folder.
func (f faultFormat) renders(dir string) []string {
	args := []string{"-o", dir + "/##", "-F", f.word}
	switch f.name {
	case "movie":
		return append(args, "-s", "1", "-e", "2", "-j", "1", "-a")
	case "cineon": // -F leaves the depth at 8 bits, with which Blender cannot save it
		args = append(args, "--python-expr", "import bpy; bpy.context.scene.render.image_settings.color_depth = '10'")
	}
	return append(args, "-f", "1..2")
}

// faultRun renders two frames into a folder and returns the error.
func faultRun(t *testing.T, b *bench, f faultFormat, dir, python string) string {
	args := []any{"--python-expr", plainScene + python}
	for _, a := range f.renders(dir) {
		args = append(args, a)
	}
	return b.do(t.Context(), cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", args))
}

// goodFiles has Blender itself, without a worker, render in all formats. It returns
// the folders, by the formats' names.
func goodFiles(t *testing.T, python string) map[string]string {
	t.Helper()
	args, dirs := []string{"-b", "--factory-startup", "--python-expr", plainScene + python}, map[string]string{}
	for _, f := range faultFormats {
		dirs[f.name] = t.TempDir()
		args = append(args, f.renders(dirs[f.name])...)
	}
	if out, err := exec.Command(blendertest.Find(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dirs
}

// A finding is what a file of a frame says.
type finding struct {
	bytes  string // without what differs from one time of the day to the next
	pixels string // a hash of them, and their number, as FFmpeg sees them; "" if it does not read them
}

// same reports whether two files show the same. Blender writes into most formats
// how long it rendered, so their bytes may differ.
func (a finding) same(b finding) bool {
	return a.bytes == b.bytes || a.pixels != "" && a.pixels == b.pixels
}

// contents returns what the good files of a folder say.
func (f faultFormat) contents(t *testing.T, dir string) map[string]finding {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]finding{}
	for _, path := range list {
		if strings.Contains(path, brokenSuffix) {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := exec.Command("ffmpeg", "-v", "quiet", "-i", path, "-f", "framemd5", "-").Output()
		if err != nil {
			pixels = nil
		}
		found[filepath.Base(path)] = finding{string(data[min(f.header, len(data)):]), string(pixels)}
	}
	return found
}

// In whatever format and whatever happens to a file: of a task that succeeded,
// every frame is, pixel by pixel, what it is when nothing happens.
func TestFaultsAtRandom(t *testing.T) {
	runs := faults(t)
	seed, err := strconv.ParseUint(os.Getenv("FARM_FAULTS_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%d runs, FARM_FAULTS_SEED=%d", runs, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	good, other := map[string]map[string]finding{}, map[string]string{}
	small := goodFiles(t, "r.resolution_x = 96\n")
	for name, dir := range goodFiles(t, "") {
		f := faultFormats[slices.IndexFunc(faultFormats, func(f faultFormat) bool { return f.name == name })]
		good[name] = f.contents(t, dir)
		files, _ := filepath.Glob(filepath.Join(small[name], "*"))
		if want := map[bool]int{true: 1, false: 2}[name == "movie"]; len(good[name]) != want || len(files) != want {
			t.Fatalf("%s: Blender saved %d files, and %d of another size, want %d", name, len(good[name]), len(files), want)
		}
		other[name] = files[0]
	}
	kinds := []string{"truncated", "zeroed", "stale", "wrong size", "gone", "killed", "disk full"}
	type count struct{ runs, succeeded, again, failed, blind int }
	table := map[string]*count{}
	only, _ := strconv.Atoi(os.Getenv("FARM_FAULTS_RUN"))
	for i := range runs {
		f, kind, at, once := faultFormats[random.IntN(len(faultFormats))], kinds[random.IntN(len(kinds))], random.Float64(), random.IntN(2) == 0
		if only != 0 && i != only {
			continue
		}
		b, dir := newBench(t), t.TempDir()
		if kind == "disk full" && !mountSmall(t, dir, f.name, at, good[f.name]) {
			continue
		}
		python := strings.NewReplacer("ONCE", map[bool]string{true: "True", false: "False"}[once], "MARK", filepath.Join(t.TempDir(), "mark"), "OUT", dir, "WHAT", kind,
			"AT", strconv.FormatFloat(at, 'f', 6, 64), "OTHER", other[f.name]).Replace(faultPython)
		failed := faultRun(t, b, f, dir, python)
		t.Logf("run %d: %s, %s at %f, once %v: %s", i, f.name, kind, at, once, cmp.Or(clip(failed, 200), "succeeded"))
		row := table[kind]
		if row == nil {
			row = &count{}
			table[kind] = row
		}
		row.runs++
		log := b.logged(t)
		switch {
		case failed != "":
			row.failed++
			continue
		case strings.Contains(log, "Trying again"):
			row.again++
		}
		row.succeeded++
		got := f.contents(t, dir)
		for name, want := range good[f.name] {
			switch {
			case got[name].same(want):
			case kind == "zeroed" && f.blind:
				row.blind++
			default:
				t.Errorf("run %d: a task succeeded with a bad frame: %s, %s at %f, once %v: %s has %d bytes, and not %d\n%s", i, f.name, kind, at, once, name, len(got[name].bytes), len(want.bytes), log)
			}
		}
	}
	t.Logf("%-12s %5s %9s %13s %6s %s", "fault", "runs", "succeeded", "after a retry", "failed", "bad and not to be noticed")
	for _, kind := range kinds {
		if row := table[kind]; row != nil {
			t.Logf("%-12s %5d %9d %13d %6d %d", kind, row.runs, row.succeeded, row.again, row.failed, row.blind)
		}
	}
}

// mountSmall gives the folder a disk that is full after a random share of what is
// to be saved.
func mountSmall(t *testing.T, dir, name string, at float64, files map[string]finding) bool {
	t.Helper()
	size := 0
	for _, data := range files {
		size += len(data.bytes) + 4096
	}
	if name == "movie" {
		size = 64 << 10
	}
	// tmpfs has whole pages, and one at least.
	room := max(4096, int(at*float64(size))) &^ 4095
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", room)); err != nil {
		t.Logf("no small disk: %v", err)
		return false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return true
}
