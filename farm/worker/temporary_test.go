//go:build !windows

package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// withTemp gives a bench's worker the temporary folder that Run makes.
func withTemp(t *testing.T, b *bench) {
	t.Helper()
	b.worker.temp = t.TempDir()
}

// emptyDir fails the test if the folder has anything in it.
func emptyDir(t *testing.T, dir string) {
	t.Helper()
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("%s: %v, %v", dir, list, err)
	}
}

// A crash leaves its report in the task's log and nothing on the disk, and so does
// a Blender that is killed, in one of its own and in one that stays open.
func TestBlenderCrash(t *testing.T) {
	blendertest.Find(t)
	for _, c := range []struct{ name, signal, says string }{
		{"crash", "SIGSEGV", "the crash report of the program, "},
		{"killed", "SIGKILL", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			withTemp(t, b)
			python := "import bpy, os, signal\nbpy.app.handlers.render_pre.append(lambda *_: os.kill(os.getpid(), signal." + c.signal + "))"
			task := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "", "args",
				[]any{"--python-expr", python, "-o", filepath.Join(t.TempDir(), "####"), "-f", "1"})
			err := b.do(t.Context(), task)
			log := b.logged(t)
			if err == "" || c.says != "" && (!strings.Contains(log, c.says) || !strings.Contains(log, "\n    # Blender ")) || c.says == "" && strings.Contains(log, "crash report") {
				t.Errorf("%s\n%s", err, log)
			}
			emptyDir(t, b.worker.temp)
		})
	}
}

// The crash of an open Blender is told to the task that it rendered for.
func TestWarmCrash(t *testing.T) {
	blendertest.Find(t)
	t.Parallel()
	b := newBench(t)
	withTemp(t, b)
	file := warmFile(t, b, "")
	task := renderOf(file, 1, "--python-expr", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
		"-o", filepath.Join(t.TempDir(), "####"), "-f", "1")
	err := b.do(t.Context(), task)
	log := b.logged(t)
	if err == "" || !strings.Contains(log, "stays open") || strings.Count(log, "the crash report of the program, ") != 2 {
		t.Errorf("%s\n%s", err, log)
	}
	emptyDir(t, b.worker.temp)
}

// What a worker that was killed left behind is removed when it starts again.
func TestTemporaryFolderOfKilledWorker(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	first := openTemp(dir, testLog(t))
	if err := os.Mkdir(filepath.Join(first, "blender_x"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(first, "blender_x", "big"), "much")
	second := openTemp(dir, testLog(t))
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", first, err)
	}
	closeTemp(dir, second)
	emptyDir(t, os.TempDir())

	// What is not the worker's stays, whatever the record says.
	other := t.TempDir()
	write(t, filepath.Join(dir, tempRecord), other)
	closeTemp(dir, openTemp(dir, testLog(t)))
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// What a report may be is bounded.
func TestCrashReportBounds(t *testing.T) {
	place := newWorkplace(t.TempDir())
	if got := place.crashReport(); got != "" {
		t.Errorf("%q without a report", got)
	}
	write(t, filepath.Join(place.dir, "a.crash.txt"), strings.Repeat("x\n", maxCrashReport))
	if got := place.crashReport(); len(got) > 4*maxCrashReport || !strings.Contains(got, "bytes more)") {
		t.Errorf("%d bytes", len(got))
	}
	// One elsewhere is read if the program said so, and if it is of this run.
	old := filepath.Join(t.TempDir(), "b.crash.txt")
	write(t, old, "old")
	past := place.begun.Add(-1e12)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	place.see("Writing: " + old)
	if got := place.crashReport(); got != "" {
		t.Errorf("%q is older", got)
	}
}
