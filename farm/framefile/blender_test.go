package framefile

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// lostBlocks is the least share, in percent, of 4 KiB blocks full of zeros that
// a check notices, by the beginning of a file's name; docs/worker.md has the
// table. Blocks that are zeros anyway do not count.
var lostBlocks = []lostBlock{
	{"png", 100}, {"tiff-DEFLATE", 100}, {"tiff-LZW", 80}, {"tiff-PACKBITS", 90}, {"jpeg-", 90}, {"exr-ZIP", 100}, {"exr-PXR24", 100},
	{"exr-float", 100}, {"exr-multilayer", 100}, {"exr-RLE", 90}, {"exr-PIZ", 90}, {"exr-DWA", 90}, {"hdr", 90}, {"iris", 90}, {"targa-RGB", 80},
}

type lostBlock struct {
	name  string
	least int
}

// A disk or a network that loses a block leaves zeros in its place. What is
// noticed is counted on images that this Blender saves.
func TestLostBlocks(t *testing.T) {
	t.Parallel()
	blender := blendertest.Find(t)
	dir := t.TempDir()
	out, err := exec.Command(blender, "-b", "--factory-startup", "-P", "../../testdata/scenes/make_images.py", "--", dir, "320", "240").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("Blender saved %d files, %v\n%s", len(files), err, out)
	}
	found, all := map[string]int{}, map[string]int{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 {
			continue // a format that this Blender names and cannot write
		}
		name := filepath.Base(path)
		if _, err := checkBytes(name, data); err != nil {
			t.Errorf("%s is whole: %v", name, err)
		}
		if !slices.ContainsFunc(lostBlocks, func(l lostBlock) bool { return strings.HasPrefix(name, l.name) }) && os.Getenv("FARM_SOAK") == "" {
			continue // nothing is promised of it
		}
		for at := 0; at < len(data); at += 4096 {
			lost := slices.Clone(data)
			clear(lost[at:min(at+4096, len(lost))])
			if slices.Equal(lost, data) {
				continue
			}
			all[name]++
			if _, err := checkBytes(name, lost); err != nil {
				found[name]++
			}
		}
	}
	for name, n := range all {
		share := 100 * found[name] / n
		t.Logf("%-22s %3d of %3d blocks", name, found[name], n)
		for _, l := range lostBlocks {
			if strings.HasPrefix(name, l.name) && share < l.least {
				t.Errorf("%s: %d of %d lost blocks are noticed, less than %d %%", name, found[name], n, l.least)
			}
		}
	}
}

// What Blender saves without being told more than the format is whole.
func TestDefaultsOfBlenderAreWhole(t *testing.T) {
	t.Parallel()
	blender := blendertest.Find(t)
	dir := t.TempDir()
	args := []string{"-b", "--factory-startup", "--python-expr", "import bpy; s = bpy.context.scene; s.render.engine = 'CYCLES'; s.cycles.samples = 1; s.cycles.use_denoising = False; " +
		"s.render.resolution_x, s.render.resolution_y, s.render.resolution_percentage = 160, 90, 100"}
	for _, word := range []string{"PNG", "JPEG", "TIFF", "OPEN_EXR", "WEBP", "BMP", "TGA", "RAWTGA", "HDR", "JP2", "DPX", "IRIS"} {
		args = append(args, "-o", filepath.Join(dir, word), "-F", word, "-f", "1")
	}
	out, err := exec.Command(blender, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 8 {
		t.Fatalf("Blender saved %d files, %v\n%s", len(files), err, out)
	}
	for _, path := range files {
		if m, err := Check(path); err != nil || m.Width != 160 || m.Height != 90 {
			t.Errorf("%s: %+v, %v", filepath.Base(path), m, err)
		}
	}
}
