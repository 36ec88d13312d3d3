package server_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"renderfarm/farm/api"
)

// A testHost is the program around the server, which remembers what it was told.
type testHost struct {
	mu       sync.Mutex // guards what follows
	here     bool
	blenders []string
}

func (h *testHost) OnlyHere() (only, movable bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.here, true
}

func (h *testHost) ListenOnly(_ context.Context, here bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.here = here
	return nil
}

func (h *testHost) Blenders() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.blenders
}

func (h *testHost) AddBlender(path string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.blenders = append(h.blenders, path)
	return nil
}

// saved makes the configuration's file, as a real one is made.
func (s *testServer) saved() error {
	return os.WriteFile(filepath.Join(s.home, "farm.yaml"), nil, 0o600)
}

// program makes a program that answers like a Blender of that version.
func program(t testing.TB, name, version string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho 'Blender "+version+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// setUpCalls calls each operation of the set-up with a success.
func (s *testServer) setUpCalls() {
	blender, storage := program(s.t, "blender", "4.2.1"), s.t.TempDir()
	if got := s.want(200, "POST", "/api/v3/configuration/check/shared-storage", `{"path":"`+storage+`"}`); got.get("is_usable") != true || got.text("path") != storage {
		s.t.Errorf("%s", got.body)
	}
	if got := s.want(200, "POST", "/api/v3/configuration/check/shared-storage", ""); got.get("is_usable") != false || got.text("cause") == "" {
		s.t.Errorf("%s", got.body)
	}
	s.want(200, "GET", "/api/v3/configuration/check/blender", "")
	got := s.want(200, "POST", "/api/v3/configuration/check/blender", `{"path":"`+blender+`"}`)
	if got.get("is_usable") != true || got.text("cause") != "Blender 4.2.1" || got.text("source") != "input_path" || got.text("input") != blender {
		s.t.Errorf("%s", got.body)
	}
	s.want(204, "POST", "/api/v3/configuration/setup-assistant", `{"storageLocation":"`+storage+`","blenderExecutable":`+string(got.body)+`}`)
	if c := s.manager.Config(); c.SharedStoragePath != storage || c.Variables.Values("workers", runtime.GOOS)["blender"].Value != blender || c.Variables.Values("workers", "windows")["blender"].Value != "blender.exe" {
		s.t.Errorf("%+v", c)
	}
	s.want(200, "GET", "/api/farm/setup", "")
	s.want(200, "GET", "/api/farm/setup/programs", "")
	if got := s.want(200, "POST", "/api/farm/setup/storage", `{"path":"","use":true}`); got.get("used") != true || s.manager.Config().SharedStoragePath != "" {
		s.t.Errorf("%s", got.body)
	}
	if got := s.want(200, "POST", "/api/farm/setup/blender", `{"path":"`+filepath.Dir(blender)+`","use":true}`); got.text("path") != blender || len(s.host.Blenders()) != 1 {
		s.t.Errorf("%s", got.body)
	}
	if got := s.want(200, "POST", "/api/farm/setup/network", `{"only_here":true}`); got.get("only_here") != true || s.manager.Config().Listen != "127.0.0.1:8080" {
		s.t.Errorf("%s: %s", got.body, s.manager.Config().Listen)
	}
	if pending := s.configuration().Pending; len(pending) > 0 {
		s.t.Errorf("%v shall wait for a restart", pending)
	}
	s.want(200, "POST", "/api/farm/setup/network", `{"only_here":false}`)
	s.want(204, "POST", "/api/farm/setup/done", "")
}

// TestFirstRun: whoever reaches a farm that nobody has set up may set it up, and nobody
// over the network may afterwards.
func TestFirstRun(t *testing.T) {
	s := newServer(t)
	storage := t.TempDir()
	first := func() (v3, ours bool) {
		var up api.SetUp
		if err := json.Unmarshal(s.want(200, "GET", "/api/farm/setup", "", far...).body, &up); err != nil {
			t.Fatal(err)
		}
		if up.FirstRun != up.MaySetUp || up.MayMove {
			t.Errorf("%+v", up)
		}
		return s.want(200, "GET", "/api/v3/configuration", "").get("isFirstRun") == true, up.FirstRun
	}
	if v3, ours := first(); !v3 || !ours {
		t.Error("this is not the first run")
	}
	// A stranger can have no other program started, nor be locked out.
	other := program(t, "other", "4.2.1")
	for _, path := range []string{"/api/farm/setup/blender", "/api/v3/configuration/check/blender"} {
		got := s.want(200, "POST", path, `{"path":"`+other+`"}`, far...)
		if strings.Contains(string(got.body), "4.2.1") || !strings.Contains(string(got.body), "is called blender") {
			t.Errorf("%s", got.body)
		}
	}
	s.want(403, "POST", "/api/farm/setup/network", `{"only_here":true}`, far...)
	if got := s.want(200, "POST", "/api/farm/setup/storage", `{"path":"`+storage+`","use":true}`, far...); got.get("used") != true {
		t.Errorf("%s", got.body)
	}
	if v3, ours := first(); v3 || ours {
		t.Error("this is still the first run")
	}
	for path, body := range map[string]string{"/api/farm/setup/storage": `{"path":""}`, "/api/farm/setup/blender": `{"path":"blender"}`, "/api/farm/setup/network": `{"only_here":false}`, "/api/farm/setup/done": "",
		"/api/v3/configuration/check/shared-storage": `{"path":"/"}`, "/api/v3/configuration/check/blender": `{"path":"blender"}`, "/api/v3/configuration/setup-assistant": `{}`} {
		s.want(403, "POST", path, body, far...)
	}
	s.want(403, "GET", "/api/farm/setup/programs", "", far...)
	s.want(403, "GET", "/api/v3/configuration/check/blender", "", far...)
	if s.manager.Config().SharedStoragePath != storage {
		t.Error(s.manager.Config().SharedStoragePath)
	}
}

// TestFirstJobEndsFirstRun: a farm that works is set up.
func TestFirstJobEndsFirstRun(t *testing.T) {
	s := newServer(t)
	s.submit()
	if s.want(200, "GET", "/api/farm/setup", "").get("first_run") != false {
		t.Error("a farm with a job asks to be set up")
	}
}

// TestSetUpRefuses takes no folder and no program that cannot be used, whatever the client says.
func TestSetUpRefuses(t *testing.T) {
	s := newServer(t)
	storage, blender := t.TempDir(), program(t, "blender", "4.2.1")
	silent := filepath.Join(t.TempDir(), "blender")
	if err := os.WriteFile(silent, []byte("#!/bin/sh\necho no\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for body, says := range map[string]string{
		`{"storageLocation":"","blenderExecutable":{"input":"","path":"","source":"default","is_usable":true,"cause":""}}`:                                        "storageLocation",
		`{"storageLocation":"` + storage + `/none","blenderExecutable":{"input":"","path":"","source":"default","is_usable":true,"cause":""}}`:                    "no such folder",
		`{"storageLocation":"` + storage + `","blenderExecutable":{"input":"","path":"","source":"default","is_usable":false,"cause":""}}`:                        "not usable",
		`{"storageLocation":"` + storage + `","blenderExecutable":{"input":"","path":"","source":"path_envvar","is_usable":true,"cause":""}}`:                     "input",
		`{"storageLocation":"` + storage + `","blenderExecutable":{"input":"","path":"","source":"system_location","is_usable":true,"cause":""}}`:                 "path",
		`{"storageLocation":"` + storage + `","blenderExecutable":{"input":"` + blender + `","path":"","source":"","is_usable":true,"cause":""}}`:                 "source",
		`{"storageLocation":"` + storage + `","blenderExecutable":{"input":"","path":"` + silent + `","source":"input_path","is_usable":true,"cause":"Blender"}}`: "blenderExecutable: ",
	} {
		if got := s.want(400, "POST", "/api/v3/configuration/setup-assistant", body); !strings.Contains(got.text("message"), says) {
			t.Errorf("%s: %s", body, got.body)
		}
	}
	for _, path := range []string{"/", s.home, filepath.Dir(s.home), storage + "/none", "relative", `\\nas\farm`, "Z:\\\\farm"} {
		escaped, _ := json.Marshal(path)
		if got := s.want(200, "POST", "/api/farm/setup/storage", `{"path":`+string(escaped)+`,"use":true}`); got.get("usable") != false || got.text("cause") == "" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if c := s.manager.Config(); c.SharedStoragePath != "" {
		t.Errorf("%s is used", c.SharedStoragePath)
	}
}
