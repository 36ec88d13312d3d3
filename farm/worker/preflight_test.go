//go:build !windows

package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// preflightFile saves a scene whose files are in a folder beside it.
const preflightFile = `
import os
here = %q
os.makedirs(here + "/files", exist_ok=True)
s.render.engine, s.cycles.samples = "CYCLES", 1
cube = bpy.data.objects["Cube"]

def image(name):
    i = bpy.data.images.new(name, 4, 4)
    i.filepath_raw, i.file_format = here + "/files/" + name, "PNG"
    i.save()
    bpy.data.images.remove(i)
    return bpy.data.images.load(here + "/files/" + name)

def material(name, file, linked=True):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    t = m.node_tree.nodes.new("ShaderNodeTexImage")
    t.image = image(file)
    if linked:
        shader = next(n for n in m.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        m.node_tree.links.new(t.outputs[0], shader.inputs["Base Color"])
    return m

def thing(name, m):
    o = bpy.data.objects.new(name, cube.data.copy())
    o.data.materials.clear()
    o.data.materials.append(m)
    s.collection.objects.link(o)
    return o

thing("Shown", material("Used", "used.png"))
thing("Unlinked", material("Apart", "apart.png", False))
thing("Hidden", material("Behind", "hidden.png")).hide_render = True
away = bpy.data.scenes.new("Other")
material("Nobody", "nobody.png").use_fake_user = True
`

func preflightScene(t *testing.T, b *bench, python string) (file, files string) {
	t.Helper()
	dir := t.TempDir()
	return warmFile(t, b, preflightPython(dir)+python), filepath.Join(dir, "files")
}

// preflightPython makes the scene, with its files in a folder below dir.
func preflightPython(dir string) string {
	return strings.Replace(preflightFile, "%q", "'"+dir+"'", 1)
}

// preflightTask renders a frame with a look before it.
func preflightTask(t *testing.T, file string, more ...any) farm.Command {
	t.Helper()
	c := renderOf(file, 1, "-o", filepath.Join(t.TempDir(), "####"), "-f", "1")
	c.Parameters["preflight"] = true
	for i := 0; i < len(more); i += 2 {
		c.Parameters[more[i].(string)] = more[i+1]
	}
	return c
}

func preflightBench(t *testing.T) *bench {
	b := newBench(t)
	withTemp(t, b)
	b.worker.options.Scripts = os.DirFS(filepath.Join("..", "..", "addon", "farm"))
	return b
}

// Everything that is missing is listed before the first frame; only what takes
// part in the frames stops the job.
func TestPreflightFindsAll(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := preflightBench(t)
	file, files := preflightScene(t, b, "")

	if err := b.do(t.Context(), preflightTask(t, file)); err != "" {
		t.Fatalf("a file with all it needs: %s\n%s", err, b.logged(t))
	}
	if log := b.logged(t); !strings.Contains(log, "Preflight done: 0 found") || !strings.Contains(log, "stays open") {
		t.Errorf("%s", log)
	}
	if err := b.do(t.Context(), preflightTask(t, file)); err != "" || strings.Contains(b.logged(t), "Preflight done") {
		t.Errorf("%s: looked twice", err)
	}

	for _, name := range []string{"apart.png", "hidden.png", "nobody.png"} {
		os.Remove(filepath.Join(files, name))
	}
	b.worker.preflights.passed = preflightKey{}
	if err := b.do(t.Context(), preflightTask(t, file, "warm", false)); err != "" {
		t.Errorf("only what no frame shows is missing: %s", err)
	}
	if log := b.logged(t); strings.Count(log, "Preflight unused: image ") != 3 {
		t.Errorf("%s", log)
	}

	os.Remove(filepath.Join(files, "used.png"))
	for _, warm := range []bool{true, false} {
		b.worker.warm.closeIdle()
		b.worker.preflights.passed = preflightKey{}
		task := preflightTask(t, file, "warm", warm)
		task.Parameters["args"] = append([]any{"-S", "Nope"}, task.Parameters["args"].([]any)...)
		err := b.do(t.Context(), task)
		log := b.logged(t)
		if !strings.HasPrefix(err, preflightWords[ofTheFile]+`the file has no scene "Nope"; it has "Other", "Scene"; image `) || strings.Contains(log, "Saved:") {
			t.Errorf("warm %v: %s\n%s", warm, err, log)
		}

		task = preflightTask(t, file, "warm", warm)
		err = b.do(t.Context(), task)
		log = b.logged(t)
		want := preflightWords[ofFiles] + "image " + filepath.Join(files, "used.png") + " is missing (image used.png)"
		if err != want || strings.Contains(log, "Saved:") || strings.Contains(log, "Trying again") {
			t.Errorf("warm %v: %s, want %s\n%s", warm, err, want, log)
		}

		err = b.do(t.Context(), preflightTask(t, file, "warm", warm, "allowMissing", true))
		log = b.logged(t)
		if err != "" || !strings.Contains(log, "Preflight missing: image ") || !strings.Contains(log, "Saved:") {
			t.Errorf("warm %v, files may be missing: %s\n%s", warm, err, log)
		}
	}
}

// What is wrong with a scene, and what this worker lacks.
func TestPreflightScenes(t *testing.T) {
	blendertest.Find(t)
	cases := []struct {
		name, python, want string
		grade              grade
		more               []any
	}{
		{"no camera", "s.camera = None; bpy.data.objects.remove(bpy.data.objects['Camera'])", `scene "Scene" has no camera`, ofTheFile, nil},
		{"no view layer", "s.view_layers[0].use = False", `no view layer of scene "Scene" is switched on for rendering`, ofTheFile, nil},
		{"no card", "", "the job wants a graphics card, and Blender finds none that Cycles can render on", ofWorker, []any{"gpu", "require"}},
		{"a library", `
bpy.ops.wm.save_as_mainfile(filepath=here + "/files/lib.blend", copy=True)
with bpy.data.libraries.load(here + "/files/lib.blend", link=True) as (there, wanted):
    wanted.objects = ["Shown"]
s.collection.objects.link(wanted.objects[0])
os.remove(here + "/files/lib.blend")`, "library HERE/lib.blend is missing", ofFiles, nil},
		{"a font", `
c = bpy.data.curves.new("T", "FONT")
c.body = "x"
import shutil
shutil.copy('FONT', here + "/files/a.ttf")
c.font = bpy.data.fonts.load(here + "/files/a.ttf")
s.collection.objects.link(bpy.data.objects.new("T", c))
os.remove(here + "/files/a.ttf")`, "font HERE/a.ttf is missing (vectorfont DejaVu", ofFiles, nil},
		{"a cache and a volume", `
v = bpy.data.volumes.new("V")
v.filepath = here + "/files/v.vdb"
s.collection.objects.link(bpy.data.objects.new("V", v))
m = cube.modifiers.new("C", "MESH_CACHE")
m.filepath = here + "/files/c.mdd"`, "volume HERE/v.vdb is missing (volume V); cache HERE/c.mdd is missing (object Cube)", ofFiles, nil},
		{"a sound", `
if not s.sequence_editor: s.sequence_editor_create()
import wave
w = wave.open(here + "/files/a.wav", "wb"); w.setnchannels(1); w.setsampwidth(2); w.setframerate(8000); w.writeframes(b"0" * 8000); w.close()
e = s.sequence_editor
(e.strips if hasattr(e, "strips") else e.sequences).new_sound("A", here + "/files/a.wav", 1, 1)
os.remove(here + "/files/a.wav")`, "", warns, nil},
	}
	font := anyFont()
	var dirs, pythons []string
	for i, c := range cases {
		dirs = append(dirs, t.TempDir())
		if strings.Contains(c.python, "FONT") && font == "" {
			c.python = ""
		}
		pythons = append(pythons, preflightPython(dirs[i])+strings.Replace(c.python, "'FONT'", "'"+font+"'", 1))
	}
	blends := warmFiles(t, newBench(t), pythons...)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.name == "a font" && font == "" {
				t.Skip("there is no font here")
			}
			b, files := preflightBench(t), filepath.Join(dirs[i], "files")
			err := b.do(t.Context(), preflightTask(t, blends[i], c.more...))
			want := ""
			if c.want != "" {
				want = preflightWords[c.grade] + strings.ReplaceAll(c.want, "HERE", files)
			}
			if log := b.logged(t); !strings.HasPrefix(err, want) || want == "" && err != "" || c.grade == warns && !strings.Contains(log, "Preflight sound: ") {
				t.Errorf("%s, want %s\n%s", err, want, log)
			}
		})
	}
}

// The worker's colours are not those of the file: the scene's, and not those that
// Blender starts with.
func TestPreflightColours(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := preflightBench(t)
	file, _ := preflightScene(t, b, `
s.view_settings.view_transform = "Filmic Log"
bpy.context.preferences.filepaths.use_file_compression = False`)
	studios(t, file, "Filmic Log", "Studio Log")
	for _, warm := range []bool{true, false} {
		err := b.do(t.Context(), preflightTask(t, file, "warm", warm))
		want := preflightWords[ofWorker] + `the colour configuration of this worker has no view "Studio Log", which a scene of the file uses`
		if log := b.logged(t); err != want || strings.Contains(log, "Saved:") || !strings.Contains(log, "Preflight colour: the colour") {
			t.Errorf("warm %v: %q, want %q\n%s", warm, err, want, log)
		}
	}
	studios(t, file, "Studio Log", "Filmic Log")
	if err := b.do(t.Context(), preflightTask(t, file)); err != "" {
		t.Errorf("%s\n%s", err, b.logged(t))
	}
}

// studios puts one name of a view, as a studio may have it, into a file in place of another.
func studios(t *testing.T, file, was, is string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(text, []byte(was), []byte(is))
	if bytes.Equal(changed, text) {
		t.Fatalf("%q is not in the file", was)
	}
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What Blender says of its start-up file is not about the job's.
func TestPreflightHearsColours(t *testing.T) {
	cases := []struct{ name, lines, want string }{
		{"3.4", `Color management: display "sRGB" used by scene not found, setting to default ("ACES").
Read blend: "/s/a.blend"
Color management: scene view "Filmic" not found, setting default "sRGB".
Color management: scene look "High Contrast" not found, setting default "None".`, `view "Filmic", look "High Contrast"`},
		{"3.4, only the start-up file", `Color management: scene view "Filmic" not found, setting default "sRGB".
Read blend: "/s/a.blend"`, ``},
		{"5.2", `00:00.302  blend            | Read blend: "/s/a.blend"
00:00.310  color_management | WARNING display "P3" used by scene not found, setting to default ("sRGB").
00:00.311  color_management | WARNING scene view "Studio" not found, setting to "AgX".
00:00.312  color_management | WARNING image colorspace "ACEScg" not found, will use default instead.`, `display "P3", view "Studio"`},
	}
	for _, c := range cases {
		p := &preflight{look: true}
		for line := range strings.Lines(c.lines + "\nPreflight done: 0 found in 0.1 s\n") {
			p.hear(line)
		}
		var got []string
		for _, f := range p.found {
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(f.text, "the colour configuration of this worker has no "), ", which a scene of the file uses"))
		}
		if all := strings.Join(got, ", "); all != c.want || (p.stops == ofWorker) != (c.want != "") {
			t.Errorf("%s: %s, grade %d", c.name, all, p.stops)
		}
	}
}

// anyFont returns a font of this computer, "" if it has none.
func anyFont() string {
	if found, _ := filepath.Glob("/usr/share/fonts/truetype/dejavu/*.ttf"); len(found) > 0 {
		return found[0]
	}
	return ""
}
