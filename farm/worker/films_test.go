//go:build !windows

package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

// What a pattern stands for, in the order in which the images are shown.
func TestFilms(t *testing.T) {
	cases := []struct {
		name  string
		files []string // in the order of the video; of views "view: files"
		glob  string
		other []string // is there, too
	}{
		{"plain", []string{"000001.png", "000002.png"}, "*.png", []string{"000001.jpg", "000003.png.broken", "x.blend"}},
		{"frames below zero come first", []string{"-000010.png", "-000002.png", "000000.png", "000001.png"}, "*.png", nil},
		{"below zero only", []string{"-0003.png", "-0002.png"}, "*.png", nil},
		{"below zero behind a name", []string{"shot-0002.png", "shot-0001.png", "shot0000.png"}, "*.png", nil},
		{"a hyphen of the name", []string{"shot-0001.png", "shot-0002.png"}, "shot*.png", nil},
		{"more digits", []string{"9998.png", "9999.png", "10000.png", "10001.png"}, "*.png", nil},
		{"brackets", []string{"a [v2] 0001.png", "a [v2] 0002.png"}, "a [v2] *.png", []string{"a v 0001.png"}},
		{"a class", []string{"a1.png", "b1.png"}, "[ab]*.png", nil},
		{"views", []string{"_L: 0001_L.png 0002_L.png", "_R: 0001_R.png 0002_R.png"}, "*.png", nil},
		{"views with names of their own", []string{".left: 0001.left.png 0002.left.png", ".right: 0001.right.png 0002.right.png"}, "*.png", nil},
		{"views that end in digits", []string{"_cam1: s_0001_cam1.png s_0002_cam1.png", "_cam2: s_0001_cam2.png s_0002_cam2.png"}, "*.png", nil},
		{"a view that is not whole", []string{"0001_L.png", "0001_R.png", "0002_L.png"}, "*.png", nil},
		{"several shots", []string{"a_0001.png", "a_0002.png", "b_0001.png"}, "*.png", nil},
	}
	for _, c := range cases {
		dir := filepath.Join(t.TempDir(), "jobs [2] {x} *%04d")
		var want []film
		all := film{}
		for _, f := range c.files {
			if view, list, ok := strings.Cut(f, ": "); ok {
				want = append(want, film{view, joined(dir, strings.Fields(list)...)})
				continue
			}
			all.images = append(all.images, joined(dir, f)...)
		}
		if all.images != nil {
			want = append(want, all)
		}
		for _, f := range want {
			touch(t, f.images...)
		}
		touch(t, joined(dir, c.other...)...)
		got, err := framesToVideo{inputGlob: dir + "/" + c.glob}.films()
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v %v\nwant %v", c.name, got, err, want)
		}
	}
}

func joined(dir string, names ...string) (paths []string) {
	for _, n := range names {
		paths = append(paths, filepath.Join(dir, n))
	}
	return paths
}

func touch(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, p, "")
	}
}

// A video is made of the frames that were asked for, whatever else is in the folder.
func TestFilmsOfFrames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[x] %d")
	at := func(names ...string) []string { return joined(dir, names...) }
	touch(t, at("-000002.png", "-000001.png", "000000.png", "000001.png", "000001_depth.png", "000001.jpg", "000250.png", "Image0001.png")...)
	touch(t, at("st_0001_L.jpg", "st_0001_R.jpg", "st_0002_L.jpg", "st_0002_R.jpg", "st_0003_L.jpg")...)
	cases := []struct {
		path   string
		frames string
		want   []film
		err    string
	}{
		{"######.png", "-2-1", []film{{"", at("-000002.png", "-000001.png", "000000.png", "000001.png")}}, ""},
		{"######.png", "1", []film{{"", at("000001.png")}}, ""},
		{"######.png", "1,250", []film{{"", at("000001.png", "000250.png")}}, ""},
		{"######.png", "1-3", nil, "1 of 3 frames are there (missing: 2,3)"},
		{"######.exr", "1-3", nil, "0 of 3 frames are there"},
		{"st_####.jpg", "1,2", []film{{"_L", at("st_0001_L.jpg", "st_0002_L.jpg")}, {"_R", at("st_0001_R.jpg", "st_0002_R.jpg")}}, ""},
		{"st_####.jpg", "1-3", []film{{"_L", at("st_0001_L.jpg", "st_0002_L.jpg", "st_0003_L.jpg")}}, ""},
		{"st_.jpg", "1,2", []film{{"_L", at("st_0001_L.jpg", "st_0002_L.jpg")}, {"_R", at("st_0001_R.jpg", "st_0002_R.jpg")}}, ""},
	}
	for _, c := range cases {
		frames, _ := farm.ParseFrames(c.frames)
		got, err := framesToVideo{framePath: dir + "/" + c.path, frames: frames}.films()
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s %s: %v %v\nwant %v %s", c.path, c.frames, got, err, c.want, c.err)
		}
	}
}

func TestFrameRate(t *testing.T) {
	single := func(x float64) float64 { return float64(float32(x)) }
	for fps, want := range map[float64]string{
		24: "24", 25: "25", 60: "60", 12.5: "25/2", 0.5: "1/2", 24 / 1.001: "24000/1001", 24 / single(1.001): "24000/1001", 23.976: "24000/1001",
		29.97: "30000/1001", 30 / single(1.001): "30000/1001", 59.94: "60000/1001", 47.952: "48000/1001", 119.88: "120000/1001", 10.0 / 3: "10/3",
		24 / single(1.3): "240/13", 1e6: "1000000", 1e-6: "1/1000000", 23.98: "1199/50",
	} {
		if got := frameRate(fps); got != want {
			t.Errorf("%v frames per second: %s, want %s", fps, got, want)
		}
	}
}

// FFmpeg gets every image, whatever folders and files are called, and the last
// one lasts as long as the others.
func TestVideoOfAnyNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, folder := range []string{"it's a folder", "shot [v2]", "100% %04d", "a*b?c", "{x} ä", `back\slash`} {
		dir := filepath.Join(t.TempDir(), folder)
		touch(t, dir)
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		touch(t, filepath.Join(dir, "other.txt"))
		for i := range 4 {
			frameFile(t, filepath.Join(dir, fmt.Sprintf("f %%d [x]%04d.png", i+1)), uint8(60*i))
		}
		for _, more := range [][]any{nil, {"framePath", dir + "/f %d [x]####.png", "frames", "1-4"}} {
			out := filepath.Join(dir, "out [1] %d.mp4")
			c := cmd("frames-to-video", append(videoCommand(dir+"/*.png", out), more...)...)
			c.Parameters["fps"] = 24 / 1.001
			if err := b.do(t.Context(), c); err != "" {
				t.Fatalf("%s: %s\n%s", folder, err, b.logged(t))
			}
			if got := countFrames(t, out); got != "24000/1001,4" {
				t.Errorf("%s: rate and frames %s", folder, got)
			}
		}
		left, _ := filepath.Glob(filepath.Join(os.TempDir(), "farm-frames-*"))
		if slices.ContainsFunc(left, func(f string) bool { return strings.Contains(fileText(f), dir) }) {
			t.Errorf("%s: a list is left over", folder)
		}
	}
}

func fileText(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// Each view gets a video of its own, the first that which was asked for.
func TestVideoOfViews(t *testing.T) {
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	for i := range 3 {
		for _, view := range []string{"_L", "_R"} {
			frameFile(t, filepath.Join(dir, fmt.Sprintf("%06d%s.png", i+1, view)), uint8(60*i))
		}
	}
	out := filepath.Join(dir, "v.mp4")
	if err := b.do(t.Context(), cmd("frames-to-video", videoCommand(dir+"/*.png", out)...)); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	for _, name := range []string{"v.mp4", "v_R.mp4"} {
		if got := countFrames(t, filepath.Join(dir, name)); got != "24/1,3" {
			t.Errorf("%s: rate and frames %s", name, got)
		}
	}
}

// An image that FFmpeg cannot read would be left out in silence.
func TestVideoWithAFrameMissing(t *testing.T) {
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	frameFile(t, filepath.Join(dir, "0001.png"), 1)
	write(t, filepath.Join(dir, "0002.png"), "this is no image at all")
	frameFile(t, filepath.Join(dir, "0003.png"), 200)
	out := filepath.Join(dir, "v.mp4")
	c := cmd("frames-to-video", append(videoCommand(dir+"/*.png", out), "framePath", dir+"/####.png", "frames", "1-3")...)
	if err := b.do(t.Context(), c); !strings.Contains(err, "2 of 3 frames") {
		t.Errorf("%q\n%s", err, b.logged(t))
	}
	c.Parameters["framePath"] = dir + "/####.jpg"
	if err := b.do(t.Context(), c); !strings.Contains(err, "0 of 3 frames are there") {
		t.Errorf("no previews: %q", err)
	}
	c.Parameters["optional"] = true
	if err := b.do(t.Context(), c); err != "" || !strings.Contains(b.logged(t), "there is no video") {
		t.Errorf("no previews, and none needed: %q", err)
	}
}
