package setup

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestFolder looks at folders of every kind, and leaves nothing in them.
func TestFolder(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	for _, err := range []error{os.Mkdir(home, 0o700), os.WriteFile(file, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := New(home, runtime.GOOS)
	for path, want := range map[string]string{
		dir: "", home + "/storage": "no such folder", filepath.Join(dir, "a", "b"): "is the share mounted", file: "a file, and not a folder",
		home: "its own files", filepath.Dir(home): "its own files", "": "there is no path", "relative": "the whole path", dir + "\x00": "no path",
	} {
		got := c.Folder(t.Context(), path, false)
		if got.Usable != (want == "") || !strings.Contains(got.Cause, want) {
			t.Errorf("%s: %+v, want %q", path, got, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
	// A missing one can be made, if the one above it is there.
	if got := c.Folder(t.Context(), filepath.Join(dir, "new"), false); !got.Missing {
		t.Errorf("%+v", got)
	}
	if got := c.Folder(t.Context(), filepath.Join(dir, "new"), true); !got.Usable || got.Free == 0 {
		t.Errorf("%+v", got)
	}
	if got := c.Folder(t.Context(), filepath.Join(dir, "a", "b"), true); got.Usable || got.Missing {
		t.Errorf("%+v", got)
	}
	if got := c.Folder(t.Context(), filepath.VolumeName(dir)+string(filepath.Separator), false); got.Usable || !strings.Contains(got.Cause, "whole disk") {
		t.Errorf("%+v", got)
	}
}

// TestFolderThatCannotBeWritten is told from one that can.
func TestFolderThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("everything can be written")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if got := New(t.TempDir(), runtime.GOOS).Folder(t.Context(), dir, false); got.Usable || !strings.Contains(got.Cause, "permission denied") || len(got.Advice) == 0 {
		t.Errorf("%+v", got)
	}
}

// TestPathsOfOtherSystems gives advice for drives and network paths.
func TestPathsOfOtherSystems(t *testing.T) {
	for _, c := range []struct{ goos, path, cause, advice string }{
		{"linux", `\\nas\farm\renders`, "network path of Windows", `net use Z: \\nas\farm /persistent:yes`},
		{"linux", `Z:\farm`, "drive of Windows", "/mnt/farm"},
		{"darwin", `z:/farm`, "drive of Windows", "two-way variable"},
		{"windows", `\\nas\farm`, "network paths", `net use Z: \\nas\farm`},
		{"windows", `//nas`, "network paths", `\\NAS\farm`},
		{"windows", `/mnt/farm`, `Z:\farm`, ""},
	} {
		why, advice := New("/home", c.goos).cannotBe(c.path)
		if !strings.Contains(why, c.cause) || !strings.Contains(strings.Join(advice, " "), c.advice) {
			t.Errorf("%s on %s: %q, %q", c.path, c.goos, why, advice)
		}
	}
}

// TestBlenders starts what is called like a Blender, and believes only an answer.
func TestBlenders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	dir := t.TempDir()
	make := func(name, script string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := make("blender-4.2.1/blender", "echo Blender 4.2.1\n")
	bad := make("blender-5.0/blender", "echo I am no renderer\nexit 3\n")
	t.Setenv("PATH", filepath.Dir(good))
	t.Setenv("HOME", dir)
	c := New(t.TempDir(), runtime.GOOS)
	all, err := c.Blenders(t.Context(), []string{filepath.Dir(bad)})
	if err != nil {
		t.Fatal(err)
	}
	find := func(path string) Program {
		i := slices.IndexFunc(all, func(p Program) bool { return p.Path == path || p.Input == path })
		if i < 0 {
			t.Fatalf("%s is not in %+v", path, all)
		}
		return all[i]
	}
	if p := find(good); !p.Usable || p.Version != "4.2.1" || p.Source != FromPath {
		t.Errorf("%+v", p)
	}
	if p := find(bad); p.Usable || p.Cause == "" || p.Source != FromInput {
		t.Errorf("%+v", p)
	}
	for input, want := range map[string]string{good: "", filepath.Dir(good): "", "blender": "", bad: "did not", dir + "/blender-none": "no such file", `\\nas\blender`: "network paths", "": "no path"} {
		if p := c.Blender(t.Context(), input, true); p.Usable != (want == "") || (want != "did not" && !strings.Contains(p.Cause, want)) {
			t.Errorf("%s: %+v", input, p)
		}
	}
	if p := c.Blender(t.Context(), make("bin/ffmpeg", "echo ffmpeg version 7\n"), false); p.Usable {
		t.Errorf("%+v", p)
	}
	if p := c.Blender(t.Context(), "/bin/sh", true); p.Usable || !strings.Contains(p.Cause, "called blender") {
		t.Errorf("%+v", p)
	}
}
