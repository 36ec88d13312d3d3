package blendfile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// situations makes a file with a scene for each case of what may be rendered.
const situations = `
import bpy, sys
first = bpy.context.scene
for o in list(bpy.data.objects):
    bpy.data.objects.remove(o)
n = 0
def scene(name, camera=True):
    s = bpy.data.scenes.new(name)
    s.render.engine, s.render.resolution_x, s.render.resolution_y, s.frame_end = 'CYCLES', 8, 8, 1
    s.cycles.samples, s.cycles.use_denoising = 1, False
    o = None
    if camera:
        o = bpy.data.objects.new(name, bpy.data.cameras.new(name))
        s.collection.objects.link(o)
        s.camera = o
    return s, o
def nodes(s):
    if hasattr(s, 'compositing_node_group'):
        t = s.compositing_node_group = bpy.data.node_groups.new('c', 'CompositorNodeTree')
        t.interface.new_socket('Image', in_out='OUTPUT', socket_type='NodeSocketColor')
        return t, t.nodes.new('NodeGroupOutput')
    s.use_nodes = True
    s.node_tree.nodes.clear()
    return s.node_tree, s.node_tree.nodes.new('CompositorNodeComposite')
def composed(s, kind):
    t, out = nodes(s)
    node = t.nodes.new(kind)
    t.links.new(node.outputs[0], out.inputs[0])
    return t, out, node
def strips(s):
    e = s.sequence_editor_create()
    return e.strips if hasattr(e, 'strips') else e.sequences
def colour(s):
    return strips(s).new_effect(name='c', type='COLOR', channel=1, frame_start=1, **({'length': 9} if bpy.app.version >= (5, 0, 0) else {'frame_end': 9}))

usual, _ = scene('usual')
scene('none', False)
s, o = scene('not chosen'); s.camera = None
s, o = scene('marker'); s.camera = None; s.timeline_markers.new('m', frame=1).camera = o
s, o = scene('hidden at marker'); s.camera = None; o.hide_render = True; s.timeline_markers.new('m', frame=1).camera = o
s, o = scene('marker alone'); s.camera = None; s.timeline_markers.new('m', frame=1)
s, _ = scene('made by nodes', False); composed(s, 'CompositorNodeRGB')
s, _ = scene('layers by nodes', False); composed(s, 'CompositorNodeRLayers')[2].scene = s
s, _ = scene('layers of none', False); composed(s, 'CompositorNodeRLayers')[2].scene = None
s, _ = scene('muted layers', False); composed(s, 'CompositorNodeRLayers')[2].mute = True
s, _ = scene('layers of another', False); composed(s, 'CompositorNodeRLayers')[2].scene = usual
s, _ = scene('nodes switched off', False); composed(s, 'CompositorNodeRGB'); s.render.use_compositing = False
s, _ = scene('no output'); t, out, _ = composed(s, 'CompositorNodeRLayers'); t.nodes.remove(out)
s, _ = scene('empty region'); s.render.use_border = True; s.render.border_max_x = 0
s, _ = scene('region'); s.render.use_border = True; s.render.border_max_x = 0.5
s, _ = scene('no layers'); s.view_layers[0].use = False
s, _ = scene('strip', False); colour(s)
s, _ = scene('strip not used', False); colour(s); s.render.use_sequencer = False
s, _ = scene('muted strip', False); colour(s).mute = True
s, _ = scene('sound', False); strips(s).new_sound('s', sys.argv[-1] + '.wav', 1, 1)
s, _ = scene('scene strip', False); strips(s).new_scene('s', usual, 1, 1)
s, _ = scene('other views'); s.render.use_multiview = True; s.render.views_format = 'MULTIVIEW'
s.render.image_settings.views_format = 'INDIVIDUAL'
v = s.render.views.new('up'); v.file_suffix = '_up'; s.render.views['right'].use = False
s, _ = scene('stereo'); s.render.use_multiview = True; s.render.image_settings.views_format = 'INDIVIDUAL'
s, _ = scene('stereo in one'); s.render.use_multiview = True; s.render.image_settings.views_format = 'STEREO_3D'
s, _ = scene('film rate'); s.render.fps, s.render.fps_base = 24, 1.001
bpy.context.window.scene = usual
bpy.data.scenes.remove(first)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`

// makeSituations makes the file, and a sound it needs.
func makeSituations(t *testing.T, exe string) (*Info, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "situations.blend")
	wav := append([]byte("RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x08\x00\x00\x00"), "\x80\x80\x80\x80\x80\x80\x80\x80"...)
	if err := os.WriteFile(file+".wav", wav, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", situations, "--", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := Inspect(t.Context(), exe, file)
	if err != nil {
		t.Fatal(err)
	}
	return info, file
}

// TestWhatRenders renders every scene: those that lack something, and no
// others, save nothing, and each saves as many files as it has views.
func TestWhatRenders(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	info, file := makeSituations(t, exe)
	dir := t.TempDir()
	// After a render that fails the same process saves nothing more.
	good, runs := []string{"-b", file}, [][]string{}
	for n, s := range info.Scenes {
		render := []string{"-S", s.Name, "-o", filepath.Join(dir, fmt.Sprint(n), "#"), "-f", "1"}
		if s.Lacks == "" {
			good = append(good, render...)
		} else {
			runs = append(runs, append([]string{"-b", file}, render...))
		}
	}
	for _, args := range append(runs, good) {
		// How it ends says nothing.
		if out, _ := exec.CommandContext(t.Context(), exe, args...).CombinedOutput(); !strings.Contains(string(out), "Blender quit") {
			t.Fatalf("%q: %s", args, out[max(0, len(out)-1000):])
		}
	}
	for n, s := range info.Scenes {
		saved, err := filepath.Glob(filepath.Join(dir, fmt.Sprint(n), "*"))
		want := 1
		if s.Lacks != "" {
			want = 0
		} else if s.ViewSuffixes != nil {
			want = len(s.ViewSuffixes)
		}
		if err != nil || len(saved) != want || (s.CanRender() == nil) != (want > 0) {
			t.Errorf("%s lacks %q and saved %q: %v", s.Name, s.Lacks, saved, s.CanRender())
		}
		for _, suffix := range s.ViewSuffixes {
			if _, err := os.Stat(filepath.Join(dir, fmt.Sprint(n), "1"+suffix+".png")); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		if s.Name == "film rate" && s.FPS != 24000.0/1001 {
			t.Errorf("%v frames per second", s.FPS)
		}
	}
	if len(info.Scenes) != 25 {
		t.Errorf("there are %d scenes", len(info.Scenes))
	}
}

// TestReadSituations reads the same without Blender, but for compositors, which
// it gives the benefit of the doubt.
func TestReadSituations(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	want, file := makeSituations(t, exe)
	got, err := Read(t.Context(), file)
	if err != nil || len(got.Scenes) != len(want.Scenes) {
		t.Fatalf("%+v, %v", got, err)
	}
	doubtful := map[string]bool{"layers by nodes": true, "layers of none": true, "no output": true, "hidden at marker": true}
	for n, s := range got.Scenes {
		w := want.Scenes[n]
		s.AdaptiveSampling, s.Denoising = w.AdaptiveSampling, w.Denoising // of Cycles
		s.Sound = w.Sound                                                 // not looked for
		if doubtful[s.Name] {
			w.Lacks = ""
		}
		if !reflect.DeepEqual(s, w) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", s.Name, s, w)
		}
	}
}
