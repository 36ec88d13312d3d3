package worker

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every parameter that is missing or wrong is named, with its command, before
// anything is done.
func TestParametersAreChecked(t *testing.T) {
	list := func(v ...any) []any { return v }
	cases := []struct {
		c    string
		args []any
		want string // in the error
	}{
		{"blender-render", []any{"blendfile", "a.blend"}, `blender-render: parameter "exe" is missing`},
		{"blender-render", []any{"exe", "blender"}, `blender-render: parameter "blendfile" is missing`},
		{"blender-render", []any{"exe", "blender", "blendfile", nil}, `parameter "blendfile" is missing`},
		{"blender-render", []any{"exe", 3.0, "blendfile", ""}, `parameter "exe" is 3, and should be a text`},
		{"blender-render", []any{"exe", "b", "blendfile", "", "args", "-x"}, `parameter "args" is "-x", and should be a list`},
		{"blender-render", []any{"exe", "b", "blendfile", "", "exeArgs", `"-b`}, `parameter "exeArgs" cannot be split`},
		{"blender-render", []any{"exe", "b", "blendfile", "", "args", list("a\x00")}, `parameter "args" contains a NUL`},
		{"frames-to-video", []any{"exe", "ffmpeg", "inputGlob", "*.png", "outputFile", "a.mp4"}, `parameter "fps" is missing`},
		{"frames-to-video", []any{"exe", "ffmpeg", "inputGlob", "*.png", "outputFile", "a.mp4", "fps", 0.0}, `parameter "fps" is 0`},
		{"frames-to-video", []any{"exe", "ffmpeg", "inputGlob", "*.png", "outputFile", "a.mp4", "fps", "24"}, `parameter "fps" is "24", and should be a number`},
		{"frames-to-video", []any{"exe", "ffmpeg", "inputGlob", "*.png", "outputFile", "a.mp4", "fps", math.NaN()}, `parameter "fps" is NaN`},
		{"frames-to-video", []any{"exe", "ffmpeg", "outputFile", "a.mp4", "fps", 24.0}, `parameter "inputGlob" is missing`},
		{"make-directory", []any{"path", ""}, `make-directory: parameter "path" is empty`},
		{"move-directory", []any{"src", "/a"}, `parameter "dest" is missing`},
		{"move-directory", []any{"src", "/a", "dest", "/a/"}, `parameter "dest" is "/a/", and so is src`},
		{"copy-file", []any{"src", "a", "dest", "/b"}, `parameter "src" is "a", and should be an absolute path`},
		{"exec", nil, `exec: parameter "exe" is missing`},
		{"exec", []any{"exe", "sh", "args", map[string]any{}}, `parameter "args" is {}, and should be a list`},
		{"echo", nil, `echo: parameter "message" is missing`},
		{"echo", []any{"message", ""}, `parameter "message" is empty`},
		{"sleep", []any{"duration_in_seconds", -1.0}, `parameter "duration_in_seconds" is -1`},
		{"sleep", []any{"duration_in_seconds", 1e300}, `parameter "duration_in_seconds" is 1e+300`},
		{"dance", nil, `unknown command: "dance"`},
	}
	b := newBench(t)
	for _, c := range cases {
		if got := b.do(t.Context(), cmd(c.c, c.args...)); !strings.Contains(got, c.want) {
			t.Errorf("%s %v: %q, want %q", c.c, c.args, got, c.want)
		}
	}
	if log := b.logged(t); log != "" {
		t.Errorf("something was done: %s", log)
	}
}

func TestListsTakeAnyValues(t *testing.T) {
	p := params{Command: cmd("x", "l", []any{"a", 3.0, 23.976, true, nil, -1e6, 1e300}, "none", []any{})}
	if got, want := p.list("l"), []string{"a", "3", "23.976", "true", "", "-1000000", "1e+300"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := p.list("none"); got != nil || p.err != nil {
		t.Errorf("%q %v", got, p.err)
	}
}

func TestEchoAndSleep(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		message any
		want    string
	}{{"hi \"you\"\n", `echo: "hi \"you\"\n"`}, {3.0, `echo: "3"`}, {map[string]any{"a": 1.5}, `echo: "map[a:1.5]"`}} {
		if err := b.do(t.Context(), cmd("echo", "message", c.message)); err != "" {
			t.Error(err)
		}
		if got := b.logged(t); got != c.want+"\n" {
			t.Errorf("log %q, want %q", got, c.want)
		}
	}
	if err := b.do(t.Context(), napping(0.01)); err != "" || b.logged(t) != "slept 10ms\n" {
		t.Errorf("sleep: %s", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	if err := b.do(ctx, napping(1000)); err != errTest.Error() {
		t.Errorf("sleep, canceled: %s", err)
	}
}

func TestExec(t *testing.T) {
	b := newBench(t)
	if err := b.do(t.Context(), cmd("exec", "exe", "/bin/sh", "args", []any{"-c", "echo $0; exit 3", "it's me"})); err != "command exited abnormally with code 3" {
		t.Error(err)
	}
	log := b.logged(t)
	if !strings.HasPrefix(log, "going to run:\n\n    /bin/sh -c 'echo $0; exit 3' 'it'\\''s me'\n\npid=") || !strings.HasSuffix(log, " > it's me\n") {
		t.Errorf("log %q", log)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMakeDirectory(t *testing.T) {
	b, dir := newBench(t), t.TempDir()
	path := filepath.Join(dir, "a", "b")
	for range 2 { // one that exists is fine
		if err := b.do(t.Context(), cmd("make-directory", "path", path)); err != "" {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "file"), "")
	if err := b.do(t.Context(), cmd("make-directory", "path", filepath.Join(dir, "file", "x"))); !strings.Contains(err, "make-directory: ") {
		t.Errorf("below a file: %q", err)
	}
}

func TestMoveDirectory(t *testing.T) {
	b, dir := newBench(t), t.TempDir()
	src, dest := filepath.Join(dir, "src"), filepath.Join(dir, "deep", "dest")
	old := time.Date(2026, 11, 23, 10, 52, 2, 0, time.Local)
	for i, text := range []string{"first", "second", "third", "fourth"} {
		if err := os.Mkdir(src, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(src, "f"), text)
		if err := b.do(t.Context(), cmd("move-directory", "src", src, "dest", dest)); err != "" {
			t.Fatalf("move %d: %s", i, err)
		}
		if err := os.Chtimes(dest, old, old); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"": "fourth", "-2026-11-23_105202": "first", "-2026-11-23_105202-001": "second", "-2026-11-23_105202-002": "third"} {
		if got := read(t, filepath.Join(dest+name, "f")); got != want {
			t.Errorf("dest%s is the %s, want the %s", name, got, want)
		}
	}
	if err := b.do(t.Context(), cmd("move-directory", "src", src, "dest", dest)); !strings.Contains(err, "cannot be moved") {
		t.Errorf("no source: %q", err)
	}
	if read(t, filepath.Join(dest, "f")) != "fourth" {
		t.Error("a move without a source moved the destination away")
	}
}

func TestCopyFile(t *testing.T) {
	b, dir := newBench(t), t.TempDir()
	src, dest := filepath.Join(dir, "src"), filepath.Join(dir, "deep", "er", "dest")
	write(t, src, strings.Repeat("content", 100_000))
	copying := cmd("copy-file", "src", src, "dest", dest)
	if err := b.do(t.Context(), copying); err != "" {
		t.Fatal(err)
	}
	if read(t, dest) != read(t, src) {
		t.Error("the copy differs")
	}
	if log := b.logged(t); log != "copy-file: copying \""+src+"\" to \""+dest+"\"\n" {
		t.Errorf("log %q", log)
	}
	write(t, dest, "precious")
	if err := b.do(t.Context(), copying); !strings.Contains(err, "exists already") || read(t, dest) != "precious" {
		t.Errorf("over a file: %q", err)
	}
	for what, path := range map[string]string{"a folder": dir, "nothing": filepath.Join(dir, "none")} {
		if err := b.do(t.Context(), cmd("copy-file", "src", path, "dest", filepath.Join(dir, "other"))); err == "" {
			t.Errorf("copied %s", what)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	half := filepath.Join(dir, "half")
	if err := b.do(ctx, cmd("copy-file", "src", src, "dest", half)); !strings.Contains(err, errTest.Error()) {
		t.Errorf("canceled: %q", err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a copy was left")
	}
}
