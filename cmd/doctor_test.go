package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A sickFarm is a farm whose computers are looked at: a manager that runs, and the home of a
// worker that signed on, with programs that stand for Blender and FFmpeg.
type sickFarm struct {
	*crashedFarm
	storage string
	bin     string // the only folder on the PATH
	worker  api.RegisteredWorker
	secret  string
}

// a patient is the computer of one case.
type patient struct {
	t       *testing.T
	farm    *sickFarm
	home    string
	bin     string
	env     map[string]string
	side    string
	address string // of the manager
	args    []string
}

func newSickFarm(t *testing.T) *sickFarm {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	f := &sickFarm{crashedFarm: newCrashedFarm(t), secret: "0123456789abcdef"}
	f.storage, f.bin = filepath.Join(f.dir, "shared"), filepath.Join(f.dir, "bin")
	for _, dir := range []string{f.storage, f.bin} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeProgram(t, f.bin, "blender", "echo 'Blender 4.3.2'")
	writeProgram(t, f.bin, "ffmpeg", "echo 'ffmpeg version 7.1 Copyright'")
	t.Setenv("FARM_SHARED_STORAGE", f.storage)
	f.startManager(t, "127.0.0.1:0")
	var err error
	if f.worker, err = f.client.RegisterWorker(t.Context(), api.WorkerRegistration{Secret: f.secret, Platform: runtime.GOOS, Name: "sick", SupportedTaskTypes: []string{"blender"}}); err != nil {
		t.Fatal(err)
	}
	return f
}

func writeProgram(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// computer returns a healthy worker's computer.
func (f *sickFarm) computer(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, farm: f, home: t.TempDir(), bin: t.TempDir(), env: map[string]string{}, side: "worker", address: f.client.Base}
	for _, name := range []string{"blender", "ffmpeg"} {
		text, err := os.ReadFile(filepath.Join(f.bin, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(p.bin, name), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.write("worker/identity.yaml", fmt.Sprintf("worker_id: %s\nworker_secret: %s\nname: \"sick\"\n", f.worker.UUID, f.secret))
	return p
}

func (p *patient) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.home, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// examine runs "farm doctor" there, and returns the names of what it finds.
func (p *patient) examine() (names []string, status int) {
	p.t.Helper()
	args := []string{"doctor", "--json", "--home", p.home, "--side", p.side}
	if p.side == "worker" {
		args = append(args, "--manager", p.address, "--name", "sick")
	}
	farm, err := exec.LookPath("farm")
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), farm, append(args, p.args...)...)
	c.Env = []string{"PATH=" + p.bin, "HOME=" + p.home, "FARM_FIND_BLENDERS=false"}
	for name, value := range p.env {
		c.Env = append(c.Env, name+"="+value)
	}
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	var found examined
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		p.t.Fatalf("%v:\n%s%s", err, out.String(), said.String())
	}
	errorsToo := false
	for _, f := range found.Findings {
		names = append(names, f.Name)
		errorsToo = errorsToo || f.Level == "error"
		if f.What == "" || f.Why == "" || f.Fix == "" {
			p.t.Errorf("something is not said: %+v", f)
		}
		p.t.Logf("%s: %s. %s. %s", f.Name, f.What, f.Why, f.Fix)
	}
	if status = c.ProcessState.ExitCode(); (status == exitFailed) != errorsToo || status != exitFailed && status != exitOK {
		p.t.Errorf("the status is %d with %q", status, names)
	}
	return names, status
}

// mount mounts a file system for the time of a test.
func mount(t *testing.T, dir, options string) {
	t.Helper()
	if os.Getuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("only root may mount file systems")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "farm-test", dir).CombinedOutput(); err != nil {
		t.Skipf("this system does not let root mount a file system: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}

func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "full"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(block)
	}
}

// serve answers as a manager's address does not.
func (p *patient) serve(h http.Handler) {
	s := httptest.NewServer(h)
	p.t.Cleanup(s.Close)
	p.address = s.URL
}

// standIn passes on to the manager, and lets a test change the answers.
func (p *patient) standIn(change func(*http.Response) error) {
	to, err := url.Parse(p.farm.client.Base)
	if err != nil {
		p.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = change
	p.serve(proxy)
}

// known writes what a worker found out about its Blender when it ran.
func (p *patient) known(device string, eevee bool) {
	path := filepath.Join(p.bin, "blender")
	info, err := os.Stat(path)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := json.Marshal([]map[string]any{{"version": "4.3.2", "path": path, "eevee": eevee, "devices": []farm.RenderDevice{{Type: device, Name: "a device"}},
		"modified": info.ModTime(), "size": info.Size(), "probed": time.Now()}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("worker/blenders.json", string(text))
}

// another signs another worker on.
func (p *patient) another(name, blender string) {
	p.t.Helper()
	client := p.farm.client
	w, err := client.RegisterWorker(p.t.Context(), api.WorkerRegistration{Secret: "another", Platform: "linux", Name: name, SupportedTaskTypes: []string{"blender"}})
	if err != nil {
		p.t.Fatal(err)
	}
	on := api.WorkerSignOn{Name: name, SupportedTaskTypes: []string{"blender"}, Facts: &api.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: blender, Path: "/blender"}}}}
	if _, err := client.WithCredentials(w.UUID, "another").SignOn(p.t.Context(), on); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := client.DeleteWorker(context.WithoutCancel(p.t.Context()), w.UUID); err != nil {
			p.t.Error(err)
		}
	})
}

// TestDoctorFindsFaults does one thing after the other to a healthy computer, and expects that to be
// found and nothing else.
func TestDoctorFindsFaults(t *testing.T) {
	f := newSickFarm(t)
	for _, side := range []string{"worker", "manager"} {
		p := f.computer(t)
		if p.side = side; side == "manager" {
			p.env["FARM_LISTEN"] = "127.0.0.1:0"
		}
		if names, _ := p.examine(); len(names) > 0 {
			t.Errorf("the healthy computer of a %s has %q", side, names)
		}
	}
	names := []string{}
	for name := range faults {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if name == "port-blocked" || name == "name-unknown" {
				t.Parallel() // they wait for what does not come
			}
			p := f.computer(t)
			if name == "listen" || name == "port-taken" || name == "storage-links" {
				p.env["FARM_LISTEN"] = "127.0.0.1:0"
			}
			faults[name](p)
			if found, _ := p.examine(); !slices.Equal(found, []string{name}) {
				t.Errorf("it has %q", found)
			}
		})
	}
}

// TestFindingsReachTheManager has a worker find something when it signs on, and shows it where
// people look.
func TestFindingsReachTheManager(t *testing.T) {
	f := newSickFarm(t)
	t.Setenv("OCIO", filepath.Join(f.dir, "none.ocio"))
	t.Setenv("FARM_FIND_BLENDERS", "false")
	w := f.start(t, "worker", "work", "--home", filepath.Join(f.dir, "worker"), "--manager", f.client.Base, "--name", "colorful")
	if err := w.await("something is wrong with this computer"); err != nil {
		t.Fatal(err)
	}
	s := testSession(t, map[string]string{"FARM_MANAGER": f.client.Base})
	var shown strings.Builder
	s.out, s.errOut = &shown, &shown
	if status := run(t.Context(), s, []string{"workers", "show", "colorful", "--home", s.home}); status != exitOK || !strings.Contains(shown.String(), "the environment variable OCIO names") {
		t.Errorf("status %d:\n%s", status, shown.String())
	}
	if err := f.manager.await("this computer was looked at"); err != nil {
		t.Fatal(err)
	}
	found, err := f.client.FetchFindings(t.Context())
	if err != nil || found.Checked.IsZero() {
		t.Errorf("the manager's own computer: %+v, %v", found, err)
	}
	for _, one := range found.Findings {
		t.Errorf("on the healthy computer of the manager: %+v", one)
	}
}
