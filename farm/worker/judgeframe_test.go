//go:build !windows

package worker

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// All bad files are moved out of the way, and none takes another's place.
func TestBadFramesAreMovedAside(t *testing.T) {
	dir, begun := t.TempDir(), time.Now()
	path := func(name string) string { return filepath.Join(dir, name) }
	judge := testJudge(lookAtFrame)
	judge.begun, judge.mode = begun, 0o640
	var log []string
	judge.log = func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	f := newFrames(t.Context(), judge)
	frameFile(t, path("old.png"), 1)
	if err := os.Chtimes(path("old.png"), begun, begun.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path("old.png"), path("there.png")); err != nil {
		t.Fatal(err)
	}
	frameFile(t, path("good.png"), 1)
	frameFile(t, path("small.png"), 1)
	frameFile(t, path("odd.png"), 1)
	write(t, path("half.png"), "\x89PNG\r\n\x1a\n")
	write(t, path("half.png.broken"), "older")
	write(t, path("empty.png"), "")
	want := &imageFacts{Width: 32, Height: 18}
	for _, file := range []savedFile{
		{path: path("good.png"), own: true, want: want}, {path: path("old.png")}, {path: path("there.png"), there: true, want: want},
		{path: path("small.png"), want: &imageFacts{Width: 33, Height: 18}}, {path: path("odd.png"), want: &imageFacts{Width: 33, Height: 17, Slack: 1}},
		{path: path("half.png")}, {path: path("empty.png"), there: true},
	} {
		f.add(t.Context(), file)
	}
	found, err := f.check(t.Context())
	if err != nil || found.saved != 7 {
		t.Errorf("%d saved, %v", found.saved, err)
	}
	var says []string
	for _, b := range found.bad {
		says = append(says, strings.ReplaceAll(b.err.Error(), dir+"/", ""))
	}
	if got := strings.Join(says, "\n"); got != "frame old.png is stale: Blender said that it saved it, and the file is of "+begun.Add(-time.Hour).UTC().Format(time.RFC3339)+` (it is now named .broken)
frame small.png has the wrong size: it has 32 by 18 pixels, and the scene's have 33 by 18 (it is now named .broken)
frame half.png is incomplete: the png file is cut short (it is now named .broken2)
frame empty.png is incomplete: the file is empty: is the disk full? (it is now named .broken)` {
		t.Errorf("%s", got)
	}
	if broken := found.broken(); !strings.HasSuffix(broken.Error(), "; 3 more files are not right either") {
		t.Error(broken)
	}
	if names := filesIn(t, dir); names != "empty.png.broken good.png half.png.broken half.png.broken2 odd.png old.png.broken small.png.broken there.png" || read(t, path("half.png.broken")) != "older" {
		t.Errorf("files %s", names)
	}
	for name, mode := range map[string]fs.FileMode{"good.png": 0o640, "there.png": 0o644} {
		if info, err := os.Stat(path(name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if len(log) > 0 {
		t.Errorf("log %q", log)
	}
}
