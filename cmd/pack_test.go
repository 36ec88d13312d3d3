package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// A nastyProject is a project in which everything is difficult; see
// testdata/scenes/make_nasty.py.
type nastyProject struct {
	blender string
	dir     string // what is to be hidden from who should not need it
	file    string // the .blend to submit
	frames  map[int]image.Image
}

// newNastyProject makes the project, and renders it where it is.
func newNastyProject(t *testing.T, frames ...int) *nastyProject {
	t.Helper()
	exe := blendertest.Find(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n := &nastyProject{blender: exe, dir: filepath.Join(dir, "artist"), frames: map[int]image.Image{}}
	n.file = filepath.Join(n.dir, "project", "shots", "seq 010", "shot ü.blend")
	n.run(t, "--python-exit-code", "1", "--python", filepath.Join("..", "testdata", "scenes", "make_nasty.py"), "--", n.dir)
	n.frames = n.render(t, n.file, frames...)
	return n
}

// run runs Blender in the background.
func (n *nastyProject) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), n.blender, append([]string{"-b", "--factory-startup"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// render returns what a .blend looks like where it is.
func (n *nastyProject) render(t *testing.T, file string, frames ...int) map[int]image.Image {
	t.Helper()
	out := t.TempDir()
	args := []string{file, "-o", filepath.Join(out, "####")}
	for _, f := range frames {
		args = append(args, "-f", fmt.Sprint(f))
	}
	n.run(t, args...)
	return readFrames(t, out, frames...)
}

// readFrames reads rendered PNG images, by number.
func readFrames(t *testing.T, dir string, frames ...int) map[int]image.Image {
	t.Helper()
	all := map[int]image.Image{}
	for _, n := range frames {
		found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("*%04d.png", n)))
		if err != nil || len(found) != 1 {
			t.Fatalf("frame %d: %q, %v", n, found, err)
		}
		f, err := os.Open(found[0])
		if err != nil {
			t.Fatal(err)
		}
		all[n], err = png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// compare fails unless all frames are the same, pixel by pixel.
func (n *nastyProject) compare(t *testing.T, got map[int]image.Image) {
	t.Helper()
	for number, want := range n.frames {
		if got[number] == nil || got[number].Bounds() != want.Bounds() {
			t.Errorf("frame %d is of another size", number)
			continue
		}
		different := 0
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				if got[number].At(x, y) != want.At(x, y) {
					different++
				}
			}
		}
		if different > 0 {
			t.Errorf("frame %d differs in %d pixels", number, different)
		}
	}
}

// hide takes the project away until the function is called.
func (n *nastyProject) hide(t *testing.T) (back func()) {
	t.Helper()
	if err := os.Rename(n.dir, n.dir+".hidden"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(n.dir+".hidden", n.dir); err != nil {
			t.Error(err)
		}
	}
}

// TestPackRenders packs the project, moves the pack, hides the original, and
// renders the same picture from it.
func TestPackRenders(t *testing.T) {
	t.Parallel()
	n := newNastyProject(t, 1, 3)
	s := testSession(t, nil)
	var out, said bytes.Buffer
	s.out, s.errOut = &out, &said
	first, moved := filepath.Join(t.TempDir(), "pack"), filepath.Join(t.TempDir(), "moved")
	if status := run(t.Context(), s, []string{"pack", n.file, first, "--project", filepath.Join(n.dir, "project"), "--json", "--home", s.home}); status != exitOK {
		t.Fatalf("%d: %s", status, said.String())
	}
	// The list alone writes nothing, and says the same.
	var list bytes.Buffer
	s.out, s.json = &list, false
	if status := run(t.Context(), s, []string{"pack", n.file, "--project", filepath.Join(n.dir, "project"), "--home", s.home}); status != exitOK ||
		!strings.Contains(list.String(), "project  assets/char/character.blend\n") || !strings.Contains(list.String(), "outside  _outside/") || !strings.Contains(list.String(), "19 files") {
		t.Errorf("%d: %s", status, list.String())
	}
	var answer packAnswer
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || len(answer.Missing) != 1 || len(answer.Files) != 19 || !strings.Contains(said.String(), "1 file cannot be packed") {
		t.Errorf("%v\n%s\n%s", err, out.String(), said.String())
	}
	if err := os.Rename(first, moved); err != nil {
		t.Fatal(err)
	}
	back := n.hide(t)
	defer back()
	n.compare(t, n.render(t, filepath.Join(moved, filepath.FromSlash(answer.Blend)), 1, 3))
}

// TestPackRefuses says what is wrong before anything is written.
func TestPackRefuses(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken.zip")
	if err := os.WriteFile(taken, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	for says, args := range map[string][]string{
		"there already": {scene(t, dir), taken}, "there is no file": {filepath.Join(dir, "gone.blend"), filepath.Join(dir, "out")},
		"needs FILE.blend": nil, "does not take": {"a.blend", "b", "c"}, "cannot find Blender": {scene(t, dir), filepath.Join(dir, "out"), "--blender", filepath.Join(dir, "none")},
		"not in the project": {scene(t, dir), filepath.Join(dir, "out"), "--project", t.TempDir()},
	} {
		s := testSession(t, nil)
		var said bytes.Buffer
		s.errOut = &said
		if status := run(t.Context(), s, append([]string{"pack", "--home", s.home}, args...)); status == exitOK || !strings.Contains(said.String(), says) {
			t.Errorf("%q: %d: %s", args, status, said.String())
		}
	}
	text, err := os.ReadFile(taken)
	if _, gone := os.Stat(filepath.Join(dir, "out")); err != nil || string(text) != "theirs" || gone == nil {
		t.Errorf("%q, %v, %v", text, err, gone)
	}
}

func TestIsZip(t *testing.T) {
	if !isZip("a.Zip") || isZip("zip") {
		t.Error("names of zip files are not told from others")
	}
}
