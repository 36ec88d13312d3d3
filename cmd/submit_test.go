package cmd

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/submit"
)

func TestFlagsThatCannotBe(t *testing.T) {
	for says, args := range map[string][]string{
		"--frames": {"--frames", "1-"}, "choose an image format": {"--format", "ffmpeg"}, "--chunk-size": {"--chunk-size", "0"},
		"--fps": {"--fps", "-1"}, "0 to 100": {"--priority", "101"}, "needs FILE.blend": nil, "KEY=VALUE": {"--set", "noise"},
	} {
		s := testSession(t, nil)
		if args != nil {
			args = append(args, "a.blend")
		}
		c := newSubmit(s)
		c.SetArgs(args)
		c.SilenceErrors, c.SilenceUsage = true, true
		if err := c.ExecuteContext(t.Context()); exitStatus(err) != exitUsage || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// TestScript reads everything a script can say, and lets flags win.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "job.yaml")
	text := `blend: shots/a.blend
name: take 2
type: render
priority: 70
tag: gpu
paused: true
frames: 1-5
chunk_size: 3
fps: 12.5
format: png
ext: .png
scene: S
output: /out
settings: {samples: 16, quality: "high"}
metadata: {client: me}
notify: [chat, me@studio.example]
blender: /opt/blender
project: .
exclude: ["*.mov"]
pack: true
upload: true
allow_missing: true
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(args ...string) (submitOptions, string, error) {
		var o submitOptions
		c := &cobra.Command{Use: "submit", SilenceErrors: true, SilenceUsage: true}
		o.jobFlags(c)
		o.fileFlags(c)
		if err := c.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		s := testSession(t, nil)
		s.in = strings.NewReader(text)
		file, err := o.complete(s, c, c.Flags().Args())
		o.set = nil // they are in the settings now
		return o, file, err
	}
	want := submitOptions{script: script, Options: submit.Options{Name: "take 2", Type: "render", Priority: 70, Tag: "gpu", Paused: true, Frames: "1-5", ChunkSize: 3, FPS: 12.5, Format: "PNG", Ext: ".png", Scene: "S",
		Output: "/out", Settings: map[string]string{"quality": "high", "samples": "16"}, Metadata: map[string]string{"client": "me"}, Notify: []string{"chat", "me@studio.example"}, Pack: true, Upload: true, AllowMissing: true,
		Blender: "/opt/blender", Project: dir, Exclude: []string{"*.mov"}}}
	got, file, err := read("--script", script)
	if err != nil || !reflect.DeepEqual(got, want) || file != filepath.Join(dir, "shots", "a.blend") {
		t.Errorf("%q, %v\ngot  %+v\nwant %+v", file, err, got, want)
	}
	got, file, err = read("other.blend", "--script", script, "--frames", "9", "--priority", "0", "--set", "samples=8", "--paused=false", "--type", "echo", "--exclude", "x", "--notify", "td", "--notify", "phone")
	if err != nil || file != "other.blend" || got.Frames != "9" || got.Priority != 0 || got.Settings["samples"] != "8" || got.Settings["quality"] != "high" || got.Paused || got.Type != "echo" || len(got.Exclude) != 2 || !slices.Equal(got.Notify, []string{"td", "phone"}) {
		t.Errorf("%q, %v: %+v", file, err, got)
	}
	if _, file, err := read("--script", "-"); err != nil || file != filepath.Join("shots", "a.blend") {
		t.Error(file, err)
	}
	for says, bad := range map[string]string{
		`standard input:1:1: unknown key "frame"; did you mean "frames"?`: "frame: 1\n", "standard input:2:7: fps should be": "blend: a.blend\nfps:  fast\n", "has no key blend": "name: x\n",
		"--frames": "blend: a.blend\nframes: 1-\n", "0 to 100": "blend: a.blend\npriority: 101\n", "--chunk-size must": "blend: a.blend\nchunk_size: -1\n",
	} {
		text = bad
		if _, _, err := read("--script", "-"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, _, err := read("--script", filepath.Join(dir, "gone.yaml")); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
}

// TestAcceptMissing submits without files only if somebody says so.
func TestAcceptMissing(t *testing.T) {
	s := testSession(t, nil)
	s.in = strings.NewReader("")
	var said strings.Builder
	s.errOut = &said
	if err := s.acceptMissing("a.blend", nil, false); err != nil {
		t.Error(err)
	}
	var missing []blendfile.MissingFile
	for range 23 {
		missing = append(missing, blendfile.MissingFile{Path: "/gone\x1b.png", Kind: "image", Owner: [2]string{"IMAGE", "wood"}, Why: "there is no such file", Library: "/lib.blend"})
	}
	err := s.acceptMissing("/x/a.blend", missing, false)
	for _, want := range []string{"There are 23 files that a.blend needs", `(image "wood": there is no such file; asked for by /lib.blend)`, "and 3 more", "--allow-missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if err := s.acceptMissing("a.blend", missing, true); err != nil || !strings.Contains(said.String(), "Warning: There are 23") || strings.Contains(said.String(), "\x1b") {
		t.Errorf("%v, %q", err, said.String())
	}
}
