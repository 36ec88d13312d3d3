//go:build !windows

package worker

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// renderArgs are arguments of a Blender that renders the small scene.
func renderArgs(python string, more ...string) []any {
	args := []any{"--python-expr", scene + "; s = bpy.context.scene; " + python}
	for _, a := range more {
		args = append(args, a)
	}
	return args
}

// What was asked is what was saved, whatever Blender says of itself.
func TestBlenderSavesWhatWasAsked(t *testing.T) {
	blendertest.Find(t)
	quit := "import os; bpy.app.handlers.render_pre.append(lambda s, *_: s.frame_current == 2 and os._exit(0))"
	cases := []struct {
		name, python string
		args         []string // OUT is the folder
		steps        int
		files        string
		err          string // "": it succeeds
	}{
		{"frames below zero", "s.frame_end = 250", []string{"-o", "OUT/######", "-f", "-3..-1,2"}, 4, "-000001.png -000002.png -000003.png 000002.png", ""},
		{"an animation below zero", "s.frame_end = 250", []string{"-o", "OUT/##", "-s", "-2", "-e", "-1", "-j", "1", "-a"}, 2, "-01.png -02.png", ""},
		{"the scene's range is as it was", "bpy.app.handlers.render_pre.append(lambda s, *_: setattr(s.render, 'filepath', 'OUT/%d-' % s.frame_end))", []string{"-o", "OUT/", "-f", "-1"}, 1, "250--0001.png", ""},
		{"the scene's range and step", "s.frame_start, s.frame_end, s.frame_step = 2, 6, 2", []string{"-o", "OUT/##", "-a"}, 3, "02.png 04.png 06.png", ""},
		{"a script that quits", quit, []string{"-o", "OUT/##", "-f", "1..3"}, 1, "01.png", "frames were saved (missing: 2,3)"},
		{"a script that quits, the scene's range", quit + "; s.frame_end = 3", []string{"-o", "OUT/##", "-a"}, 1, "01.png", "1 of 3 frames were saved (missing: 2,3)"},
		{"a script that quits at once", "import sys; sys.exit(0)", []string{"-o", "OUT/##", "-f", "1"}, 0, "", "0 of 1 frames were saved (missing: 1)"},
		{"two outputs", "", []string{"-o", "OUT/a##", "-f", "1", "-o", "OUT/b##", "-f", "1"}, 2, "a01.png b01.png", ""},
		{"views", "s.render.use_multiview = True", []string{"-o", "OUT/##", "-f", "1..2"}, 2, "01_L.png 01_R.png 02_L.png 02_R.png", ""},
		{"no ending", "s.render.use_file_extension = False", []string{"-o", "OUT/a.b_##", "-f", "1"}, 1, "a.b_01", ""},
		{"a range as its name", "", []string{"-o", "OUT/shot_0121-0240", "-f", "121"}, 1, "shot_0121-02400121.png", ""},
		{"a placeholder of another", "s.render.use_overwrite = False; import os; os.path.exists('OUT/01.png.broken') or open('OUT/01.png', 'w').close()", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.png 01.png.broken", ""},
		{"frames of another size", "s.render.use_overwrite = False; r.resolution_x = 40; import os, shutil; os.path.exists('OUT/02.png.broken') or shutil.copy('SMALL', 'OUT/02.png')", []string{"-o", "OUT/##", "-f", "1..3"}, 3, "01.png 02.png 02.png.broken 03.png", ""},
		{"a border, cropped", "s.render.use_border = s.render.use_crop_to_border = True; s.render.border_min_x, s.render.border_max_x, s.render.border_max_y = 0.13, 0.87, 0.33", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.png", ""},
		{"a border", "s.render.use_border = True; s.render.border_max_x = 0.4", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.png", ""},
		{"views side by side", "s.render.use_multiview = True; s.render.image_settings.views_format = 'STEREO_3D'; s.render.image_settings.stereo_3d_format.display_mode = 'SIDEBYSIDE'", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.png", ""},
		{"views on top of each other", "s.render.use_multiview = True; s.render.image_settings.views_format = 'STEREO_3D'; s.render.image_settings.stereo_3d_format.display_mode = 'TOPBOTTOM'", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.png", ""},
		{"views of one's own", "s.render.use_multiview = True; s.render.views_format = 'MULTIVIEW'; v = s.render.views.new('high'); v.file_suffix = '.h'; s.render.views['left'].use = False", []string{"-o", "OUT/##", "-f", "1"}, 1, "01.h.png 01_R.png", ""},
		{"a script that changes the size", "bpy.app.handlers.render_init.append(lambda s, *_: setattr(s.render, 'resolution_x', 10 + 10 * s.frame_current))", []string{"-o", "OUT/##", "-s", "1", "-e", "3", "-j", "2", "-a"}, 2, "01.png 03.png", ""},
		{"a script that takes another folder", "bpy.app.handlers.render_init.append(lambda s, *_: setattr(s.render, 'filepath', 'OUT/mine/'))", []string{"-o", "OUT/##", "-f", "1..2"}, 0, "mine", "0 of 2 frames were saved (missing: 1,2): something in the file, such as a script, has images saved in OUT/mine instead"},
		{"a script that takes the folder by a link", "import os; os.path.lexists('OUT/link') or os.symlink('OUT', 'OUT/link'); bpy.app.handlers.render_init.append(lambda s, *_: setattr(s.render, 'filepath', 'OUT/link/'))", []string{"-o", "OUT/##", "-f", "1"}, 1, "0001.png link", ""},
		{"a movie", "s.frame_start, s.frame_end = 1, 2", []string{"-o", "OUT/m", "-F", "FFMPEG", "-a"}, 2, "m0001-0002.mpg", ""},
		{"a movie that is gone", "s.frame_start, s.frame_end = 1, 2; import atexit, glob, os; atexit.register(lambda: [os.remove(f) for f in glob.glob('OUT/m*')])", []string{"-o", "OUT/m", "-F", "FFMPEG", "-a"}, 2, "", " is incomplete: Blender saved it, and now it is not there"},
		{"a movie of another size", "s.frame_start, s.frame_end = 1, 2; r.ffmpeg.format, r.ffmpeg.codec = 'MPEG4', 'H264'; import atexit, glob, shutil; atexit.register(lambda: [shutil.copy('MOVIE' + f[-4:], f) for f in glob.glob('OUT/m*.m[pk][4v]')])", []string{"-o", "OUT/m", "-F", "FFMPEG", "-a"}, 2, "m0001-0002.mpg.broken m0001-0002.mpg.broken2", "has the wrong size: it has 64 by 48 pixels, and the scene's have 32 by 18"},
		{"a script that cuts files short", "bpy.app.handlers.render_write.append(lambda s, *_: os.truncate('OUT/%02d.png' % s.frame_current, 100)); import os", []string{"-o", "OUT/##", "-f", "1..3"}, 3, "01.png.broken 01.png.broken2 02.png.broken 02.png.broken2 03.png.broken 03.png.broken2", "; 2 more files are not right either"},
		{"a frame that is there", "s.render.use_overwrite = False", []string{"-o", "OUT/##", "-f", "1", "-f", "1..2"}, 3, "01.png 02.png", ""},
		{"names of Python for formats", "", []string{"-o", "OUT/##", "-F", "TARGA", "-f", "1"}, 1, "01.tga", ""},
		{"no such format", "", []string{"-o", "OUT/##", "-F", "FOO", "-f", "1"}, -1, "?", `does not know the output format "FOO"`},
		{"no such scene", "", []string{"-S", "Nope", "-o", "OUT/##", "-f", "1"}, -1, "?", `has no scene "Nope"`},
		{"beyond the last frame", "", []string{"-o", "OUT/##", "-f", "1048575"}, 0, "", "beyond the last that Blender has"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, dir := newBench(t), t.TempDir()
			small := filepath.Join(t.TempDir(), "small.png")
			frameFile(t, small, 1)
			movie, err := filepath.Abs("../../testdata/images/other/movie")
			if err != nil {
				t.Fatal(err)
			}
			fill := strings.NewReplacer("OUT", dir, "SMALL", small, "MOVIE", movie)
			args := renderArgs(fill.Replace(c.python))
			for _, a := range c.args {
				args = append(args, fill.Replace(a))
			}
			render := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", args)
			if strings.Contains(strings.Join(c.args, " "), "-S") { // it is said of files only
				file := filepath.Join(t.TempDir(), "x.blend")
				saved := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "",
					"args", renderArgs("bpy.ops.wm.save_as_mainfile(filepath='"+file+"')"))
				if err := b.do(t.Context(), saved); err != "" {
					t.Fatal(err)
				}
				render.Parameters["blendfile"] = file
			}
			b.mu.Lock() // the reports of what made the file may still be on their way
			b.steps, render.Steps = 0, 3
			b.mu.Unlock()
			failed := b.do(t.Context(), render)
			if c.err == "" && failed != "" || !strings.Contains(failed, fill.Replace(c.err)) || c.steps >= 0 && b.steps != c.steps {
				t.Errorf("%d steps, want %d: %q, want %q\n%s", b.steps, c.steps, failed, c.err, b.logged(t))
			}
			// Movies of 5.x are Matroska, whatever the scene says.
			if got := strings.NewReplacer(".mkv", ".mpg", ".mp4", ".mpg").Replace(filesIn(t, dir)); c.files != "?" && got != c.files {
				t.Errorf("files %s, want %s", got, c.files)
			}
		})
	}
}

// The compositor's files are checked as well, and those that cannot be saved fail the task.
func TestBlenderSavesWhatTheCompositorMakes(t *testing.T) {
	blendertest.Find(t)
	nodes := `
if bpy.app.version < (5, 0):
    s.use_nodes = True
    tree = s.node_tree
else:
    tree = s.compositing_node_group = bpy.data.node_groups.new('c', 'CompositorNodeTree')
    tree.interface.new_socket('Image', in_out='OUTPUT', socket_type='NodeSocketColor')
    tree.links.new(tree.nodes.new('CompositorNodeRLayers').outputs[0], tree.nodes.new('NodeGroupOutput').inputs[0])
layers = next(n for n in tree.nodes if n.bl_idname == 'CompositorNodeRLayers')
def save(folder, format):
    node = tree.nodes.new('CompositorNodeOutputFile')
    if bpy.app.version < (5, 0):
        node.format.file_format = format
        node.base_path = folder
    else:
        node.directory = folder
        node.format.media_type = 'MULTI_LAYER_IMAGE' if 'MULTI' in format else 'IMAGE'
        node.format.file_format = format
        node.file_output_items.new('RGBA', 'Image')
    tree.links.new(layers.outputs[0], node.inputs[0])
`
	cases := []struct{ name, python, err string }{
		{"good", "save('DIR/n/', 'PNG'); save('DIR/e/', 'OPEN_EXR'); save('DIR/m', 'OPEN_EXR_MULTILAYER')", ""},
		{"no folder", "save('/proc/nowhere/', 'PNG')", "a file of frame 1 could not be saved"},
		{"no folder for layers", "save('/proc/nowhere/', 'OPEN_EXR_MULTILAYER')", "a file of frame 1 could not be saved"},
		{"cut short", `save('DIR/n/', 'PNG')
import glob, os
bpy.app.handlers.render_write.append(lambda *_: [os.truncate(f, 0) for f in glob.glob('DIR/n/*.png')])`, "is incomplete: the file is empty"},
		{"layers cut short", `save('DIR/m', 'OPEN_EXR_MULTILAYER')
import glob, os
bpy.app.handlers.render_write.append(lambda *_: [os.truncate(f, 300) for f in glob.glob('DIR/m*.exr') + glob.glob('DIR/m/*.exr')])`, ".exr is incomplete: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, dir := newBench(t), t.TempDir()
			python := strings.ReplaceAll(nodes+c.python, "DIR", dir)
			err := b.do(t.Context(), cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", renderArgs(python, "-o", dir+"/##", "-f", "1..2")))
			if c.err == "" && err != "" || !strings.Contains(err, c.err) {
				t.Errorf("%q, want %q\n%s", err, c.err, b.logged(t))
			}
		})
	}
}

// A worker with an older Blender than the file's says that it is the wrong one.
func TestOlderBlenderIsTheWrongWorker(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	exe := script(t, `[ "$1" != --version ] || { echo "Blender 3.4.1"; exit; }; echo "$@"; echo "$SAYS"`)
	for head, want := range map[string]string{
		"BLENDER-v304RENDHxxxxxxxxxxxxxxxxxxxxxx":  "",
		"BLENDER-v279RENDHxxxxxxxxxxxxxxxxxxxxxx":  "",
		"BLENDER-v403RENDHxxxxxxxxxxxxxxxxxxxxxx":  "saved by Blender 4.3, and this worker has 3.4.1, which would lose part of it. Install Blender 4.3 or newer here",
		"BLENDER17-01v0502RENDHxxxxxxxxxxxxxxxxxx": "saved by Blender 5.2",
		"no blend file": "",
	} {
		file := filepath.Join(dir, "x.blend")
		write(t, file, head)
		err := b.command(t.Context(), cmd("blender-render", "exe", exe, "blendfile", file))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, errWrongWorker)) {
			t.Errorf("%s: %v", head, err)
		}
	}
	t.Setenv("SAYS", "WARNING: File written by newer Blender binary (403.29), expect loss of data!")
	err := b.command(t.Context(), cmd("blender-render", "exe", exe, "blendfile", ""))
	if !errors.Is(err, errWrongWorker) {
		t.Errorf("Blender says that the file is newer: %v", err)
	}

	// The manager is told, also if that has to wait in the outbox.
	b.failed(t.Context(), err)
	s := newSender(b.outbox, func() Manager { return b.manager.client().WithCredentials("worker", "secret") }, testLog(t))
	for text, ok := b.outbox.Peek(); ok; text, ok = b.outbox.Peek() {
		if !s.deliver(t.Context(), text) || b.outbox.Done() != nil {
			t.Fatal("a report is not delivered")
		}
	}
	if last := b.manager.updates[len(b.manager.updates)-1]; last.TaskStatus != "failed" || !last.WrongWorker {
		t.Errorf("reported %+v", last)
	}
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
