//go:build !windows

package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

func TestBestBlender(t *testing.T) {
	all := func(versions ...string) (list []installed) {
		for i, v := range versions {
			list = append(list, installed{WorkerBlender: farm.WorkerBlender{Version: v, Path: fmt.Sprintf("/%d-%s", i, v)}})
		}
		return list
	}
	for _, c := range []struct {
		of, present string
		all         []installed
		want        string
	}{
		{"4.2", "", all("4.2.1"), "/0-4.2.1"},
		{"4.2", "", all("5.2.0", "4.2.1", "4.2.3"), "/1-4.2.1"},
		{"4.2", "/2-4.2.3", all("5.2.0", "4.2.1", "4.2.3"), "/2-4.2.3"},
		{"4.2", "/0-5.2.0", all("5.2.0", "4.2.1 LTS"), "/1-4.2.1 LTS"},
		{"4.0", "/0-5.2.0", all("5.2.0", "4.2.1", "3.6.0"), "/1-4.2.1"},
		{"4.10", "", all("4.9.0", "4.11.0"), "/1-4.11.0"},
		{"5.3", "/0-5.2.0", all("5.2.0", "4.2.1"), ""},
		{"5.3", "", nil, ""},
	} {
		of, _ := farm.ParseBlenderVersion(c.of)
		if got, ok := bestBlender(of, c.present, c.all); got != c.want || ok != (c.want != "") {
			t.Errorf("for a file of %s of %v: %q, want %q", c.of, c.all, got, c.want)
		}
	}
}

// fakeBlender makes a program that says that it is a Blender, and notes each start.
func fakeBlender(t *testing.T, dir, version, count string) {
	t.Helper()
	made := programScript(t, "blender", fmt.Sprintf("echo x >>%q; echo Blender %s", count, version))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(made, filepath.Join(dir, "blender")); err != nil {
		t.Fatal(err)
	}
}

// Each Blender is started once to learn its version, even by workers that start later;
// a new, a changed and a removed one are noticed.
func TestInventory(t *testing.T) {
	dir := t.TempDir()
	home, places, count := filepath.Join(dir, "home"), filepath.Join(dir, "blenders"), filepath.Join(dir, "count")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	look := func() (found []string) {
		w := newBench(t).worker
		w.versions = new(versions) // of another process
		w.options.Dir, w.options.Blenders, w.options.FindBlenders = home, []string{places}, false
		v := newInventory(w)
		v.set(v.load())
		v.look(t.Context())
		v.look(t.Context())
		for _, b := range v.known {
			if strings.HasPrefix(b.Path, places) && !b.Spare {
				found = append(found, b.Version)
			}
		}
		return found
	}
	starts := func() int {
		text, _ := os.ReadFile(count)
		return len(text) / 2
	}
	for i, step := range []struct {
		do     func()
		want   string
		starts int
	}{
		{func() {
			fakeBlender(t, filepath.Join(places, "a"), "4.2.1 LTS", count)
			fakeBlender(t, filepath.Join(places, "b"), "3.6.0", count)
			fakeBlender(t, filepath.Join(places, "c"), "4.2.1 LTS", count)
			fakeBlender(t, filepath.Join(places, "d"), "unheard of", count)
		}, "4.2.1 LTS,3.6.0", 4},
		{func() {}, "4.2.1 LTS,3.6.0", 4 + 1}, // only what is no Blender is asked again
		{func() { fakeBlender(t, filepath.Join(places, "b"), "5.2.0 Alpha and more", count) }, "4.2.1 LTS,5.2.0 Alpha and more", 5 + 2},
		{func() { os.RemoveAll(filepath.Join(places, "a")) }, "5.2.0 Alpha and more,4.2.1 LTS", 7 + 1},
	} {
		step.do()
		if got := strings.Join(look(), ","); got != step.want || starts() != step.starts {
			t.Errorf("step %d: %s after %d starts; want %s after %d", i, got, starts(), step.want, step.starts)
		}
	}
}

// A file is rendered by the Blender of its version, whichever the task calls "blender".
func TestBlenderOfTheRightVersion(t *testing.T) {
	usual, newer := blendertest.Find(t), blendertest.Version(t, "5.2")
	b, dir := newBench(t), t.TempDir()
	w := b.worker
	w.options.Dir, w.options.Blenders = t.TempDir(), []string{newer}
	w.inventory = newInventory(w)
	w.inventory.look(t.Context())
	close(w.inventory.ready)
	files := map[string]string{} // by the Blender that made it
	for _, exe := range []string{usual, newer} {
		files[exe] = filepath.Join(dir, fmt.Sprintf("%d.blend", len(files)))
		if err := (process{exe: exe, line: func(int, string) {}, args: []string{"--background", "--factory-startup", "--python-expr",
			scene + fmt.Sprintf("; bpy.ops.wm.save_as_mainfile(filepath=%q)", files[exe])}}).run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for exe, file := range files {
		out := filepath.Join(dir, filepath.Base(file)+"-")
		render := cmd("blender-render", "exe", "blender", "exeArgs", "--background", "blendfile", file, "argsBefore", []any{},
			"args", []any{"--render-output", out, "--render-format", "PNG", "--render-frame", "1"})
		render.Steps = 1
		if err := b.do(t.Context(), render); err != "" {
			t.Fatalf("%s\n%s", err, b.logged(t))
		}
		version, _ := w.versions.of(t.Context(), exe)
		if log := b.logged(t); !strings.Contains(log, "Blender "+version+": "+exe+"\n") {
			t.Errorf("%s was not rendered by %s:\n%s", file, exe, log)
		}
		if _, err := os.Stat(out + "0001.png"); err != nil {
			t.Error(err)
		}
	}
	// The file of the newer one, where only the usual one is.
	if usual == newer {
		t.Skip("the usual Blender is the newer one")
	}
	w.inventory.set(nil)
	if _, err := w.blenderFor(t.Context(), usual, files[newer], b.Log); err == nil || !strings.Contains(err.Error(), "5.2") {
		t.Errorf("an older Blender takes it: %v", err)
	}
}

// A real Blender says what it can render with.
func TestProbe(t *testing.T) {
	exe := blendertest.Find(t)
	devices, eevee := newBench(t).worker.probeBlender(t.Context(), exe)
	for _, d := range devices {
		if d.Type == "" || d.Name == "" {
			t.Errorf("a device without a name: %+v", d)
		}
	}
	t.Logf("%s: devices %+v, EEVEE %v", exe, devices, eevee)
	broken := programScript(t, "blender", "echo 'farm-x {\"eevee\": true}'; exit 1")
	if devices, eevee := newBench(t).worker.probeBlender(t.Context(), broken); devices != nil || eevee {
		t.Errorf("a program that is no Blender: %v, %v", devices, eevee)
	}
}

// What a Blender can render with is not found out while there is a task, and one that
// comes ends it.
func TestProbeWaitsForALull(t *testing.T) {
	dir := t.TempDir()
	begun, hung := filepath.Join(dir, "begun"), filepath.Join(dir, "hung")
	if err := syscall.Mkfifo(hung, 0o600); err != nil {
		t.Fatal(err)
	}
	exe := programScript(t, "blender", fmt.Sprintf("echo x >>%q; [ ! -e %[2]q ] || { echo x >%[2]q; exec sleep 1000; }", begun, hung))
	w := newBench(t).worker
	v := newInventory(w)
	v.set([]installed{{WorkerBlender: farm.WorkerBlender{Version: "4.2.1", Path: exe}}})
	starts := func() int {
		text, _ := os.ReadFile(begun)
		return strings.Count(string(text), "\n")
	}
	w.lull.over()
	if w.lull.use(t.Context(), v.probe); starts() != 0 {
		t.Fatal("a Blender was asked beside a task")
	}
	w.lull.begin()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.lull.use(t.Context(), v.probe)
	}()
	if _, err := os.ReadFile(hung); err != nil { // waits for it
		t.Fatal(err)
	}
	w.lull.over()
	<-ended
	if !v.known[0].Probed.IsZero() {
		t.Error("half an answer was noted")
	}
	os.Remove(hung)
	w.lull.begin()
	if w.lull.use(t.Context(), v.probe); starts() != 2 || v.known[0].Probed.IsZero() {
		t.Errorf("%d starts, noted %v", starts(), v.known[0].Probed)
	}
}
