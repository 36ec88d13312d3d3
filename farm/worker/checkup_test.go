package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

const storageMark = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

// storageDir makes a shared storage with its mark.
func storageDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, api.StorageMark), []byte(storageMark+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// programScript makes a program of a shell script.
func programScript(t *testing.T, name, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func newFinder() *finder { return &finder{versions: new(versions)} }

func TestUnable(t *testing.T) {
	blender := programScript(t, "blender", "echo Blender 3.4.1")
	ffmpeg := programScript(t, "ffmpeg", "echo ffmpeg version 5.1.6 Copyright")
	good := api.WorkerNeeds{Storage: filepath.ToSlash(storageDir(t)), StorageID: storageMark, Blender: blender, FFmpeg: ffmpeg}
	another := storageDir(t)
	os.WriteFile(filepath.Join(another, api.StorageMark), []byte("another"), 0o644)
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o644)
	const all = "blender,ffmpeg,file-management"
	for _, c := range []struct {
		name   string
		change func(n *api.WorkerNeeds)
		types  string // that it cannot do, in each entry
		says   string
	}{
		{"nothing is missing", func(n *api.WorkerNeeds) {}, "", ""},
		{"no mark is known", func(n *api.WorkerNeeds) { n.StorageID, n.Storage = "", filepath.ToSlash(t.TempDir()) }, "", ""},
		{"no storage is named", func(n *api.WorkerNeeds) { n.Storage = "" }, "", ""},
		{"no storage", func(n *api.WorkerNeeds) { n.Storage = filepath.ToSlash(filepath.Join(another, "none")) }, all, "is not on this computer: mount it there"},
		{"storage is a file", func(n *api.WorkerNeeds) { n.Storage = filepath.ToSlash(file) }, all, "is not on this computer"},
		{"another storage", func(n *api.WorkerNeeds) { n.Storage = filepath.ToSlash(another) }, all, "another one of the same name"},
		{"another storage without a mark", func(n *api.WorkerNeeds) { n.Storage = filepath.ToSlash(t.TempDir()) }, all, "another one of the same name"},
		{"no Blender", func(n *api.WorkerNeeds) { n.Blender = "/nowhere/blender" }, "blender", "cannot find Blender"},
		{"a Blender that does not start", func(n *api.WorkerNeeds) { n.Blender = programScript(t, "blender", "exit 127") }, "blender", "blender"},
		{"no FFmpeg", func(n *api.WorkerNeeds) { n.FFmpeg = "/nowhere/ffmpeg" }, "ffmpeg", "cannot find FFmpeg"},
		{"neither", func(n *api.WorkerNeeds) { n.FFmpeg, n.Blender = "/nowhere/ffmpeg", "/nowhere/blender" }, "blender;ffmpeg", "cannot find"},
		{"neither, and no storage", func(n *api.WorkerNeeds) { n.Storage, n.Blender = "/nowhere", "/nowhere/blender" }, all, "is not on this computer"},
	} {
		needs := good
		c.change(&needs)
		got := newFinder().unable(t.Context(), needs, DefaultTaskTypes)
		var types []string
		for _, u := range got {
			types = append(types, strings.Join(u.TaskTypes, ","))
			if !strings.Contains(u.Reason, c.says) || len(u.Reason) > farm.MaxReason {
				t.Errorf("%s: %s", c.name, u.Reason)
			}
		}
		if strings.Join(types, ";") != c.types {
			t.Errorf("%s: unable %v", c.name, got)
		}
		if got := able(DefaultTaskTypes, got); len(got)+strings.Count(strings.ReplaceAll(c.types, ";", ","), ",")+min(1, len(c.types)) != len(DefaultTaskTypes) {
			t.Errorf("%s: able %v", c.name, got)
		}
	}
	if names, _ := os.ReadDir(filepath.FromSlash(good.Storage)); len(names) != 1 {
		t.Errorf("left in the storage: %v", names)
	}
	if got := newFinder().unable(t.Context(), api.WorkerNeeds{Storage: "/nowhere", Blender: "/nowhere/blender", FFmpeg: "/nowhere/ffmpeg"}, []string{"misc"}); got != nil {
		t.Errorf("a worker that does nothing of that: %v", got)
	}
}

// A program is started once to see whether it runs, and again when its file changes.
// A program that was slow to start is asked again soon, one that hangs less and less often.
func TestSlowProgramIsAskedAgainSoon(t *testing.T) {
	t.Parallel()
	c := &checkup{find: *newFinder()}
	if c.pause() != checkAlways {
		t.Errorf("all is there: %s", c.pause())
	}
	c.told = []farm.Unable{{TaskTypes: []string{typeBlender}}}
	for slow, want := range []time.Duration{checkAgain, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, checkAgain, checkAgain} {
		if c.find.slow = slow; c.pause() != want {
			t.Errorf("after %d looks: %s", slow, c.pause())
		}
	}
	c.find.slow = 3
	needs := api.WorkerNeeds{Blender: "/nowhere/blender", FFmpeg: programScript(t, "ffmpeg", "exec sleep 60")}
	if got := c.find.unable(t.Context(), needs, []string{typeFFmpeg}); len(got) != 1 || c.find.slow != 4 || !strings.Contains(got[0].Reason, "did not answer") {
		t.Errorf("%v, slow %d", got, c.find.slow)
	}
	if c.find.unable(t.Context(), needs, []string{typeBlender}); c.find.slow != 0 {
		t.Errorf("a missing program is slow %d", c.find.slow)
	}
}

func TestProgramsRunOnce(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	blender := programScript(t, "blender", fmt.Sprintf("echo x >>%q; echo Blender 3.4.1", count))
	f := newFinder()
	for range 3 {
		if _, err := f.versions.of(t.Context(), blender); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(count); len(text) != 2 {
		t.Errorf("it was started %d times", len(text)/2)
	}
	later := programScript(t, "blender", "exit 1")
	if err := os.Rename(later, blender); err != nil {
		t.Fatal(err)
	}
	if _, err := f.versions.of(t.Context(), blender); err == nil {
		t.Error("that it changed is not noticed")
	}
}

// A storage whose server is away must not hold up the worker, and is asked only once.
func TestStorageThatDoesNotAnswer(t *testing.T) {
	f := newFinder()
	f.hung = make(chan struct{})
	needs := api.WorkerNeeds{Storage: filepath.ToSlash(storageDir(t)), StorageID: storageMark}
	if got := f.storage(t.Context(), needs); !strings.Contains(got, "does not answer") {
		t.Errorf("while the first look hangs: %q", got)
	}
	close(f.hung)
	if got := f.storage(t.Context(), needs); got != "" {
		t.Errorf("when it has come back: %q", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f.storage(ended, needs) // returns, whichever is first
}
