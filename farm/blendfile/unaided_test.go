package blendfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// TestTraceUnaided packs what needs no change, and says what is left.
func TestTraceUnaided(t *testing.T) {
	t.Parallel()
	dir := nasty(t, blendertest.Find(t))
	file := filepath.Join(dir, "project", "shots", "seq 010", "shot ü.blend")
	p, err := TraceUnaided(t.Context(), file, TraceOptions{Project: filepath.Join(dir, "project"), Exclude: []string{"*.ABC"}})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := targets(p, dir)
	want := []string{
		"assets/char/character.blend", "assets/maps/skin.png", "footage/plate.0001.png", "footage/plate.0002.png", "footage/plate.0003.png", "footage/plate.0004.png",
		"shots/seq 010/shot ü.blend", "textures/Wood.png", "textures/grün 日本.png", "textures/long" + strings.Repeat("g", 192) + ".png", "textures/wood.png",
	}
	if !reflect.DeepEqual(all, want) || p.Blend != "shots/seq 010/shot ü.blend" {
		t.Errorf("%q: %q", p.Blend, all)
	}
	missing := map[string]string{}
	for _, m := range p.Missing {
		missing[filepath.Base(m.Path)] = m.Why
		if m.Kind == "library" && m.Library != filepath.Join(dir, "project", "assets", "char", "character.blend") {
			t.Errorf("%+v", m)
		}
	}
	for name, why := range map[string]string{"absolute.png": "absolute", "wall.<UDIM>.png": "outside", "töne.wav": "outside", "font.ttf": "absolute", "props.blend": "absolute"} {
		if !strings.Contains(missing[name], why) {
			t.Errorf("%s: %q", name, missing[name])
		}
	}
	if len(p.Missing) != 5 || !strings.Contains(p.Warnings[0], "caches and simulations") {
		t.Errorf("%+v, %q", p.Missing, p.Warnings)
	}
	for _, lost := range []string{"assets/maps/skin.png", "assets/char/character.blend"} {
		if err := os.WriteFile(filepath.Join(dir, "project", filepath.FromSlash(lost)), []byte("BLENDER-v304"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := TraceUnaided(t.Context(), file, TraceOptions{}); err != nil || len(p.Files) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = TraceUnaided(t.Context(), file, TraceOptions{Project: filepath.Join(dir, "project")})
	if err != nil || len(p.Files) != len(all)-1 { // Alembic is in it, the library and its texture are not
		t.Errorf("%+v, %v", p, err)
	}
}

func TestTraceUnaidedUnusable(t *testing.T) {
	later := write(t, []byte("BLENDER99-99v9999 and what may come"))
	if p, err := TraceUnaided(t.Context(), later, TraceOptions{}); err != nil || len(p.Files) != 1 || !strings.Contains(p.Warnings[0], "nothing can be seen") {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := TraceUnaided(t.Context(), write(t, []byte("no")), TraceOptions{}); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
}

func TestSpread(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"v2.0001.png", "v2.0002.png", "v3.0001.png", "w.1001.png", "w.1002.png", "w.u1_v1.png", "a[1].png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		ref  ref
		want int
	}{
		{"v2.0001.png", ref{sequence: true}, 2}, {"v2.0001.png", ref{}, 1}, {"w.<UDIM>.png", ref{tiles: true}, 2}, {"w.1001.png", ref{tiles: true}, 2},
		{"w.<UVTILE>.png", ref{tiles: true}, 1}, {"a[1].png", ref{sequence: true}, 1}, {"x.<UDIM>.png", ref{tiles: true}, 0},
	} {
		if got := spread(c.ref, filepath.Join(dir, c.name)); len(got) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if got := spread(ref{sequence: true}, filepath.Join(dir, "gone", "a1.png")); got != nil {
		t.Error(got)
	}
	if _, err := readPack(filepath.Join(dir, "none"), "a"); !errors.Is(err, ErrBlender) {
		t.Error(err)
	}
}

// stereo makes a scene with two views, and an image, a sequence and a movie that have them.
const stereo = `
import bpy, sys
s = bpy.context.scene
s.render.use_multiview = True
for source, name in ('FILE', 'eye'), ('SEQUENCE', 'plate_01'), ('MOVIE', 'film'), ('FILE', 'flat'):
    i = bpy.data.images.new(name, 4, 4)
    i.source, i.use_fake_user, i.use_multiview = source, True, name != 'flat'
    i.views_format = 'INDIVIDUAL'
    i.filepath_raw = '//%s_L.png' % name
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1], relative_remap=False)
`

// TestTraceUnaidedViews packs every view without a Blender, and names one that is missing.
func TestTraceUnaidedViews(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.blend")
	if out, err := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", stereo, "--", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"a.blend", "eye_L.png", "eye_R.png", "film_L.png", "flat_L.png", "plate_01_L.png", "plate_01_R.png", "plate_02_L.png", "plate_02_R.png"}
	for _, name := range append([]string{"flat_R.png", "eye_M.png"}, want[1:]...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := TraceUnaided(t.Context(), file, TraceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := targets(p, dir); !reflect.DeepEqual(all, want) {
		t.Errorf("%q", all)
	}
	if len(p.Missing) != 1 || filepath.Base(p.Missing[0].Path) != "film_R.png" {
		t.Errorf("%+v", p.Missing)
	}
}
