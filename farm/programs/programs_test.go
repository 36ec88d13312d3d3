package programs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// script writes an executable shell script and returns its path.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("shell scripts stand in for programs here")
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindOnPath(t *testing.T) {
	dir := t.TempDir()
	blender := script(t, dir, "blender", "exit 0")
	ffmpeg := script(t, dir, "ffmpeg", "exit 0")
	other := script(t, dir, "blender-5.1", "exit 0")
	t.Setenv("PATH", dir)
	for _, c := range []struct {
		find      func(context.Context, string) (string, error)
		exe, want string
	}{
		{Blender, "blender", blender}, {Blender, "", blender}, {Blender, " blender ", blender},
		{Blender, "blender-5.1", other}, {Blender, other, other},
		{FFmpeg, "ffmpeg", ffmpeg}, {FFmpeg, "", ffmpeg}, {FFmpeg, ffmpeg, ffmpeg},
	} {
		got, err := c.find(t.Context(), c.exe)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.exe, got, err, c.want)
		}
	}
}

func TestNotFoundTellsTheNextStep(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	plain := filepath.Join(dir, "plain.txt")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		find func(context.Context, string) (string, error)
		exe  string
		says []string
	}{
		{FFmpeg, "ffmpeg", []string{"FFmpeg", "PATH", "tools", "install"}},
		{Blender, "blender-9", []string{"Blender", `"blender-9"`, "PATH", "farm.yaml"}},
		{Blender, filepath.Join(dir, "gone"), []string{"no such file"}},
		{Blender, plain, []string{"not an executable file"}},
		{FFmpeg, dir, []string{"FFmpeg", "install"}},
	} {
		_, err := c.find(t.Context(), c.exe)
		if farm.KindOf(err) != farm.NotFound {
			t.Errorf("%q: %v is of kind %v", c.exe, err, farm.KindOf(err))
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %q does not say %q", c.exe, err, want)
			}
		}
	}
}

func TestCanceledLookUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Blender(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := FFmpeg(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestToolsBesideTheExecutable(t *testing.T) {
	dir := t.TempDir()
	own := script(t, dir, "opt/farm", "")
	if _, ok := inTools(own); ok {
		t.Fatal("found FFmpeg in a folder that does not exist")
	}
	// From the least to the most specific name: each is preferred to those before it.
	for _, name := range []string{"ffmpeg", "ffmpeg-" + runtime.GOOS, "ffmpeg-" + runtime.GOOS + "-" + runtime.GOARCH} {
		want := script(t, dir, "opt/tools/"+name, "")
		if got, ok := inTools(own); !ok || got != want {
			t.Errorf("got %q, %v; want %q", got, ok, want)
		}
	}
	link := filepath.Join(dir, "farm")
	if err := os.Symlink(own, link); err != nil {
		t.Fatal(err)
	}
	if got, ok := inTools(link); !ok || !strings.Contains(got, "tools") {
		t.Errorf("through a link: %q, %v", got, ok)
	}
}

func TestVersion(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, body, want, says string }{
		{"blender", `[ "$1" = --version ] && printf 'Blender 4.2.1 LTS\n\tbuild date: 1\n'`, "4.2.1 LTS", ""},
		{"ffmpeg", `[ "$1" = -version ] && echo 'ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024'`, "5.1.6-0+deb12u1", ""},
		{"ffmpeg-linux", `echo 'avconv version 1'`, "", "is not FFmpeg"},
		{"blender-fails", `exit 7`, "", "exit status 7"},
		{"blender-silent", `exit 0`, "", "is not Blender"},
		{"blender-endless", `yes 'Blender 4.0'`, "", "within"},
	} {
		p := blenderProbe
		if strings.HasPrefix(c.name, "ffmpeg") {
			p = ffmpegProbe
		}
		p.limit = 2 * time.Second
		if c.name == "blender-endless" {
			p.limit = 300 * time.Millisecond
		}
		got, err := p.ask(t.Context(), script(t, dir, c.name, c.body))
		if got != c.want || (err == nil) != (c.says == "") {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		} else if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q does not say %q", c.name, err, c.says)
		}
	}
}

func TestVersionOfTheRealPrograms(t *testing.T) {
	for _, find := range []func(context.Context, string) (string, error){Blender, FFmpeg} {
		path, err := find(t.Context(), "")
		if err != nil {
			t.Skip(err)
		}
		if version, err := Version(t.Context(), path); err != nil || version == "" {
			t.Errorf("%s: %q, %v", path, version, err)
		}
	}
}

func TestOpenedWith(t *testing.T) {
	for command, want := range map[string]string{
		`"C:\Program Files\Blender Foundation\Blender 4.2\blender-launcher.exe" "%1"`: `C:\Program Files\Blender Foundation\Blender 4.2\blender.exe`,
		`"D:\b\blender.exe" "%1"`:                 `D:\b\blender.exe`,
		`C:\Program Files\Blender\blender.exe %1`: `C:\Program Files\Blender\blender.exe`,
		`D:\b\BLENDER-LAUNCHER.EXE`:               `D:\b\blender.exe`,
		``:                                        ``,
		`"`:                                       ``,
	} {
		if got := openedWith(command); got != want {
			t.Errorf("%s: got %s, want %s", command, got, want)
		}
	}
}
