//go:build !windows

package worker

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// script writes an executable shell script, to stand for a program.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A real Blender renders two frames: they are there and whole, counted, logged,
// and the last one reaches the manager.
func TestBlenderRenders(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		b.worker.previews.run(ctx)
	}()
	render := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "",
		"argsBefore", []any{"-y"}, "args", []any{"--python-expr", scene, "--render-output", filepath.Join(dir, "######"),
			"--render-format", "PNG", "--render-frame", "1..2"})
	render.Steps = 2
	if err := b.do(t.Context(), render); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	if b.steps != 2 {
		t.Errorf("%d steps, want 2", b.steps)
	}
	for _, name := range []string{"000001.png", "000002.png"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if log := b.logged(t); !strings.Contains(log, "Saved: '"+dir+"/000002.png'\n") || !strings.Contains(log, "-b --factory-startup -y --python-expr 'import bpy;") {
		t.Errorf("log %s", log)
	}
	b.manager.until(t, "a preview arrives", func() bool { return len(b.manager.previews) > 0 })
	cancel()
	<-sent
	if m, err := jpeg.Decode(bytes.NewReader(b.manager.previews[0])); err != nil || m.Bounds().Size() != image.Pt(32, 18) {
		t.Errorf("preview: %v", err)
	}
}

// Blender ends with 0 when an argument is missing, and renders nothing.
func TestBlenderRendersNothing(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := newBench(t)
	render := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args", []any{"--render-frame"})
	render.Steps = 1
	if err := b.do(t.Context(), render); !strings.Contains(err, "no frame was saved") || !strings.Contains(err, "frame number must follow") {
		t.Errorf("%q", err)
	}
	missing := cmd("blender-render", "exe", "/opt/no/blender", "blendfile", "")
	if err := b.do(t.Context(), missing); !strings.Contains(err, "/opt/no/blender") || !strings.Contains(err, "install it") {
		t.Errorf("no Blender: %q", err)
	}
}

// Frames are read back: what a program says it saved has to be there, whole.
func TestBrokenFramesFailTheTask(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.png")
	data := frameFile(t, whole, 1)
	half := filepath.Join(dir, "half.png")
	empty := filepath.Join(dir, "empty.exr")
	const newLog = "00:01.061  render           | "
	cases := []struct {
		name, says, want string
	}{
		{"whole", fmt.Sprintf("Saved: '%s'", whole), ""},
		{"whole, Blender 5", fmt.Sprintf(newLog+"Saved: '%s'", whole), ""},
		{"half", fmt.Sprintf("Saved: '%s'\\n Time: 00:01.00\\nSaved: '%s'\\n Time: 00:01.00", whole, half), "frame " + half + " is incomplete: the png file is cut short"},
		{"half, Blender 5", fmt.Sprintf(newLog+"Saved: '%s'", half), "frame " + half + " is incomplete"},
		{"half, skipped", fmt.Sprintf(`skipping existing frame "%s"`, half), "frame " + half + " is incomplete"},
		{"empty", fmt.Sprintf("Saved: '%s'", empty), "frame " + empty + " is incomplete: the file is empty"},
		{"missing", fmt.Sprintf("Saved: '%s/none.png'", dir), "/none.png is incomplete: Blender saved it, and now it is not there"},
	}
	for _, c := range cases {
		write(t, half, string(data[:len(data)-5]))
		write(t, empty, "")
		b := newBench(t)
		// Both tries save the same.
		again := fmt.Sprintf("touch '%s'; head -c %d '%s' > '%s'; : > '%s'; ", whole, len(data)-5, whole, half, empty)
		exe := script(t, again+fmt.Sprintf("printf '%%b\\n' \"%s\"", strings.ReplaceAll(c.says, `"`, `\"`)))
		err := b.do(t.Context(), cmd("blender-render", "exe", exe, "blendfile", ""))
		if c.want == "" && err != "" || !strings.Contains(err, c.want) {
			t.Errorf("%s: %q, want %q", c.name, err, c.want)
		}
		if log := b.logged(t); (c.want != "") != strings.Contains(log, "Trying again") {
			t.Errorf("%s: tried again?\n%s", c.name, log)
		}
		// Out of the way, so that the next try renders it instead of skipping it.
		_, stat := os.Stat(half)
		if asked := strings.Contains(c.want, half); asked == (stat == nil) {
			t.Errorf("%s: half a frame is still there: %v", c.name, stat == nil)
		}
	}
}

// What is saved after an error of the graphics card is moved out of the way, and
// the frames before it are not.
func TestFramesOfAFailedGraphicsCard(t *testing.T) {
	b, dir := newBench(t), t.TempDir()
	for _, name := range []string{"01.png", "02.png", "node.png", "02.png.new"} {
		frameFile(t, filepath.Join(dir, name), 1)
	}
	exe := script(t, `trap '' INT TERM
cd '`+dir+`'
echo "Fra:1 Mem:1.00M"; echo "Saved: '`+dir+`/01.png'"; echo " Time: 00:01.00"
echo "Fra:2 Mem:1.00M"; echo "Saved: '`+dir+`/node.png'"; echo "CUDA error: Illegal address in cuCtxSynchronize()"
mv 02.png.new 02.png; echo "Saved: '`+dir+`/02.png'"; echo " Time: 00:01.00"`)
	task := cmd("blender-render", "exe", exe, "blendfile", "", "args", []any{"-o", dir + "/##", "-f", "1..2"})
	err := b.do(t.Context(), task)
	if !strings.Contains(err, "the graphics card failed") || strings.Contains(b.logged(t), "Trying again") {
		t.Error(err)
	}
	if names := filesIn(t, dir); names != "01.png 02.png.broken node.png.broken" {
		t.Errorf("files %s", names)
	}
}

func TestBlenderErrorIsNamed(t *testing.T) {
	b := newBench(t)
	exe := script(t, `echo "Error: Cannot render, no camera"; exit 1`)
	want := "command exited abnormally with code 1: Error: Cannot render, no camera"
	if err := b.do(t.Context(), cmd("blender-render", "exe", exe, "blendfile", "")); err != want {
		t.Errorf("%q, want %q", err, want)
	}
}

// video returns the command for the frames in dir, with the arguments of the
// stock job type.
func videoCommand(glob, out string) []any {
	return []any{"exe", "ffmpeg", "fps", 24.0, "inputGlob", glob, "outputFile", out,
		"args", []any{"-c:v", "h264", "-crf", 20.0, "-g", 18.0, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-r", 24.0, "-y"}}
}

// countFrames asks ffprobe how many frames a video really has.
func countFrames(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,r_frame_rate", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func TestFramesToVideo(t *testing.T) {
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	for i := range 5 {
		frameFile(t, filepath.Join(dir, fmt.Sprintf("%06d.png", i+1)), uint8(40*i))
	}
	out := filepath.Join(dir, "video", "it's.mp4")
	if err := b.do(t.Context(), cmd("frames-to-video", videoCommand(dir+"/*.png", out)...)); err != "" {
		t.Fatalf("%s\n%s", err, b.logged(t))
	}
	if got := countFrames(t, out); got != "24/1,5" {
		t.Errorf("the video has rate and frames %s, want 24/1,5", got)
	}
	if err := b.do(t.Context(), cmd("frames-to-video", videoCommand(dir+"/*.exr", out)...)); !strings.Contains(err, "nothing matches "+dir+"/*.exr") {
		t.Errorf("no frames: %q", err)
	}
	lying := videoCommand(dir+"/*.png", filepath.Join(dir, "none.mp4"))
	lying[1] = script(t, "exit 0")
	if err := b.do(t.Context(), cmd("frames-to-video", lying...)); !strings.Contains(err, "made no video") {
		t.Errorf("no video: %q", err)
	}
	lying[1] = script(t, `for out; do :; done; : > "$out"`)
	if err := b.do(t.Context(), cmd("frames-to-video", lying...)); !strings.Contains(err, "is empty") {
		t.Errorf("empty video: %q", err)
	}
}
