package pack

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// small returns a pack of two files, and a folder to put it into.
func small(t *testing.T) (*blendfile.Pack, string) {
	t.Helper()
	dir := t.TempDir()
	p := &blendfile.Pack{Blend: "shots/ü.blend"}
	for _, f := range []struct{ name, target, text string }{{"a", "shots/ü.blend", "BLENDER"}, {"b", "_outside/tex/a.png", strings.Repeat("x", 3<<20)}} {
		source := filepath.Join(dir, f.name)
		if err := os.WriteFile(source, []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.Files = append(p.Files, blendfile.PackFile{Source: source, Target: f.target, Size: int64(len(f.text))})
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	return p, out
}

// left lists what is in a folder.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestToFolder(t *testing.T) {
	p, out := small(t)
	var last Progress
	dir := filepath.Join(out, "deeper", "pack")
	if err := ToFolder(t.Context(), p, dir, func(p Progress) { last = p }); err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Files {
		got, err1 := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Target)))
		want, err2 := os.ReadFile(f.Source)
		if errors.Join(err1, err2) != nil || string(got) != string(want) {
			t.Errorf("%s: %v, %v", f.Target, err1, err2)
		}
	}
	if last.Files != 2 || last.Bytes != p.Size() {
		t.Errorf("%+v", last)
	}
	if names := left(t, filepath.Dir(dir)); !reflect.DeepEqual(names, []string{"pack"}) {
		t.Errorf("left are %q", names)
	}
	// What is there stays, an empty folder is as good as none.
	if err := ToFolder(t.Context(), p, dir, nil); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	empty := filepath.Join(out, "empty")
	if err := errors.Join(os.Mkdir(empty, 0o755), ToFolder(t.Context(), p, empty, nil)); err != nil {
		t.Error(err)
	}
}

func TestToZip(t *testing.T) {
	p, out := small(t)
	file := filepath.Join(out, "pack.zip")
	if err := ToZip(t.Context(), p, file, nil); err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if err != nil || f.Name != p.Files[n].Target || int64(len(got)) != p.Files[n].Size || f.NonUTF8 || f.Modified.IsZero() {
			t.Errorf("%+v: %d bytes, %v", f.FileHeader, len(got), err)
		}
	}
	// A picture is not compressed a second time.
	if r.File[0].Method != zip.Deflate || r.File[1].Method != zip.Store {
		t.Errorf("methods are %d, %d", r.File[0].Method, r.File[1].Method)
	}
	if names := left(t, out); !reflect.DeepEqual(names, []string{"pack.zip"}) {
		t.Errorf("left are %q", names)
	}
	if err := ToZip(t.Context(), p, file, nil); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o044 == 0 {
		t.Errorf("only its owner may read it: %v, %v", info.Mode(), err)
	}
}

// Whatever goes wrong, nothing is left, and nothing is lost that was there.
func TestNothingHalf(t *testing.T) {
	for says, spoil := range map[string]func(p *blendfile.Pack, stop context.CancelFunc) error{
		"changed while": func(p *blendfile.Pack, _ context.CancelFunc) error {
			return os.WriteFile(p.Files[1].Source, []byte("less"), 0o600)
		},
		"cannot read what": func(p *blendfile.Pack, _ context.CancelFunc) error { return os.Remove(p.Files[1].Source) },
		"context canceled": func(_ *blendfile.Pack, stop context.CancelFunc) error { stop(); return nil },
		// Two names that are the same here; plans have none.
		"cannot write": func(p *blendfile.Pack, _ context.CancelFunc) error {
			p.Files = slices.Insert(p.Files, 1, p.Files[0])
			return os.WriteFile(filepath.Join(filepath.Dir(p.Files[0].Source), "out", "file"), nil, 0o600)
		},
	} {
		for _, move := range []struct {
			name string
			to   func(context.Context, *blendfile.Pack, string, Tell) error
		}{{"dir", ToFolder}, {"a.zip", ToZip}} {
			p, out := small(t)
			ctx, stop := context.WithCancel(t.Context())
			if err := spoil(p, stop); err != nil {
				t.Fatal(err)
			}
			was := left(t, out)
			err := move.to(ctx, p, filepath.Join(out, move.name), nil)
			stop()
			if says == "cannot write" && move.name == "a.zip" { // may hold a name twice
				continue
			}
			if err == nil || !strings.Contains(err.Error(), says) || !reflect.DeepEqual(left(t, out), was) {
				t.Errorf("%s, %s: %v; left are %q", says, move.name, err, left(t, out))
			}
		}
	}
	p, out := small(t)
	if err := os.WriteFile(filepath.Join(out, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, move := range []func(context.Context, *blendfile.Pack, string, Tell) error{ToFolder, ToZip} {
		if err := move(t.Context(), p, filepath.Join(out, "file", "below"), nil); farm.KindOf(err) != farm.Invalid {
			t.Error(err)
		}
	}
}

// TestTidy removes what a killed program left, long ago.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{"a.farm-part-12-0": 2 * time.Hour, "b.farm-part-12-0": 0, "shot": 2 * time.Hour, "c.farm-part-x": 2 * time.Hour} {
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Join(at, "tex"), 0o755), os.Chtimes(at, now.Add(-age), now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if err := Tidy(dir, now.Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	if names := left(t, dir); !reflect.DeepEqual(names, []string{"b.farm-part-12-0", "c.farm-part-x", "shot"}) {
		t.Errorf("left are %q", names)
	}
	if err := Tidy(filepath.Join(dir, "gone"), now); err != nil {
		t.Error(err)
	}
}

// TestRemove takes back what ToFolder made, and leaves what others added.
func TestRemove(t *testing.T) {
	p, out := small(t)
	dir := filepath.Join(out, "pack")
	for _, theirs := range []string{"", "_outside/theirs.txt"} {
		if err := ToFolder(t.Context(), p, dir, nil); err != nil {
			t.Fatal(err)
		}
		if theirs != "" {
			if err := os.WriteFile(filepath.Join(dir, theirs), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := Remove(p, dir); err != nil {
			t.Error(err)
		}
		_, err := os.Stat(filepath.Join(dir, theirs))
		if gone := errors.Is(err, os.ErrNotExist); gone != (theirs == "") {
			t.Errorf("%q: %v", theirs, err)
		}
	}
	if names := left(t, filepath.Join(dir, "_outside")); !reflect.DeepEqual(names, []string{"theirs.txt"}) {
		t.Errorf("left are %q", names)
	}
}

// TestComesMeanwhile leaves alone what somebody else puts where the pack was to be.
func TestComesMeanwhile(t *testing.T) {
	p, out := small(t)
	for _, move := range []struct {
		name string
		to   func(context.Context, *blendfile.Pack, string, Tell) error
	}{{"dir", ToFolder}, {"a.zip", ToZip}} {
		at := filepath.Join(out, move.name)
		theirs := func(Progress) {
			if err := os.WriteFile(at, []byte("theirs"), 0o600); err != nil {
				t.Error(err)
			}
		}
		err := move.to(t.Context(), p, at, theirs)
		text, _ := os.ReadFile(at)
		if farm.KindOf(err) != farm.Conflict || string(text) != "theirs" {
			t.Errorf("%s: %v, %q", move.name, err, text)
		}
	}
	if names := left(t, out); len(names) != 2 {
		t.Errorf("left are %q", names)
	}
}
