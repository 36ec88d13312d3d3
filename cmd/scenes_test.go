package cmd

import (
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// TestSceneScripts makes the scenes of testdata again, with any version of Blender and
// without anything that a later one is going to lack, and renders one frame of
// each: it looks like that of the file in the repository.
func TestSceneScripts(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	blender := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), exe, append([]string{"-b", "--factory-startup", "--python-exit-code", "1"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	const smaller = "import bpy; bpy.context.scene.render.resolution_percentage = 25"
	for _, name := range []string{"demo", "tiny"} {
		dir, kept := t.TempDir(), filepath.Join("..", "testdata", "scenes")
		text, err := os.ReadFile(filepath.Join(kept, "make_"+name+".py"))
		if err != nil {
			t.Fatal(err)
		}
		script := filepath.Join(dir, "make.py") // it writes beside itself
		if err := os.WriteFile(script, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if said := blender("--python", script); strings.Contains(said, "Deprecat") {
			t.Errorf("make_%s.py uses what Blender is going to remove:\n%s", name, said)
		}
		var frames [2]image.Image
		for i, folder := range []string{kept, dir} {
			out := filepath.Join(dir, []string{"kept", "made"}[i])
			blender(filepath.Join(folder, name+".blend"), "--python-expr", smaller, "-o", filepath.Join(out, "####"), "-f", "7")
			frames[i] = readFrames(t, out, 7)[7]
		}
		// Versions differ by 0.003, other lights or another blur by 0.03, an empty picture by 0.3.
		d := unlike(frames[0], frames[1])
		t.Logf("%s differs by %.4f", name, d)
		if d > 0.01 {
			t.Errorf("%s.blend as made today differs by %.3f from the one in the repository", name, d)
		}
	}
}

// unlike returns by how much two images of a size differ: 0 if they are
// equal, 1 if one is white and the other black.
func unlike(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	sum, size := 0.0, a.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []float64{float64(r1) - float64(r2), float64(g1) - float64(g2), float64(b1) - float64(b2)} {
				sum += max(d, -d) / 0xffff
			}
		}
	}
	return sum / float64(3*size.X*size.Y)
}
