package blendfile

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// scenes returns the path of a file in testdata/scenes.
func scenes(name string) string { return filepath.Join("..", "..", "testdata", "scenes", name) }

func TestInspectDemo(t *testing.T) {
	t.Parallel()
	info, err := Inspect(t.Context(), blendertest.Find(t), scenes("demo.blend"))
	if err != nil {
		t.Fatal(err)
	}
	want := Scene{Name: "Armillary", Frame: 1, FrameStart: 1, FrameEnd: 24, FrameStep: 1, FPS: 24, Format: "PNG", Extension: ".png", Camera: "camera", Width: 480, Height: 270}
	if got, err := info.Scene(""); err != nil || !reflect.DeepEqual(got, want) || got.CanRender() != nil {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if info.ExternalCount != 0 || len(info.External) != 0 {
		t.Errorf("the demo scene needs %q", info.External)
	}
}

// studio makes a file with two scenes, one without a camera, and files it needs.
const studio = `
import bpy, sys
s = bpy.context.scene
s.name = 'Shot "1"\n'
s.frame_start, s.frame_end, s.frame_step = 10, 20, 2
s.render.fps, s.render.fps_base = 30, 1.001
s.render.image_settings.file_format = 'OPEN_EXR'
s.render.image_settings.use_preview = True
s.render.resolution_percentage = 50
bpy.data.texts.new('evil.py').write('raise SystemExit(9)')
bpy.data.texts['evil.py'].use_module = True
for name, path in ('near', '//textures/near.png'), ('far', '/elsewhere/far.png'):
    i = bpy.data.images.new(name, 4, 4)
    i.source = 'FILE'
    i.filepath = path
    i.use_fake_user = True
s.frame_set(13)
s.render.use_border = True
s.render.engine = 'CYCLES'
s.cycles.use_adaptive_sampling, s.cycles.use_denoising = False, True
editor = s.sequence_editor_create()
(editor.strips if hasattr(editor, 'strips') else editor.sequences).new_sound('s', '/elsewhere/far.wav', 1, 1)
empty = bpy.data.scenes.new('Empty')
empty.frame_start, empty.frame_end = 5, 5
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1], relative_remap=False)
`

func TestInspectStudioFile(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	file := filepath.Join(t.TempDir(), "it's a \"shot\" ü.blend")
	if out, err := exec.Command(exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", studio, "--", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := Inspect(t.Context(), exe, file)
	if err != nil {
		t.Fatal(err)
	}
	shot, err := info.Scene("")
	if err != nil || shot.Name != "Shot \"1\"\n" || shot.FrameStart != 10 || shot.FrameEnd != 20 || shot.FrameStep != 2 || shot.FPS < 29.96 || shot.FPS > 29.98 ||
		shot.Format != "OPEN_EXR" || shot.Extension != ".exr" || !shot.HasPreviews || shot.Width != 960 || shot.Height != 540 ||
		shot.Frame != 13 || !shot.Region || shot.AdaptiveSampling || !shot.Denoising || !shot.Sound {
		t.Errorf("%+v, %v", shot, err)
	}
	if want := []string{"//textures/near.png", "/elsewhere/far.png", "/elsewhere/far.wav"}; !reflect.DeepEqual(info.External, want) || info.ExternalCount != 3 {
		t.Errorf("external files: %q", info.External)
	}
	empty, err := info.Scene("Empty")
	if err != nil || empty.CanRender() == nil || !strings.Contains(empty.CanRender().Error(), "no camera") {
		t.Errorf("%+v, %v", empty, err)
	}
	if _, err := info.Scene("Nowhere"); farm.KindOf(err) != farm.NotFound || !strings.Contains(err.Error(), `"Empty"`) {
		t.Error(err)
	}
}

// truncated and rewritten copies of a real file.
func TestUnusableFiles(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	dir := t.TempDir()
	real, err := os.ReadFile(scenes("tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content string
		blender bool // whether Blender is to blame
		says    string
	}{
		"cut.blend":   {string(real[:len(real)/3]), false, "damaged"},
		"text.blend":  {"hello, I am a poem\n", false, `not a Blender file: its first bytes are "hello, "`},
		"empty.blend": {"", false, "empty"},
		"short.blend": {"BL", false, "not a Blender file"},
		"later.blend": {"BLENDER17-01v9900" + strings.Repeat("\x00", 4096), true, "was saved by Blender 99.0"},
		"form.blend":  {"BLENDER21-02v9900" + strings.Repeat("\x00", 4096), true, "newer Blender"},
		"begun.blend": {"BLENDER-v304", false, "damaged"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		info, err := Inspect(t.Context(), exe, path)
		if info != nil || farm.KindOf(err) != farm.Invalid || errors.Is(err, ErrBlender) != c.blender || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %q", name, info, err, c.says)
		}
	}
	if _, err := Inspect(t.Context(), exe, filepath.Join(dir, "gone.blend")); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
	if _, err := Inspect(t.Context(), exe, dir); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
	if _, err := Inspect(t.Context(), filepath.Join(dir, "no-blender"), scenes("tiny.blend")); farm.KindOf(err) != farm.NotFound || !errors.Is(err, ErrBlender) {
		t.Error(err)
	}
}

// Programs that are no Blender, or one that misbehaves, stand in for it here.
func TestStrangeAnswers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("shell scripts stand in for Blender here")
	}
	dir := t.TempDir()
	// say finds the word that marks the answer among the arguments, as Blender would.
	const say = "word=$(printf %s \"$*\" | grep -o 'farm-[0-9a-f-]*' | head -n 1)\n"
	for name, c := range map[string]struct{ body, says string }{
		"newer":    {say + `echo "$word {\"scenes\":[{\"name\":\"S\"}],\"saved_by\":[4,2,0],\"blender_version\":\"3.4.1\"}"`, "saved by Blender 4.2"},
		"versions": {say + `echo "$word {\"scenes\":[{\"name\":\"S\"}],\"saved_by\":[4,2,0],\"blender_version\":\"two\"}"`, `calls itself "two"`},
		"scenes":   {say + `echo "$word {\"saved_by\":[3,2,0],\"blender_version\":\"3.4.1\"}"`, "has no scene"},
		"garbage":  {say + `echo "$word {"`, "told nothing"},
		"forged":   {`echo 'farm-0000 {"scenes":[{"name":"S"}],"blender_version":"3.4.1"}'`, "told nothing"},
		"fails":    {`exit 7`, "exit status 7"},
		"long":     {say + `printf "$word "; head -c 3000000 /dev/zero | tr '\0' x; exit 0`, "told nothing"},
	} {
		exe := filepath.Join(dir, name)
		if err := os.WriteFile(exe, []byte("#!/bin/sh\n"+c.body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if info, err := Inspect(t.Context(), exe, scenes("tiny.blend")); info != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %q", name, info, err, c.says)
		}
	}
}

func TestFrames(t *testing.T) {
	for want, s := range map[string]Scene{
		"1-24": {FrameStart: 1, FrameEnd: 24, FrameStep: 1}, "7-7": {FrameStart: 7, FrameEnd: 7}, "-5..10": {FrameStart: -5, FrameEnd: 10},
		"10,12,14": {FrameStart: 10, FrameEnd: 15, FrameStep: 2},
	} {
		if got := s.Frames(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if _, err := farm.ParseFrames(want); err != nil {
			t.Error(err)
		}
	}
}

func TestCanceledInspection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inspect(ctx, "", scenes("tiny.blend")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFormats(t *testing.T) {
	for format, ext := range map[string]string{"PNG": ".png", "JPEG": ".jpg", "OPEN_EXR": ".exr", "FFMPEG": "", "png": ".png", "TGA": ".tga", "RAWTGA": ".tga", "JP2": ".jp2", "TGB": ""} {
		if got := Extension(format); got != ext {
			t.Errorf("%s: %q", format, got)
		}
		if IsVideo(format) != (format == "FFMPEG") {
			t.Error(format)
		}
	}
	backwards := Scene{Name: "S", Camera: "c", FrameStart: 5, FrameEnd: 4}
	if err := backwards.CanRender(); err == nil || !strings.Contains(err.Error(), "--frames") {
		t.Error(err)
	}
	if err := (Scene{Sequencer: true}).CanRender(); err != nil {
		t.Error(err)
	}
}
