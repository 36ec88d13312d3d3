package worker

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
	"renderfarm/farm/framefile"
)

// Files of frames that are rendered again move aside, whatever the view and the
// ending, and come back unless there is a new one that was read back.
func TestKeptFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"000001.png", "000002.png", "000002.jpg", "000002_L.png", "000003.png", "000003.png.broken", "other.png", "000012.png"} {
		write(t, filepath.Join(dir, name), name)
	}
	line, err := readBlenderArgs([]string{"-o", dir + "/######", "-f", "2,3"})
	if err != nil {
		t.Fatal(err)
	}
	files := func() string {
		var all []string
		filepath.WalkDir(dir, func(path string, e os.DirEntry, _ error) error {
			if !e.IsDir() {
				text, _ := os.ReadFile(path)
				rel, _ := filepath.Rel(dir, path)
				all = append(all, filepath.ToSlash(rel)+"="+string(text))
			}
			return nil
		})
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	if _, err := keepFiles(line, "20261130-120000"); err != nil {
		t.Fatal(err)
	}
	const others = "000001.png=000001.png 000003.png.broken=000003.png.broken 000012.png=000012.png other.png=other.png"
	if got, want := files(), ".versions/000002.20261130-120000.jpg=000002.jpg .versions/000002.20261130-120000.png=000002.png "+
		".versions/000002_L.20261130-120000.png=000002_L.png .versions/000003.20261130-120000.png=000003.png "+others; got != want {
		t.Errorf("kept:\n%s\nwant\n%s", got, want)
	}
	// Half of a new file is there when the worker is killed: the next try leaves what
	// was kept alone.
	write(t, filepath.Join(dir, "000002.png"), "half")
	kept, err := keepFiles(line, "20261130-120000")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "000002.png"), "new")
	write(t, filepath.Join(dir, "000003.png"), "half")
	kept.note(2)
	if errs := kept.restore(); errs != nil {
		t.Error(errs)
	}
	if got, want := files(), ".versions/000002.20261130-120000.jpg=000002.jpg .versions/000002.20261130-120000.png=000002.png "+
		".versions/000002_L.20261130-120000.png=000002_L.png 000001.png=000001.png 000002.png=new 000003.png.broken=000003.png.broken 000003.png=000003.png 000012.png=000012.png other.png=other.png"; got != want {
		t.Errorf("restored:\n%s\nwant\n%s", got, want)
	}
	if _, err := prepareBlenderRender(cmd("blender-render", "exe", "blender", "blendfile", "", "args", []any{}, "keep", "../../x")); err == nil {
		t.Error("a name that leads elsewhere is taken")
	}
}

// A frame that Blender renders again has a new file beside the old one; if it cannot,
// the old one is where it was.
func TestRenderAgain(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := newBench(t)
	dir := t.TempDir()
	render := func(keep, python string) string {
		c := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "keep", keep,
			"args", []any{"--python-exit-code", "3", "--python-expr", scene + "\n" + python, "-o", dir + "/######", "-F", "PNG", "-f", "1..2"})
		c.Steps = 2
		return b.do(t.Context(), c)
	}
	if err := render("", ""); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	was, _ := os.Stat(filepath.Join(dir, "000001.png"))
	if err := render("a", "raise SystemExit(3)"); err == "" {
		t.Error("it did not fail")
	}
	if now, err := os.Stat(filepath.Join(dir, "000001.png")); err != nil || !os.SameFile(was, now) {
		t.Errorf("the old file is not back: %v", err)
	}
	if err := render("b", ""); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	old, err := os.Stat(filepath.Join(dir, ".versions", "000001.b.png"))
	now, _ := os.Stat(filepath.Join(dir, "000001.png"))
	if err != nil || !os.SameFile(was, old) || os.SameFile(was, now) || now.ModTime().Before(was.ModTime().Add(-time.Second)) || framefile.Whole(filepath.Join(dir, "000001.png")) != nil {
		t.Errorf("%v", err)
	}
}
