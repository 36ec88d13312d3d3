package diagnosis

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"renderfarm/farm"
)

// recorded says what three Blenders' logs mean, by the name of the log in
// testdata/blender; "" for those that show nothing that went wrong.
var recorded = map[string]string{
	"animation": "", "cycles-samples": "", "exr": "", "film": "", "frames": "", "negative": "", "skip": "", "skip-views": "", "step": "", "still": "", "views": "",
	"texture-missing": "", // Blender says nothing, and renders pink
	"script-quits":    "", // nor here: that the frames are missing is noticed otherwise
	"crash":           "crash", "file-damaged": "file-damaged", "file-missing": "file-missing", "file-newer": "blender-too-old",
	"library-missing": "library-missing", "no-camera": "no-camera", "no-device": "gpu-missing", "no-engine": "unknown-engine",
	"no-format": "unknown-format", "no-scene": "unknown-scene", "script-error": "python", "unwritable": "not-writable",
}

// recordedIn is recorded for what Blenders do not say alike, by version and name.
var recordedIn = map[string]string{"3.4/file-format-newer": "file-unreadable", "4.3/file-format-newer": "file-too-new", "5.2/file-format-newer": "file-unreadable",
	"3.4/braces": "", "4.3/braces": "", "5.2/braces": "path-template", "3.4/no-frame": "", "4.3/no-frame": "", "5.2/no-frame": ""}

// wanted returns the class of a recorded log; every log has one, or "".
func wanted(t *testing.T, path string) string {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(path), ".log")
	class, known := recorded[name]
	if !known {
		class, known = recordedIn[filepath.Base(filepath.Dir(path))+"/"+name]
	}
	if !known {
		t.Errorf("%s is not known here", path)
	}
	return class
}

func TestRecordedLogs(t *testing.T) {
	rules := Builtin()
	logs, err := filepath.Glob("../../testdata/blender/*/*.log")
	if err != nil || len(logs) < 3*len(recorded) {
		t.Fatalf("there are %d logs, %v", len(logs), err)
	}
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := wanted(t, path)
		// As workers write it into a log.
		var log bytes.Buffer
		for line := range strings.Lines(string(data)) {
			fmt.Fprintf(&log, "pid=123 > %s", line)
		}
		d, _ := rules.Match(log.Bytes())
		if d.Class != want {
			t.Errorf("%s: class %q, want %q (%q)", path, d.Class, want, d.Line)
		}
		if strings.Contains(d.Means+d.Next, "{1}") || strings.HasPrefix(d.Line, "pid=") {
			t.Errorf("%s: %+v", path, d)
		}
	}
}

// published are lines of other programs and of failures that cannot be had
// here, as they were published.
var published = map[string]string{
	"CUDA error at cuCtxCreate: Out of memory":                                  "gpu-memory",
	"Error: CUDA out of memory":                                                 "gpu-memory",
	"System is out of GPU and shared host memory":                               "gpu-memory",
	"Error: Out of memory in cuMemAlloc(&device_pointer, size)":                 "gpu-memory",
	"terminate called after throwing an instance of 'std::bad_alloc'":           "memory",
	"Malloc returns null: len=4000000 in image, total 123":                      "memory",
	"CUDA error: Launch exceeded timeout in cuCtxSynchronize()":                 "gpu-error",
	"CUDA backend is supported only with compute capability 5.0 or up":          "gpu-error",
	"Illegal address in CUDA queue copy_from_device (integrator_shade_surface)": "gpu-error",
	"Error: Invalid value in CUDA queue enqueue (integrator_reset)":             "gpu-error",
	"Failed to create CUDA context (Unknown error)":                             "gpu-error",
	"Out of memory in hipDrvMemcpy2DUnaligned(&param) (device_impl.cpp:789)":    "gpu-memory",
	"blender: ../src/dispatch_common.c:872: epoxy_get_proc_address: Assertion `0 && \"Couldn't find current GLX or EGL context.\\n\"' failed.":                                                     "no-display",
	"eglGetCurrentDisplay() not found: /usr/lib/libEGL.so.1: undefined symbol: eglGetCurrentDisplay":                                                                                               "no-display",
	"EGL Error (0x300C): EGL_BAD_PARAMETER: One or more argument values are invalid.":                                                                                                              "no-display",
	"the program did nothing for 5s (no output and no processor time), and was ended (task_stalled_after)":                                                                                         "stalled",
	"the task took longer than 15s, and was ended. If it needs more, set task_max_time of this worker higher":                                                                                      "too-long",
	"the file was saved by Blender 5.2, and this worker has 3.4.1, which would lose part of it.":                                                                                                   "blender-too-old",
	"Unable to open a display by the rendering pipeline.":                                                                                                                                          "no-display",
	"Failed: renders/000001.png cannot be sent to the farm's shared storage: there is no room for 2.1 MB in the farm's shared storage: 3.2 MB are free, and 1 GB have to stay so. Make room there": "disk-full",
	"Render error (No space left on device) cannot save: '/mnt/farm/000001.png'":                                                                                                                   "disk-full",
	"Error: Render error (Permission denied) cannot save: '/mnt/farm/000001.png'":                                                                                                                  "not-writable",
	"ModuleNotFoundError: No module named 'numpy'":                                                                                                                                                 "python-module",
	"command exited abnormally with code 1: Error: something new; 0 of 1 frames were saved (missing: 1)":                                                                                           "unknown",
	"Warning: Unable to open '/x/lib.blend': No such file or directory":                                                                                                                            "library-missing",
	"Failed: the linked library \"/x/lib.blend\" cannot be opened, and":                                                                                                                            "library-missing",
	"exit status 3": "unknown",
	"command exited abnormally with code -1 (signal: killed)":                                     "killed",
	"cannot run \"blender\": this worker has no such program. Install it, or correct the path":    "program-missing",
	"00:00.891  reports          | ERROR Cannot render, no camera":                                "no-camera",
	"brick.jpg 16.00M (16,777,200:20.234  render | Saved: '/frames/1.png'":                        "",
	"DeprecationWarning: 'BoolProperty' is deprecated and will be removed in Blender 6.0":         "",
	"00:01.165  cycles           | WARNING CUEW initialization failed: Error opening the library": "",
	"Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:0.00M, Peak:0.00M | Scene, View Layer":  "",
	"Info: the licence of this asset is CC0":                                                      "",
}

func TestPublishedLines(t *testing.T) {
	rules := Builtin()
	for line, want := range published {
		if d, _ := rules.Match([]byte("something before\n" + line + "\nsomething behind\n")); d.Class != want {
			t.Errorf("%q: class %q, want %q", line, d.Class, want)
		}
	}
}

func TestRulesOfUsersComeFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "errors.yaml")
	text := `rules:
  - class: our-renderer
    match: 'XYZ-(\d+): .*'
    consequence: transient
    means: 'Our renderer said {1}.'
  - class: no-camera
    match: no camera
    means: Ours.
  - class: broken
    match: '('
    means: x
  - class: everything
    match: '.*'
    means: x
  - class: 'Bad Name'
    match: x
    means: x
  - class: no-such-consequence
    match: x
    consequence: explode
    means: x
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, mistakes := Load(path)
	if len(mistakes) != 4 {
		t.Errorf("mistakes: %v", mistakes)
	}
	for i, part := range []string{`rule 3 (class "broken")`, `rule 4 (class "everything")`, `rule 5 (class "Bad Name")`, "worker job farm transient task"} {
		if i < len(mistakes) && !strings.Contains(mistakes[i].Error(), part) {
			t.Errorf("mistake %d: %v", i, mistakes[i])
		}
	}
	if d, ok := rules.Match([]byte("a\nXYZ-42: tilt\n")); !ok || d.Class != "our-renderer" || d.Means != "Our renderer said 42." || d.Line != "XYZ-42: tilt" || d.Consequence != farm.Transient {
		t.Errorf("%+v", d)
	}
	if d, _ := rules.Match([]byte("Error: Cannot render, no camera")); d.Means != "Ours." || d.Consequence != farm.OneTask {
		t.Errorf("%+v", d)
	}
	if d, _ := rules.Match([]byte("engine not found 'X'")); d.Class != "unknown-engine" {
		t.Errorf("the rules of the program are gone: %+v", d)
	}
}

func TestLoadWithoutAFileAndOfABadOne(t *testing.T) {
	dir := t.TempDir()
	if rules, mistakes := Load(filepath.Join(dir, "none.yaml")); len(mistakes) != 0 || len(rules.list) != len(Builtin().list) {
		t.Errorf("%d rules, %v", len(rules.list), mistakes)
	}
	path := filepath.Join(dir, "errors.yaml")
	if err := os.WriteFile(path, []byte("rules: [1, 2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if rules, mistakes := Load(path); len(mistakes) != 1 || len(rules.list) == 0 {
		t.Errorf("%d rules, %v", len(rules.list), mistakes)
	}
}

// Only the end of a log counts, and what is taken from it is bounded and can be shown.
func TestMatchIsBounded(t *testing.T) {
	rules := Builtin()
	old := append([]byte("Error: Cannot render, no camera\n"), bytes.Repeat([]byte("x\n"), MaxTail/2)...)
	if d, ok := rules.Match(old); ok {
		t.Errorf("a line before the end counts: %+v", d)
	}
	long := []byte("engine not found '" + strings.Repeat("ü\x00\x1b", 1000) + "'")
	if d, ok := rules.Match(long); !ok || len(d.Line) > farm.MaxCauseText || len(d.Means) > farm.MaxCauseText || !utf8.ValidString(d.Line+d.Means) || strings.ContainsAny(d.Line+d.Means, "\x00\x1b") {
		t.Errorf("%v, line of %d bytes, sentence of %d", ok, len(d.Line), len(d.Means))
	}
}

// What a user called a file, and a worker was going to run, is no symptom.
func TestCommandLinesSayNothing(t *testing.T) {
	log := "going to run:\n\n    blender -b '/scenes/out of memory.blend' --python-expr 'no space left on device'\n\npid=7 >     MemoryError\n"
	if d, _ := Builtin().Match([]byte(log)); d.Line != "MemoryError" {
		t.Errorf("%+v", d)
	}
}

// What a log has before the failure is not taken for the reason of it, as long as
// Blender only warned of it.
func TestWarningsAreNoReason(t *testing.T) {
	logs, _ := filepath.Glob("../../testdata/blender/*/*.log")
	rules := Builtin()
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Ended by a failure of another kind, the log has the reason of that.
		for line, want := range map[string]string{"command exited abnormally with code -1 (signal: killed)": "killed", "OSError: [Errno 28] No space left on device": "disk-full"} {
			d, _ := rules.Match(append(data, line...))
			own := wanted(t, path)
			if d.Class != want && (d.Class != own || own == "" || warnings[own]) {
				t.Errorf("%s, and then %q: %q (%q)", path, line, d.Class, d.Line)
			}
		}
	}
}

// warnings are classes of lines after which Blender goes on.
var warnings = map[string]bool{"library-missing": true, "blender-too-old": true, "unknown-scene": true, "unknown-format": true}

func FuzzMatch(f *testing.F) {
	for line := range published {
		f.Add([]byte(line))
	}
	rules := Builtin()
	f.Fuzz(func(t *testing.T, log []byte) {
		if d, _ := rules.Match(log); !utf8.ValidString(d.Line+d.Means+d.Next) || len(d.Line) > farm.MaxCauseText {
			t.Errorf("%+v", d)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	log := bytes.Repeat([]byte("pid=1 > Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:0.00M, Peak:0.00M | Scene, View Layer\n"), MaxTail/100)
	rules := Builtin()
	for b.Loop() {
		rules.Match(log)
	}
}
