package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

func TestOptionsAreChecked(t *testing.T) {
	dir, tooMuch := t.TempDir(), 1001
	good := Options{Manager: "farm.local", Dir: dir, Name: "n"}
	cases := []struct {
		name   string
		change func(o *Options)
		want   string // in the error; "" for none
	}{
		{"good", func(o *Options) {}, ""},
		{"all that can be given", func(o *Options) { o.TaskTypes, o.RestartExitCode, o.Version = []string{"misc"}, 255, "1" }, ""},
		{"no manager", func(o *Options) { o.Manager = "" }, "manager"},
		{"no address", func(o *Options) { o.Manager = "ftp://x" }, "http"},
		{"no folder", func(o *Options) { o.Dir = "" }, "folder"},
		{"long name", func(o *Options) { o.Name = strings.Repeat("n", 129) }, "129 bytes"},
		{"longest name", func(o *Options) { o.Name = strings.Repeat("n", 128) }, ""},
		{"many types", func(o *Options) { o.TaskTypes = manyTypes(65) }, "65 task types"},
		{"as many types as can be", func(o *Options) { o.TaskTypes = manyTypes(64) }, ""},
		{"long type", func(o *Options) { o.TaskTypes = []string{strings.Repeat("t", 129)} }, "129 bytes"},
		{"strange name", func(o *Options) { o.Name = "a\nb" }, "control characters"},
		{"no types", func(o *Options) { o.TaskTypes = []string{" "} }, "task types"},
		{"exit code", func(o *Options) { o.RestartExitCode = 256 }, "256"},
		{"OOM score", func(o *Options) { o.Limits.OOM = &tooMuch }, "1001"},
	}
	for _, c := range cases {
		o := good
		c.change(&o)
		_, err := New(o)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func manyTypes(n int) (types []string) {
	for i := range n {
		types = append(types, fmt.Sprint("type", i))
	}
	return types
}

func TestNameAndTypes(t *testing.T) {
	t.Setenv("FLAMENCO_WORKER_NAME", "old")
	w, err := New(Options{Manager: "farm.local", Dir: t.TempDir(), TaskTypes: []string{" Blender ", "misc", "blender", ""}})
	if err != nil {
		t.Fatal(err)
	}
	if w.options.Name != "old" || !slices.Equal(w.options.TaskTypes, []string{"blender", "misc"}) {
		t.Errorf("name %q, types %q", w.options.Name, w.options.TaskTypes)
	}
	if got := w.StatusLine(); got != "old: starting" {
		t.Errorf("status %q", got)
	}
	t.Setenv("FARM_WORKER_NAME", "new")
	if name, err := chooseName(""); name != "new" || err != nil {
		t.Errorf("%q %v", name, err)
	}
	if name, err := chooseName("given"); name != "given" || err != nil {
		t.Errorf("%q %v", name, err)
	}
}

func TestIdentityFile(t *testing.T) {
	dir := t.TempDir()
	if known, err := loadIdentity(dir, testLog(t)); err != nil || known != (identity{}) {
		t.Errorf("none: %+v %v", known, err)
	}
	want := identity{farm.WorkerID(farm.NewUUID().String()), newSecret(), "the: worker"}
	for range 2 {
		if err := want.save(dir); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := loadIdentity(dir, testLog(t)); err != nil || got != want {
		t.Errorf("%+v %v, want %+v", got, err, want)
	}
	path := filepath.Join(dir, identityFile)
	for _, damaged := range []string{"", "worker_id: x", "worker_id: " + string(want.ID), "\x00\xff", "# worker_id: " + string(want.ID)} {
		write(t, path, damaged)
		if got, err := loadIdentity(dir, testLog(t)); err != nil || got != (identity{}) {
			t.Errorf("%q: %+v %v", damaged, got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files left: %v %v", entries, err)
	}
}

func TestTwoWorkersNeedTwoFolders(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := newFakeManager()
	stop, _ := m.worker(t, dir)
	if err := stop(); farm.KindOf(err) != farm.Conflict || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second worker in the folder: %v", err)
	}
	unlock()
	again, err := lockDir(dir)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	again()
}

func TestRunNeedsItsFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	stop, _ := newFakeManager().worker(t, filepath.Join(file, "below"))
	if err := stop(); err == nil || errors.Is(err, ErrShutdown) {
		t.Errorf("Run: %v", err)
	}
}
