package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// probe asks ffprobe what is in a video.
func probe(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0",
		"-show_entries", "stream=codec_name,profile,width,height,pix_fmt,color_space,nb_read_frames", "-of", "csv=p=0", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// Frames become videos in every codec there is.
func TestRenderAndEncode(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	file := scene(t, filepath.Join(st.home, "storage"))
	for _, c := range []struct {
		set  []string
		want string // codec, profile, size, pixel format, colours, frames
		ext  string
	}{
		{[]string{"codec=h264"}, "h264,High,64,36,yuv420p,bt709,2", ".mp4"},
		{[]string{"codec=h265", "video_width=33"}, "hevc,Main,32,18,yuv420p,bt709,2", ".mp4"},
		{[]string{"codec=prores", "quality=high"}, "prores,HQ,64,36,yuv422p10le,bt709,2", ".mov"},
		{[]string{"codec=prores-4444"}, "prores,4444,64,36,yuva444p12le,bt709,2", ".mov"},
		{[]string{"codec=gif", "video_width=48"}, "gif,48,27,bgra,2", ".gif"},
	} {
		args := []string{"submit", file, "--type", "render-and-encode", "--frames", "1,2", "--chunk-size", "2", "--json"}
		for _, s := range c.set {
			args = append(args, "--set", s)
		}
		if status := st.run(t, t.Context(), args...); status != exitOK {
			t.Fatalf("%v: %d: %s", c.set, status, st.err.String())
		}
		var answer submitAnswer
		if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(answer.Video) != "my scene-1-2"+c.ext || answer.Files != 2 {
			t.Errorf("%v: %+v", c.set, answer)
		}
		if got := strings.TrimRight(strings.ReplaceAll(probe(t, answer.Video), "unknown,", ""), ","); got != c.want {
			t.Errorf("%v: %s, want %s", c.set, got, c.want)
		}
	}
}

const exportScript = `
import bpy, sys
out, text = sys.argv[sys.argv.index("--") + 1:]
if text == "fail":
    raise RuntimeError("no such thing")
bpy.ops.wm.obj_export(filepath=out) if hasattr(bpy.ops.wm, "obj_export") else bpy.ops.export_scene.obj(filepath=out)
with open(out, "a") as f:
    f.write("# " + bpy.context.scene.name + " " + text + "\n")
`

// A script gets the file, its scene and its arguments; one that fails makes its
// task fail.
func TestBlenderScript(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	file := scene(t, filepath.Join(st.home, "storage"))
	script, out := filepath.Join(st.home, "storage", "export it.py"), filepath.Join(st.home, "storage", "cube.obj")
	if err := os.WriteFile(script, []byte(exportScript), 0o600); err != nil {
		t.Fatal(err)
	}
	submit := func(arguments string) int {
		return st.run(t, t.Context(), "submit", file, "--type", "blender-script", "--set", "script="+script, "--set", "arguments="+arguments, "--json")
	}
	if status := submit("'" + out + "' 'two words'"); status != exitOK {
		t.Fatalf("%d: %s", status, st.err.String())
	}
	text, err := os.ReadFile(out)
	if err != nil || strings.Count(string(text), "\nv ") != 8 || !strings.Contains(string(text), "# Tiny two words\n") {
		t.Errorf("%v: %s", err, text)
	}
	if status := submit("x fail"); status != exitJobFailed || !strings.Contains(st.out.String(), "RuntimeError: no such thing") {
		t.Errorf("%d: %s%s", status, st.out.String(), st.err.String())
	}
}
