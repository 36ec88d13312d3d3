package cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
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

func TestWithoutBlender(t *testing.T) {
	s := testSession(t, nil)
	var said bytes.Buffer
	s.errOut = &said
	file := filepath.Join("..", "testdata", "scenes", "tiny.blend")
	o := submitOptions{blender: filepath.Join(t.TempDir(), "blender"), frames: "1-2", set: []string{"scene=S"}}
	_, err := s.inspect(t.Context(), o, renderType(), file)
	if err == nil || !errors.Is(err, blendfile.ErrBlender) || !strings.Contains(err.Error(), "cannot find Blender") || !strings.HasSuffix(err.Error(), "with --fps 24, --format PNG") {
		t.Error(err)
	}
	o.fps, o.format = 24, "PNG"
	if info, err := s.inspect(t.Context(), o, renderType(), file); info != nil || err != nil || !strings.Contains(said.String(), "not looked into") {
		t.Error(info, err, said.String())
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
		var said bytes.Buffer
		s.errOut = &said
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

// A file in the storage stays where it is, however one gets there.
func TestPlace(t *testing.T) {
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
	now := time.Date(2026, 5, 1, 12, 30, 15, 0, time.Local)
	for _, c := range []struct{ storage, file, want string }{
		{"store", inside, "store/in/a.blend"}, {"link", inside, "link/in/a.blend"}, {"store", filepath.Join(link, "in", "a.blend"), "store/in/a.blend"},
		{"store", beside, "store/submitted/my_job-20260501-123015/a.blend"}, {"store", outside, "store/submitted/my_job-20260501-123015/a_1.blend"},
	} {
		p := storage{filepath.Join(dir, c.storage)}.place(c.file, "my/job", now)
		if p.path != filepath.Join(dir, c.want) || p.isCopy() != strings.Contains(c.want, "submitted") {
			t.Errorf("%s in %s: %+v", c.file, c.storage, p)
		}
	}
}

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from := filepath.Join(dir, "a.blend")
	if err := os.WriteFile(from, []byte("BLENDER-v304"), 0o644); err != nil {
		t.Fatal(err)
	}
	st := storage{filepath.Join(dir, "store")}
	if err := os.Mkdir(st.path, 0o755); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	first := st.place(from, "a", now)
	if err := first.copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := st.place(from, "a", now)
	if text, err := os.ReadFile(first.path); err != nil || string(text) != "BLENDER-v304" || second.made == first.made {
		t.Errorf("%q, %v, %+v", text, err, second)
	}
	// Somebody else takes the folder meanwhile: theirs is not touched.
	if err := os.Mkdir(second.made, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := second.copy(t.Context()); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
	third := st.place(from, "a", now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := third.copy(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := first.remove(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(st.path, "submitted", "*"))
	if err != nil || len(left) != 1 || left[0] != second.made {
		t.Errorf("left are %q, %v", left, err)
	}
}

func TestWarnExternal(t *testing.T) {
	var b strings.Builder
	warnExternal(&b, nil)
	warnExternal(&b, &blendfile.Info{External: []string{"/abs.png"}})
	if b.Len() > 0 {
		t.Error(b.String())
	}
	warnExternal(&b, &blendfile.Info{External: []string{"//1.png", "//2", "//3", "//4", "//5", "//6\x1b", "/abs.png"}})
	for _, want := range []string{"6 other files", "\n  //1.png\n", "and 1 more", "Pack"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %q", want, b.String())
		}
	}
}
