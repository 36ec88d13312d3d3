package worker

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// Output of Blender 3.4 (recorded) and 5.2 (its log format), and what each line means.
func TestBlenderOutput(t *testing.T) {
	names := map[blenderWhat]string{blenderSaved: "saved", blenderTimed: "timed", blenderSkipped: "skipped", blenderError: "error",
		blenderWrong: "wrong", blenderTooOld: "too old", blenderUnsaved: "unsaved", blenderNodeSaved: "node saved", blenderImages: "images", blenderRange: "range"}
	files, err := filepath.Glob("testdata/blender-*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("recordings: %v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i, line := range strings.Split(string(text), "\n") {
			if e := parseBlender(line); e.what != blenderOther && e.what != blenderFrame {
				fmt.Fprintf(&got, "%d %s %s\n", i+1, names[e.what], e.text)
			}
		}
		golden := strings.TrimSuffix(file, ".txt") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", file, got.String(), want)
		}
	}
}

func TestBlenderLinesThatMeanNothing(t *testing.T) {
	for _, line := range []string{
		"", "Saved: ''", `Info: Saved "t.blend"`, "x Saved: /out/Image0001.png", "Saved: Image0001.png", "Time:00:00.10", "Time: soon", "Fra:x", "Errors were found", "No error: fine",
		"Unable to open '/textures/a.png'", "Info: LIB: Object: 'Cube' missing from '//lib.blend', parent '<direct>'",
	} {
		if e := parseBlender(line); e.what != blenderOther {
			t.Errorf("%q means %+v", line, e)
		}
	}
}

// Lines as Blender 3.4, 4.3 and 5.2 print them, also behind what others print.
func TestBlenderLines(t *testing.T) {
	cases := []struct {
		line string
		what blenderWhat
		text string
	}{
		{"Saved: '/a.png'", blenderSaved, "/a.png"},
		{"x Saved: '/a.png'", blenderSaved, "/a.png"},
		{"Saved: /out/it's Image0001.png", blenderNodeSaved, "/out/it's Image0001.png"},
		{`Saved: C:\out\Image0001.png`, blenderNodeSaved, `C:\out\Image0001.png`},
		{"Cannot save Node File Output to /proc/nope/Image0001.png", blenderUnsaved, "/proc/nope/Image0001.png"},
		{"Error: Render error (Invalid argument) cannot save: '/proc/nope/Image0001.png'", blenderUnsaved, "/proc/nope/Image0001.png"},
		{"00:02.247  reports          | ERROR Render error (No such file or directory) cannot save: '/n/a.png'", blenderUnsaved, "/n/a.png"},
		{"Error Writing Render Result, see console", blenderUnsaved, ""},
		{"brick.jpg 16.00M (16,777,200:20.234  render           | Saved: '/it's.png'", blenderSaved, "/it's.png"},
		{"Time: 00:00.03 (Saving: 00:00.03)", blenderTimed, ""},
		{"printed 00:00.571  render           | Time: 00:00.07 (Saving: 00:00.07)", blenderTimed, ""},
		{"00:00.342  render           | Time: 00:00.01", blenderTimed, ""},
		{"x 00:00.325  render           | Skipping existing frame \"/o/01.png\"", blenderSkipped, "/o/01.png"},
		{"00:00.494  render           | Rendering frame -7", blenderFrame, ""},
		{"Fra:-2 Mem:9.90M (Peak 10.83M) | Time:00:00.00", blenderFrame, ""},
		{"Can't find scene: 'No pe' in file: '/ok.blend'", blenderWrong, `no scene "No pe"`},
		{"Error: Format from '-F / --render-format' not known or not compiled in this release.", blenderWrong, `format "{format}"`},
		{"Info: Cannot find lib '/x/lib.blend'", blenderWrong, `library "/x/lib.blend"`},
		{"Warning: Unable to open '/x/lib.blend': No such file or directory", blenderWrong, `library "/x/lib.blend"`},
		{"00:00.625  reports          | WARNING Unable to open '/x/lib.blend': No such file or directory", blenderWrong, `library "/x/lib.blend"`},
		{"00:00.309  reports          | ERROR Parse errors in path '/o/x {2}/##':", blenderWrong, `path "/o/x {2}/##"`},
		{"CUDA error: Illegal address in cuCtxSynchronize()", blenderWrong, "CUDA error: Illegal address"},
		{"Illegal address in CUDA queue copy_from_device (integrator_shade_surface)", blenderWrong, "frames: Illegal address in CUDA queue copy"},
		{"Error: Invalid value in CUDA queue enqueue (integrator_reset)", blenderWrong, "Invalid value in CUDA queue enqueue"},
		{"Out of memory in cuMemAlloc(&device_pointer, size) (intern/cycles/device/cuda/device_impl.cpp:445)", blenderWrong, "frames: Out of memory in cuMemAlloc(&dev"},
		{"00:03.201  cycles           | ERROR Out of memory in hipDrvMemcpy2DUnaligned(&param) (device_impl.cpp:789)", blenderWrong, "Out of memory in hipDrvMemcpy2DUnaligned("},
		{`oneAPI kernel "integrator_init_from_camera" execution error: got runtime exception "lost"`, blenderWrong, "execution error: got"},
		{"VkResult is VK_ERROR_DEVICE_LOST", blenderWrong, "frames: VK_ERROR_DEVICE_LOST. Look"},
		{"Refer to the Cycles GPU rendering documentation for possible solutions:", blenderWrong, "the log says why"},
		{"00:01.165  cycles           | WARNING CUEW initialization failed: Error opening the library", blenderOther, ""},
		{"  File \"/x/addon.py\", line 7, in customCall", blenderOther, ""},
		{"WARNING: File written by newer Blender binary (403.29), expect loss of data!", blenderTooOld, ""},
		{"00:00.309  blend            | WARNING File written by newer Blender binary (600.1), expect loss of data!", blenderTooOld, ""},
		{"Error: Cannot render, no camera", blenderError, "Error: Cannot render, no camera"},
		{"Farm: the scene has frames -3 to 250 by 2", blenderRange, ""},
		{"Append frame 12", blenderAppended, ""},
	}
	for _, c := range cases {
		if e := parseBlender(c.line); e.what != c.what || !strings.Contains(e.text, c.text) {
			t.Errorf("%q means %+v", c.line, e)
		}
	}
}

func FuzzParseBlender(f *testing.F) {
	for _, seed := range []string{"Saved: '/a'", "render | Time: 1", "skipping existing frame \"", "1 a | ERROR x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) { parseBlender(line) })
}
