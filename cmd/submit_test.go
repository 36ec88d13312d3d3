package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

func yes() *bool { b := true; return &b }

// renderType has the settings of the stock job type, and two of its own.
func renderType() farm.JobType {
	return farm.JobType{Name: "render", Settings: []farm.Setting{
		{Key: "frames", Type: farm.SettingString, Required: yes()}, {Key: "chunk_size", Type: farm.SettingInt, Default: 1.0},
		{Key: "render_output_root", Type: farm.SettingString, Required: yes()}, {Key: "add_path_components", Type: farm.SettingInt, Default: 0.0},
		{Key: "render_output_path", Type: farm.SettingString}, {Key: "blendfile", Type: farm.SettingString, Required: yes()},
		{Key: "fps", Type: farm.SettingFloat}, {Key: "format", Type: farm.SettingString, Required: yes()},
		{Key: "image_file_extension", Type: farm.SettingString, Required: yes()}, {Key: "has_previews", Type: farm.SettingBool},
		{Key: "scene", Type: farm.SettingString, Required: yes()},
		{Key: "gpu", Type: farm.SettingBool}, {Key: "noise", Type: farm.SettingFloat},
	}}
}

func fileInfo() *blendfile.Info {
	return &blendfile.Info{Scenes: []blendfile.Scene{
		{Name: "Shot", FrameStart: 1, FrameEnd: 24, FPS: 24, Format: "PNG", Extension: ".png", Camera: "C"},
		{Name: "Film", FrameStart: 5, FrameEnd: 9, FrameStep: 2, FPS: 25, Format: "FFMPEG", Extension: ".mkv", Camera: "C", HasPreviews: true},
		{Name: "Blind", FrameStart: 1, FrameEnd: 2},
	}}
}

func TestSettings(t *testing.T) {
	stock := map[string]any{
		"frames": "1-24", "chunk_size": 1.0, "render_output_root": "/s/renders", "add_path_components": 0.0,
		"render_output_path": "/s/renders/my shot_/{timestamp}/######", "blendfile": "/s/in/shot.blend", "fps": 24.0, "format": "PNG",
		"image_file_extension": ".png", "has_previews": false, "scene": "Shot",
	}
	film := map[string]any{"frames": "5,7,9", "scene": "Film", "fps": 25.0, "format": "PNG"}
	for name, c := range map[string]struct {
		options submitOptions
		differs map[string]any
		notes   string
	}{
		"from the file": {},
		"flags": {options: submitOptions{frames: "3", chunk: 4, fps: 12, format: "JPEG", output: "/out"}, differs: map[string]any{"frames": "3", "chunk_size": 4, "fps": 12.0, "format": "JPEG",
			"image_file_extension": ".jpg", "render_output_root": "/out", "render_output_path": "/out/my shot_/{timestamp}/######"}},
		"a film": {options: submitOptions{scene: "Film"}, differs: film, notes: "FFMPEG makes one film"},
		"set": {options: submitOptions{set: []string{"gpu=true", "noise=0.5", "add_path_components=2", "scene=a=b"}}, differs: map[string]any{"gpu": true, "noise": 0.5,
			"add_path_components": 2, "scene": "a=b", "render_output_path": "/s/renders/project/shots/my shot_/{timestamp}/######"}},
		"set path": {options: submitOptions{set: []string{"render_output_path=/x/#"}}, differs: map[string]any{"render_output_path": "/x/#"}},
		"ext":      {options: submitOptions{format: "SGI", ext: ".sgi"}, differs: map[string]any{"format": "SGI", "image_file_extension": ".sgi"}},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the paths are those of other platforms")
		}
		p := plan{options: c.options, jobType: renderType(), file: "/home/me/project/shots/shot.blend", blend: "/s/in/shot.blend", storage: "/s", name: "my shot?", info: fileInfo()}
		got, err := p.settings()
		want := map[string]any{}
		for _, m := range []map[string]any{stock, c.differs} {
			for key, value := range m {
				want[key] = value
			}
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %v\nwant %v", name, err, got, want)
		}
		if notes := strings.Join(p.notes, " "); !strings.Contains(notes, c.notes) || c.notes == "" && notes != "" {
			t.Errorf("%s: %q", name, notes)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	small := farm.JobType{Name: "small", Settings: []farm.Setting{{Key: "message", Type: farm.SettingString, Required: yes()}, {Key: "count", Type: farm.SettingInt}}}
	for _, c := range []struct {
		jobType farm.JobType
		options submitOptions
		info    *blendfile.Info
		says    string
	}{
		{renderType(), submitOptions{scene: "Nowhere"}, fileInfo(), `no scene "Nowhere"; its scenes are "Shot", "Film", "Blind"`},
		{renderType(), submitOptions{scene: "Blind"}, fileInfo(), "no camera"},
		{renderType(), submitOptions{format: "SGI"}, fileInfo(), "--ext"},
		{renderType(), submitOptions{set: []string{"noise"}}, fileInfo(), "KEY=VALUE"},
		{renderType(), submitOptions{set: []string{"noise=loud"}}, fileInfo(), "must be a number"},
		{renderType(), submitOptions{set: []string{"gpu=maybe"}}, fileInfo(), "must be true or false"},
		{renderType(), submitOptions{set: []string{"chunk_size=1.5"}}, fileInfo(), "must be a whole number"},
		{renderType(), submitOptions{set: []string{"colour=red"}}, fileInfo(), "no such setting; it has frames, chunk_size"},
		{renderType(), submitOptions{frames: "1", format: "PNG"}, nil, "needs a value for scene"},
		{small, submitOptions{}, fileInfo(), "--set message="},
		{small, submitOptions{frames: "1-2", set: []string{"message=x"}}, fileInfo(), "--frames: job type small has no setting frames"},
	} {
		p := plan{options: c.options, jobType: c.jobType, file: "/a.blend", blend: "/s/a.blend", storage: "/s", name: "a", info: c.info}
		if got, err := p.settings(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, %v; want %q", c.options, got, err, c.says)
		}
	}
}

// TestWithoutBlender reads what it can, says what it cannot, and takes the flags
// for the rest.
func TestWithoutBlender(t *testing.T) {
	var said strings.Builder
	u := &submission{s: testSession(t, nil), jobType: renderType(), file: filepath.Join("..", "testdata", "scenes", "tiny.blend"), say: func(text string) { said.WriteString(text) }}
	u.options = submitOptions{packOptions: packOptions{blender: filepath.Join(t.TempDir(), "blender")}}
	if err := u.inspect(t.Context()); err != nil || u.info == nil || u.info.Scenes[0].Frames() != "1-10" || !strings.Contains(said.String(), "cannot find Blender") {
		t.Error(err, said.String())
	}
	if err := u.trace(t.Context()); err != nil || len(u.files.Files) != 1 || u.files.Blend != "tiny.blend" && !strings.HasSuffix(u.files.Blend, "scenes/tiny.blend") || !strings.Contains(said.String(), "does not see caches") {
		t.Errorf("%+v, %v, %s", u.files, err, said.String())
	}
	// A file of a later form: only the flags know.
	u.file, u.info = filepath.Join(t.TempDir(), "later.blend"), nil
	if err := os.WriteFile(u.file, []byte("BLENDER99-99v9999 and what may come"), 0o600); err != nil {
		t.Fatal(err)
	}
	u.options.frames, u.options.set = "1-2", []string{"scene=S"}
	err := u.inspect(t.Context())
	if err == nil || !errors.Is(err, blendfile.ErrBlender) || !strings.HasSuffix(err.Error(), "with --fps 24, --format PNG") {
		t.Error(err)
	}
	u.options.fps, u.options.format = 24, "PNG"
	if err := u.inspect(t.Context()); u.info != nil || err != nil || !strings.Contains(said.String(), "not looked into") {
		t.Error(u.info, err, said.String())
	}
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"shot 7": "shot 7", `a/b\c:d*e?"<>|`: "a_b_c_d_e_____", "f#{x}": "f__x_", " .. ": "job", "": "job", "ü\n": "ü_", strings.Repeat("é", 80): strings.Repeat("é", 50),
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestFlagsThatCannotBe(t *testing.T) {
	for says, args := range map[string][]string{
		"--frames": {"--frames", "1-"}, "choose an image format": {"--format", "ffmpeg"}, "--chunk-size": {"--chunk-size", "0"},
		"--fps": {"--fps", "-1"}, "0 to 100": {"--priority", "101"}, "needs FILE.blend": nil,
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

// The shared storage is what the folder for checkouts is in, if there is one.
func TestSharedRoot(t *testing.T) {
	for _, c := range []struct {
		location string
		shaman   bool
		want     string
	}{
		{"/mnt/farm", false, "/mnt/farm"}, {"/mnt/farm/jobs", true, "/mnt/farm"}, {"/mnt/farm/jobs/", true, "/mnt/farm"},
		{"/mnt/jobs", false, "/mnt/jobs"}, {"/elsewhere", true, "/elsewhere"},
	} {
		got := sharedRoot(api.SharedStorageLocation{Location: filepath.FromSlash(c.location), ShamanEnabled: c.shaman})
		if want := filepath.FromSlash(c.want); got != want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// A file in the storage stays where it is, however one gets there.
func TestRelative(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"store/in", "store2", "elsewhere"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("BLENDER-v304"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inside, beside, outside := write("store/in/a.blend"), write("store2/a.blend"), write("elsewhere/a#1.blend")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("store", link); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ storage, file, want string }{
		{"store", inside, "in/a.blend"}, {"link", inside, "in/a.blend"}, {"store", filepath.Join(link, "in", "a.blend"), "in/a.blend"},
		{"store", beside, ""}, {"store", outside, ""},
	} {
		if got, _ := (storage{path: filepath.Join(dir, c.storage)}).relative(c.file); filepath.ToSlash(got) != c.want {
			t.Errorf("%s in %s: %q", c.file, c.storage, got)
		}
	}
}

// A file from elsewhere gets a folder of its own, that goes away when nobody
// will use it.
func TestCopied(t *testing.T) {
	dir := t.TempDir()
	from := filepath.Join(dir, "a.blend")
	if err := os.WriteFile(from, []byte("BLENDER-v304"), 0o644); err != nil {
		t.Fatal(err)
	}
	files := &blendfile.Pack{Blend: "a.blend", Files: []blendfile.PackFile{{Source: from, Target: "a.blend", Size: 12}}}
	st := storage{path: filepath.Join(dir, "store"), s: testSession(t, nil)}
	now := time.Date(2026, 5, 1, 12, 30, 15, 0, time.Local)
	first := st.place(files, "my/job", now)
	if want := filepath.Join(st.path, "submitted", "my_job-20260501-123015", "a.blend"); first.blend() != want {
		t.Error(first.blend())
	}
	if _, err := first.deliver(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	second := st.place(files, "my/job", now)
	if text, err := os.ReadFile(first.blend()); err != nil || string(text) != "BLENDER-v304" || second.dir == first.dir {
		t.Errorf("%q, %v, %+v", text, err, second)
	}
	// Somebody else takes the folder meanwhile: theirs is not touched.
	if err := errors.Join(os.Mkdir(second.dir, 0o755), os.WriteFile(filepath.Join(second.dir, "theirs"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.deliver(t.Context(), nil); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	third := st.place(files, "my/job", now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := third.deliver(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := first.undo(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(st.path, "submitted", "*"))
	if err != nil || len(left) != 1 || left[0] != second.dir {
		t.Errorf("left are %q, %v", left, err)
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
		return o, file, err
	}
	want := submitOptions{name: "take 2", jobType: "render", priority: 70, tag: "gpu", paused: true, frames: "1-5", chunk: 3, fps: 12.5, format: "PNG", ext: ".png", scene: "S",
		output: "/out", set: []string{"quality=high", "samples=16"}, metadata: map[string]string{"client": "me"}, pack: true, upload: true, allowMissing: true, script: script,
		packOptions: packOptions{blender: "/opt/blender", project: dir, exclude: []string{"*.mov"}}}
	got, file, err := read("--script", script)
	if err != nil || !reflect.DeepEqual(got, want) || file != filepath.Join(dir, "shots", "a.blend") {
		t.Errorf("%q, %v\ngot  %+v\nwant %+v", file, err, got, want)
	}
	got, file, err = read("other.blend", "--script", script, "--frames", "9", "--priority", "0", "--set", "samples=8", "--paused=false", "--type", "echo", "--exclude", "x")
	if err != nil || file != "other.blend" || got.frames != "9" || got.priority != 0 || got.set[2] != "samples=8" || got.paused || got.jobType != "echo" || len(got.exclude) != 2 {
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
	u := &submission{file: "a.blend", files: &blendfile.Pack{}}
	if err := s.acceptMissing(u); err != nil {
		t.Error(err)
	}
	for range missingShown + 3 {
		u.files.Missing = append(u.files.Missing, blendfile.MissingFile{Path: "/gone\x1b.png", Kind: "image", Owner: [2]string{"IMAGE", "wood"}, Why: "there is no such file", Library: "/lib.blend"})
	}
	err := s.acceptMissing(u)
	for _, want := range []string{"There are 23 files", `(image "wood": there is no such file; asked for by /lib.blend)`, "and 3 more", "--allow-missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	u.options.allowMissing = true
	if err := s.acceptMissing(u); err != nil || !strings.Contains(said.String(), "Warning: There are 23") || strings.Contains(said.String(), "\x1b") {
		t.Errorf("%v, %q", err, said.String())
	}
}
