package blendfile

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// nasty returns the folder of a project in which everything is difficult.
func nasty(t *testing.T, exe string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python", scenes("make_nasty.py"), "--", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// content returns what is in all files of a folder, and when they changed.
func content(t *testing.T, dir string) map[string]any {
	t.Helper()
	all := map[string]any{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			all[path] = nil
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = sha256.Sum256(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// targets returns where the files of a pack are, below where the test was made.
func targets(p *Pack, dir string) (all, rewritten []string) {
	outside := "_outside" + filepath.ToSlash(dir) + "/"
	for _, f := range p.Files {
		name := strings.Replace(f.Target, outside, "OUT/", 1)
		if strings.HasPrefix(name, "_outside/") { // moved because of its name
			name = "APART/" + filepath.Base(name)
		}
		all = append(all, name)
		if f.Rewritten {
			rewritten = append(rewritten, name)
		}
	}
	slices.Sort(all)
	return all, rewritten
}

func TestTraceNasty(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	dir := nasty(t, exe)
	before := content(t, dir)
	file := filepath.Join(dir, "project", "shots", "seq 010", "shot ü.blend")
	var phases []string
	o := TraceOptions{Blender: exe, Scripts: addon.Pack(), Project: filepath.Join(dir, "project"), Work: t.TempDir(), Progress: func(p TraceProgress) {
		if !slices.Contains(phases, p.Phase) {
			phases = append(phases, p.Phase)
		}
	}}
	p, err := Trace(t.Context(), file, o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"APART/wood.png", "OUT/elsewhere/absolute.png", "OUT/elsewhere/sound/töne.wav", "OUT/elsewhere/tiles/wall.1001.png", "OUT/elsewhere/tiles/wall.1002.png",
		"OUT/library/props.blend", "OUT/library/textures/prop.png", "assets/char/character.blend", "assets/maps/skin.png", "cache/squeeze.mdd", "cache/waves.abc",
		"footage/plate.0001.png", "footage/plate.0002.png", "footage/plate.0003.png", "footage/plate.0004.png", "shots/seq 010/shot ü.blend",
		"textures/Wood.png", "textures/grün 日本.png", "textures/long" + strings.Repeat("g", 192) + ".png",
	}
	all, rewritten := targets(p, dir)
	if !reflect.DeepEqual(all, want) {
		t.Errorf("the pack has %q", all)
	}
	// props.blend needs nothing but what is beside it.
	if want := []string{"assets/char/character.blend", "shots/seq 010/shot ü.blend"}; !reflect.DeepEqual(rewritten, want) {
		t.Errorf("rewritten are %q", rewritten)
	}
	if len(p.Missing) != 1 || p.Missing[0].Kind != "font" || p.Missing[0].Path != filepath.Join(dir, "nowhere", "font.ttf") || p.Missing[0].Owner[0] != "FONT" {
		t.Errorf("missing are %+v", p.Missing)
	}
	if p.Blend != "shots/seq 010/shot ü.blend" || len(p.Warnings) > 0 || !reflect.DeepEqual(phases, []string{"open", "files", "rewrite"}) {
		t.Errorf("%q, %q, %q", p.Blend, p.Warnings, phases)
	}
	if !reflect.DeepEqual(content(t, dir), before) {
		t.Error("the artist's files were touched")
	}
	t.Run("again", func(t *testing.T) { traceAgain(t, file, o, p) })
	t.Run("exclude", func(t *testing.T) { traceWithout(t, file, o) })
	t.Run("damaged library", func(t *testing.T) { traceDamagedLibrary(t, dir, file, o) })
}

// traceAgain finds the same, and makes no copy again.
func traceAgain(t *testing.T, file string, o TraceOptions, first *Pack) {
	again, err := Trace(t.Context(), file, o)
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("%+v, %v", again, err)
	}
	o.LookOnly, o.Work = true, ""
	look, err := Trace(t.Context(), file, o)
	if err != nil || len(look.Files) != len(first.Files) || !reflect.DeepEqual(look.Missing, first.Missing) {
		t.Errorf("%+v, %v", look, err)
	}
}

// traceWithout leaves out what the user does not want, and lets the copy find
// it where it is.
func traceWithout(t *testing.T, file string, o TraceOptions) {
	o.Exclude = []string{"*.WAV", "textures/*", "footage"}
	p, err := Trace(t.Context(), file, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Files {
		if strings.HasSuffix(f.Target, ".wav") || strings.HasPrefix(f.Target, "textures/") || strings.HasPrefix(f.Target, "footage/") {
			t.Errorf("%s was packed", f.Target)
		}
	}
	if len(p.Files) != 19-1-3-4-1 { // the wood that was moved apart has its place among the textures
		t.Errorf("%d files", len(p.Files))
	}
	i := slices.IndexFunc(p.Files, func(f PackFile) bool { return f.Target == p.Blend })
	look, err := Trace(t.Context(), p.Files[i].Source, TraceOptions{Blender: o.Blender, Scripts: o.Scripts, LookOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	sound := slices.ContainsFunc(look.Files, func(f PackFile) bool { return strings.HasSuffix(f.Source, "töne.wav") })
	if !sound {
		t.Error("the sound that stays where it is is not found from the copy")
	}
}

// traceDamagedLibrary packs the rest. It comes last, as it changes the project.
func traceDamagedLibrary(t *testing.T, dir, file string, o TraceOptions) {
	library := filepath.Join(dir, "library", "props.blend")
	if err := os.WriteFile(library, []byte("BLENDER-v304 and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Trace(t.Context(), file, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Missing, func(m MissingFile) bool { return m.Path == library && m.Kind == "library" }) {
		t.Errorf("missing are %+v", p.Missing)
	}
	if slices.ContainsFunc(p.Files, func(f PackFile) bool { return f.Source == library }) {
		t.Error("the damaged library is packed")
	}
}

func TestTraceUnusable(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	dir := t.TempDir()
	real, err := os.ReadFile(scenes("tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content string
		blender bool
		says    string
	}{
		"cut.blend": {string(real[:len(real)/3]), false, "damaged"}, "text.blend": {"hello", false, "not a Blender file"},
		"later.blend": {"BLENDER17-01v9900" + strings.Repeat("\x00", 4096), true, "was saved by Blender 99.0"},
		"form.blend":  {"BLENDER21-02v9900" + strings.Repeat("\x00", 4096), true, "newer Blender"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := Trace(t.Context(), path, TraceOptions{Blender: exe, Scripts: addon.Pack(), Work: dir})
		if p != nil || farm.KindOf(err) != farm.Invalid || errors.Is(err, ErrBlender) != c.blender || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %q", name, p, err, c.says)
		}
	}
	if _, err := Trace(t.Context(), scenes("tiny.blend"), TraceOptions{Blender: filepath.Join(dir, "none"), Scripts: addon.Pack()}); !errors.Is(err, ErrBlender) {
		t.Error(err)
	}
}

// Programs that misbehave stand in for Blender.
func TestTraceStrangeAnswers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("shell scripts stand in for Blender here")
	}
	dir := t.TempDir()
	// The last argument but for the patterns is where the answer goes.
	const plan = `while [ "$1" != --plan ]; do shift; done; `
	for name, c := range map[string]struct{ body, says string }{
		"fails":   {"echo 'Error: no such luck'; exit 7", "no such luck"},
		"nothing": {"exit 0", "without saying what"},
		"garbage": {plan + `echo '{"blend":' > "$2"`, "cannot be read"},
		"leaves":  {plan + `echo '{"blend":"a.blend","files":[{"source":"/etc/passwd","target":"../../x"}]}' > "$2"`, `"../../x" has no place`},
		"device":  {plan + `echo '{"blend":"a.blend","files":[{"source":"etc/passwd","target":"x"}]}' > "$2"`, "no place"},
		"noplace": {plan + `echo '{"files":[]}' > "$2"`, `"" has no place`},
	} {
		exe := filepath.Join(dir, name)
		if err := os.WriteFile(exe, []byte("#!/bin/sh\n"+c.body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if p, err := Trace(t.Context(), scenes("tiny.blend"), TraceOptions{Blender: exe, Scripts: addon.Pack()}); p != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %q", name, p, err, c.says)
		}
	}
}

func TestProjectOf(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "film", "shots", "010")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(deep, "a.blend")
	if got := ProjectOf(file); got != deep {
		t.Error(got)
	}
	if err := os.Mkdir(filepath.Join(dir, "film", ".blender_project"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := ProjectOf(file); got != filepath.Join(dir, "film") {
		t.Error(got)
	}
	if _, _, err := inProject(file, filepath.Join(dir, "gone")); err == nil {
		t.Error("a project that is not there")
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProject(file, filepath.Dir(scenes(""))); err == nil || !strings.Contains(err.Error(), "not in the project") {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("film", link); err != nil {
		t.Skip(err)
	}
	got, project, err := inProject(file, link)
	if err != nil || !isBelow(got, project) {
		t.Errorf("%s, %s, %v", got, project, err)
	}
}
