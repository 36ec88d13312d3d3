package unpack

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"renderfarm/farm"
)

// An entry is one thing in an archive: a folder if its name ends with a slash, a link
// if it has a target.
type entry struct {
	name, text, link string
	mode             fs.FileMode
	kind             byte // of tar, if it is something else
}

// pack makes an archive.
func pack(t *testing.T, name string, entries ...entry) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if strings.HasSuffix(name, ".zip") {
		w := zip.NewWriter(f)
		for _, e := range entries {
			h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
			h.SetMode(e.mode)
			if e.link != "" {
				h.SetMode(fs.ModeSymlink | 0o777)
			}
			part, err := w.CreateHeader(h)
			if err == nil {
				_, err = io.WriteString(part, e.text+e.link)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return file
	}
	packed, err := xz.NewWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(packed)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: int64(e.mode), Size: int64(len(e.text))}
		switch {
		case e.kind != 0:
			h.Typeflag, h.Linkname = e.kind, e.link
		case e.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		case strings.HasSuffix(e.name, "/"):
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
	return file
}

var usual = Limits{Bytes: 1 << 20, Files: 100}

func TestUnpack(t *testing.T) {
	for _, name := range []string{"blender-4.2.tar.xz", "blender-4.2.zip"} {
		entries := []entry{{name: "blender-4.2/"}, {name: "blender-4.2/blender", text: "#!/bin/sh\n", mode: 0o755}, {name: "blender-4.2/lib/libx.so.1", text: "x", mode: 0o600}}
		if strings.HasSuffix(name, ".xz") {
			entries = append(entries, entry{name: "blender-4.2/lib/libx.so", link: "libx.so.1"}, entry{name: "blender-4.2/lib/up", link: "../blender"})
		}
		dir := t.TempDir()
		if err := Archive(t.Context(), pack(t, name, entries...), dir, usual); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, "blender-4.2", "blender"))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o100 == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if info, err := os.Stat(filepath.Join(dir, "blender-4.2/lib/libx.so.1")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o111 != 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if strings.HasSuffix(name, ".xz") {
			if text, err := os.ReadFile(filepath.Join(dir, "blender-4.2/lib/up")); err != nil || string(text) != "#!/bin/sh\n" {
				t.Errorf("through a link: %q, %v", text, err)
			}
		}
	}
}

func TestHostileArchives(t *testing.T) {
	many := make([]entry, 101)
	for i := range many {
		many[i] = entry{name: strings.Repeat("x", i+1)}
	}
	for _, c := range []struct {
		name    string
		archive string
		entries []entry
		kind    farm.Kind
	}{
		{"a path that leads out", "a.tar.xz", []entry{{name: "../out", text: "x"}}, farm.Invalid},
		{"a path that leads out later", "a.tar.xz", []entry{{name: "a/../../out", text: "x"}}, farm.Invalid},
		{"an absolute path", "a.tar.xz", []entry{{name: "/tmp/out", text: "x"}}, farm.Invalid},
		{"a path of Windows", "a.zip", []entry{{name: `..\out`, text: "x"}}, farm.Invalid},
		{"a zip that leads out", "a.zip", []entry{{name: "../out", text: "x"}}, farm.Invalid},
		{"a link to somewhere", "a.tar.xz", []entry{{name: "a", link: "/etc"}}, farm.Invalid},
		{"a link upwards", "a.tar.xz", []entry{{name: "a/b", link: "../../etc"}}, farm.Invalid},
		{"a link below a link", "a.tar.xz", []entry{{name: "a/b/up", link: "../.."}, {name: "a/b/up/out", link: "../../x"}}, farm.Invalid},
		{"a link through a link", "a.tar.xz", []entry{{name: "a/b/up", link: "../.."}, {name: "out", link: "a/b/up/../x"}}, farm.Invalid},
		{"a link through a link with dots", "a.tar.xz", []entry{{name: "....", link: "."}, {name: "out", link: "..../../x"}}, farm.Invalid},
		{"a file below a link", "a.tar.xz", []entry{{name: "b/"}, {name: "a", link: "b"}, {name: "a/x", text: "x"}}, farm.Invalid},
		{"a folder below a link", "a.tar.xz", []entry{{name: "b/"}, {name: "a", link: "b"}, {name: "a/x/"}}, farm.Invalid},
		{"a link in a zip", "a.zip", []entry{{name: "a", link: "/etc"}}, farm.Invalid},
		{"a hard link", "a.tar.xz", []entry{{name: "a", link: "/etc/passwd", kind: tar.TypeLink}}, farm.Invalid},
		{"a device", "a.tar.xz", []entry{{name: "a", kind: tar.TypeChar}}, farm.Invalid},
		{"too large", "a.tar.xz", []entry{{name: "a", text: strings.Repeat("x", 1<<19)}, {name: "b", text: strings.Repeat("x", 1<<19+1)}}, farm.TooLarge},
		{"a zip that is too large", "a.zip", []entry{{name: "a", text: strings.Repeat("x", 1<<20+1)}}, farm.TooLarge},
		{"too many files", "a.tar.xz", many, farm.TooLarge},
		{"another archive", "a.dmg", []entry{{name: "a"}}, farm.Invalid},
	} {
		dir := filepath.Join(t.TempDir(), "inner", "dir")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		err := Archive(t.Context(), pack(t, c.archive, c.entries...), dir, usual)
		if err == nil || farm.KindOf(err) != c.kind {
			t.Errorf("%s: %v", c.name, err)
		}
		if names, _ := os.ReadDir(filepath.Dir(dir)); len(names) != 1 {
			t.Errorf("%s: %v was written outside", c.name, names)
		}
	}
}

// A link that was unpacked before does not lead a later file out of the folder: it
// cannot be made in the first place, and no file is written over one.
func TestFilesAreNotWrittenThroughLinks(t *testing.T) {
	dir := t.TempDir()
	err := Archive(t.Context(), pack(t, "a.tar.xz", entry{name: "a", text: "old"}, entry{name: "b", link: "a"}, entry{name: "b", text: "new"}), dir, usual)
	if text, _ := os.ReadFile(filepath.Join(dir, "a")); err == nil || string(text) != "old" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestDamagedAndCanceled(t *testing.T) {
	whole := pack(t, "a.tar.xz", entry{name: "a", text: strings.Repeat("text ", 10_000)})
	raw, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(raw); at += 7 {
		raw[at] ^= 0x55
		file := filepath.Join(t.TempDir(), "a.tar.xz")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		raw[at] ^= 0x55
		dir := t.TempDir()
		if err := Archive(t.Context(), file, dir, usual); err != nil {
			continue
		}
		if text, _ := os.ReadFile(filepath.Join(dir, "a")); string(text) != strings.Repeat("text ", 10_000) { // one byte means nothing
			t.Errorf("byte %d of %d is wrong, and nobody notices", at, len(raw))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Archive(ctx, whole, t.TempDir(), usual); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
