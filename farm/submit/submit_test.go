package submit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/addon"
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
		{Name: "Blind", FrameStart: 1, FrameEnd: 2, Lacks: blendfile.LacksCamera},
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
		options Options
		differs map[string]any
		notes   string
	}{
		"from the file": {},
		"flags": {options: Options{Frames: "3", ChunkSize: 4, FPS: 12, Format: "JPEG", Output: "/out"}, differs: map[string]any{"frames": "3", "chunk_size": 4, "fps": 12.0, "format": "JPEG",
			"image_file_extension": ".jpg", "render_output_root": "/out", "render_output_path": "/out/my shot_/{timestamp}/######"}},
		"a film": {options: Options{Scene: "Film"}, differs: film, notes: "FFMPEG makes one film"},
		"set": {options: Options{Settings: map[string]string{"gpu": "true", "noise": "0.5", "add_path_components": "2", "scene": "a=b"}}, differs: map[string]any{"gpu": true, "noise": 0.5,
			"add_path_components": 2, "scene": "a=b", "render_output_path": "/s/renders/project/shots/my shot_/{timestamp}/######"}},
		"set path": {options: Options{Settings: map[string]string{"render_output_path": "/x/#"}}, differs: map[string]any{"render_output_path": "/x/#"}},
		"ext":      {options: Options{Format: "SGI", Ext: ".sgi"}, differs: map[string]any{"format": "SGI", "image_file_extension": ".sgi"}},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the paths are those of other platforms")
		}
		p := plan{options: c.options, option: asFlag, jobType: renderType(), file: "/home/me/project/shots/shot.blend", blend: "/s/in/shot.blend", storage: "/s", name: "my shot?", info: fileInfo()}
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
		options Options
		info    *blendfile.Info
		says    string
	}{
		{renderType(), Options{Scene: "Nowhere"}, fileInfo(), `no scene "Nowhere"; its scenes are "Shot", "Film", "Blind"`},
		{renderType(), Options{Scene: "Blind"}, fileInfo(), "no camera"},
		{renderType(), Options{Format: "SGI"}, fileInfo(), "--ext"},
		{renderType(), Options{Settings: map[string]string{"noise": "loud"}}, fileInfo(), "must be a number"},
		{renderType(), Options{Settings: map[string]string{"gpu": "maybe"}}, fileInfo(), "must be true or false"},
		{renderType(), Options{Settings: map[string]string{"chunk_size": "1.5"}}, fileInfo(), "must be a whole number"},
		{renderType(), Options{Settings: map[string]string{"colour": "red"}}, fileInfo(), "no such setting; it has frames, chunk_size"},
		{renderType(), Options{Frames: "1", Format: "PNG"}, nil, "needs a value for scene"},
		{small, Options{}, fileInfo(), "--set message="},
		{small, Options{Frames: "1-2", Settings: map[string]string{"message": "x"}}, fileInfo(), "--frames: job type small has no setting frames"},
	} {
		p := plan{options: c.options, option: asFlag, jobType: c.jobType, file: "/a.blend", blend: "/s/a.blend", storage: "/s", name: "a", info: c.info}
		if got, err := p.settings(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, %v; want %q", c.options, got, err, c.says)
		}
	}
}

// TestWithoutBlender reads what it can, says what it cannot, and takes the flags
// for the rest.
func TestWithoutBlender(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var said strings.Builder
	u := &Submission{
		Submitter: &Submitter{Scripts: addon.Pack(), Option: asFlag, Note: func(text string) { said.WriteString(text) }}, jobType: renderType(),
		file: filepath.Join("..", "..", "testdata", "scenes", "tiny.blend"),
	}
	defer u.Close()
	if err := u.inspect(t.Context()); err != nil || u.info == nil || u.info.Scenes[0].Frames() != "1-10" || !strings.Contains(said.String(), "cannot find Blender") {
		t.Error(err, said.String())
	}
	if err := u.trace(t.Context()); err != nil || len(u.files.Files) != 1 || u.files.Blend != "tiny.blend" && !strings.HasSuffix(u.files.Blend, "scenes/tiny.blend") || !strings.Contains(said.String(), "does not see caches") {
		t.Errorf("%+v, %v, %s", u.files, err, said.String())
	}
	// A Blender that somebody names has to be there.
	u.options.Blender = filepath.Join(t.TempDir(), "blender")
	if err := u.inspect(t.Context()); !errors.Is(err, blendfile.ErrBlender) {
		t.Error(err)
	}
	u.options.Blender = ""
	// A file of a later form: only the flags know.
	u.file, u.info = filepath.Join(t.TempDir(), "later.blend"), nil
	if err := os.WriteFile(u.file, []byte("BLENDER99-99v9999 and what may come"), 0o600); err != nil {
		t.Fatal(err)
	}
	u.options.Frames, u.options.Settings = "1-2", map[string]string{"scene": "S"}
	err := u.inspect(t.Context())
	if err == nil || !errors.Is(err, blendfile.ErrBlender) || !strings.HasSuffix(err.Error(), "with --fps 24, --format PNG") {
		t.Error(err)
	}
	u.options.FPS, u.options.Format = 24, "PNG"
	if err := u.inspect(t.Context()); u.info != nil || err != nil || !strings.Contains(said.String(), "not looked into") {
		t.Error(u.info, err, said.String())
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
	st := storage{path: filepath.Join(dir, "store")}
	var told []string
	s := &Submitter{Copying: func(folder string) error { told = append(told, folder); return nil }}
	place := func() *copied { return &copied{s: s, files: files, dir: st.folder("my/job")} }
	first := place()
	if first.dir = filepath.Join(st.path, "submitted", "my_job-20260501-123015"); first.blend() != filepath.Join(first.dir, "a.blend") {
		t.Error(first.blend())
	}
	if _, err := first.deliver(t.Context(), &api.SubmittedJob{}); err != nil {
		t.Fatal(err)
	}
	// Somebody else has the name by now: theirs is not touched, and the next one is taken.
	second := &copied{s: s, files: files, dir: first.dir}
	blend, err := second.deliver(t.Context(), &api.SubmittedJob{})
	if want := first.dir + "-2"; err != nil || second.dir != want || blend != filepath.Join(want, "a.blend") || !slices.Equal(told, []string{first.dir, first.dir, want}) {
		t.Errorf("%s, %v, %+v; told were %q", blend, err, second, told)
	}
	if text, err := os.ReadFile(first.blend()); err != nil || string(text) != "BLENDER-v304" {
		t.Errorf("%q, %v", text, err)
	}
	third := place()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := third.deliver(ctx, &api.SubmittedJob{}); !errors.Is(err, context.Canceled) {
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

// asFlag calls options what the command line does.
func asFlag(key string) string {
	if key == "settings" {
		return "--set"
	}
	return "--" + strings.ReplaceAll(key, "_", "-")
}

// TestTidy removes rewritten copies that nobody has used for long.
func TestTidy(t *testing.T) {
	u := Submission{Submitter: &Submitter{Cache: filepath.Join(t.TempDir(), "blends")}, storage: storage{uploads: true}}
	work, done, err := u.workFolder()
	if err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old.blend": keepBlends + time.Hour, "half.blend.part": keepBlends + time.Hour, "new.blend": time.Hour, "theirs": keepBlends + time.Hour} {
		at := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(filepath.Join(work, name), nil, 0o600), os.Chtimes(filepath.Join(work, name), at, at)); err != nil {
			t.Fatal(err)
		}
	}
	done()
	left, err := os.ReadDir(work)
	if err != nil || len(left) != 2 || left[0].Name() != "new.blend" || left[1].Name() != "theirs" {
		t.Errorf("%v, %v", left, err)
	}
}

// TestAbandon removes what was begun, and nothing that looks different.
func TestAbandon(t *testing.T) {
	storage := t.TempDir()
	made := filepath.Join(storage, farm.CopiesFolder, "a[1]")
	for _, dir := range []string{made, made + ".farm-part-1-0", filepath.Join(storage, farm.CopiesFolder, "a1"), filepath.Join(storage, "other")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Abandon(made); err != nil {
		t.Error(err)
	}
	if err := Abandon(filepath.Join(storage, "other")); err == nil {
		t.Error("somebody else's folder was removed")
	}
	left, err := filepath.Glob(filepath.Join(storage, "*", "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "a1" {
		t.Errorf("%q, %v", left, err)
	}
}

// TestSources names what leaves this computer, and nothing that stays or that
// the farm made.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	var files []blendfile.PackFile
	for _, name := range []string{"store/a.png", "b.png", "c.blend"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		files = append(files, blendfile.PackFile{Source: path, Rewritten: name == "c.blend"})
	}
	u := Submission{storage: storage{path: filepath.Join(dir, "store")}, files: &blendfile.Pack{Files: files}, place: &copied{}}
	if got := u.Sources(); !slices.Equal(got, []string{filepath.Join(dir, "b.png")}) {
		t.Errorf("%q", got)
	}
	if u.place = inPlace("/x"); u.Sources() != nil {
		t.Errorf("%q", u.Sources())
	}
}
