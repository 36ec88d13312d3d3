package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mirrorTask is a task that saves frames in the storage and is held by the worker.
type mirrorTask struct {
	*testServer
	storage, at string // at is the path of its calls
	job         string
}

// newMirrorTask submits a film whose files were copied into the storage, and takes its
// first task.
func (s *testServer) newMirrorTask() *mirrorTask {
	s.t.Helper()
	m := &mirrorTask{testServer: s, storage: filepath.Join(s.home, "storage")}
	m.put("submitted/film/a.blend", "BLENDER")
	m.put("submitted/film/textures/wood.png", "wood")
	m.put("submitted/other/b.blend", "somebody else's")
	m.put("renders/000002.png", "a frame of before")
	m.put("renders/000900.png", "a frame of another task")
	body := strings.NewReplacer("/out", filepath.ToSlash(m.storage)+"/renders", "/s/a.blend", filepath.ToSlash(m.storage)+"/submitted/film/a.blend",
		`"settings":{`, `"metadata":{"submitted-folder":"film"},"settings":{`, `"name":"film"`, `"name":"mirrored","priority":99`).Replace(filmJob)
	m.job = s.want(200, "POST", "/api/v3/jobs", body).text("id")
	m.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["blender"],"software_version":"1"}`)
	m.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	m.at = "/api/farm/worker/task/" + s.want(200, "POST", "/api/v3/worker/task", "").text("uuid") + "/"
	return m
}

func (m *mirrorTask) put(name, text string) {
	m.t.Helper()
	file := filepath.Join(m.storage, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// query names a file with this content.
func query(name, text string) string {
	sum := sha256.Sum256([]byte(text))
	return url.Values{"path": {name}, "sha256": {hex.EncodeToString(sum[:])}, "size": {fmt.Sprint(len(text))}}.Encode()
}

// has expects a file of the storage with this content.
func (m *mirrorTask) has(name, text string) {
	m.t.Helper()
	if got, err := os.ReadFile(filepath.Join(m.storage, filepath.FromSlash(name))); err != nil || string(got) != text {
		m.t.Errorf("%s has %q, and not %q: %v", name, got, text, err)
	}
}

// mirrorCalls does what a worker with a mirror does for a task.
func (s *testServer) mirrorCalls() {
	s.t.Helper()
	m := s.newMirrorTask()
	list := m.want(200, "GET", m.at+"files", "")
	for _, want := range []string{`"path":"submitted/film/a.blend"`, `"path":"submitted/film/textures/wood.png"`, `"path":"renders/000002.png"`, `"optional":true`} {
		if !strings.Contains(string(list.body), want) {
			m.t.Errorf("%s is not in %s", want, list.body)
		}
	}
	if strings.Contains(string(list.body), "000900") {
		m.t.Errorf("a frame of another task is offered: %s", list.body)
	}
	if strings.Contains(string(list.body), "other") {
		m.t.Errorf("a file of another job is offered: %s", list.body)
	}
	wood := m.at + "file?path=submitted/film/textures/wood.png"
	if got := m.want(200, "GET", wood, ""); string(got.body) != "wood" || len(got.header.Get("Farm-SHA256")) != 64 {
		m.t.Errorf("%s, %s", got.body, got.header)
	}
	if got := m.want(206, "GET", wood, "", "Range", "bytes=2-"); string(got.body) != "od" {
		m.t.Errorf("the rest is %s", got.body)
	}
	m.want(400, "GET", wood, "", "Range", "bytes=4-")

	frame := "a whole frame"
	name := query("renders/000001.png", frame)
	if got := m.want(200, "GET", m.at+"upload?"+name, ""); got.get("offset") != 0.0 {
		m.t.Errorf("before it was sent: %s", got.body)
	}
	m.want(204, "PUT", m.at+"file?"+name, frame, "Content-Type", "application/octet-stream")
	m.has("renders/000001.png", frame)
	if got := m.want(200, "GET", m.at+"upload?"+name, ""); got.get("whole") != true {
		m.t.Errorf("after it was sent: %s", got.body)
	}
}

// TestMirrorRefuses asks for and sends what no task reads and saves.
func TestMirrorRefuses(t *testing.T) {
	s := newServer(t)
	s.worker()
	m := s.newMirrorTask()
	m.put("secret.txt", "secret")
	outside := filepath.Join(s.home, "farm.yaml")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(m.storage, "submitted", "film", "link.txt")
	linked := os.Symlink(outside, link) == nil
	for _, file := range []string{"secret.txt", "../farm.yaml", "submitted/film/../../secret.txt", "submitted/other/b.blend", "/etc/passwd", "submitted/film",
		"SUBMITTED/film/a.blend", "submitted/Film/a.blend", "submitted/film/a.blend/", "", "renders/../secret.txt", `submitted\film\a.blend`, "submitted/film/none.png"} {
		if got := m.call("GET", m.at+"file?"+url.Values{"path": {file}}.Encode(), ""); got.status != 403 && got.status != 404 {
			t.Errorf("%q is sent: %d %s", file, got.status, got.body)
		}
	}
	if linked {
		if got := m.call("GET", m.at+"file?path=submitted/film/link.txt", ""); got.status < 400 || strings.Contains(string(got.body), "secret\n") {
			t.Errorf("a link out of the storage is followed: %d %s", got.status, got.body)
		}
		if got := m.want(200, "GET", m.at+"files", ""); strings.Contains(string(got.body), "link.txt") {
			t.Errorf("a link out of the storage is offered: %s", got.body)
		}
		if err := os.Symlink(s.home, filepath.Join(m.storage, "renders", "out")); err != nil {
			t.Fatal(err)
		}
	}
	octets := []string{"Content-Type", "application/octet-stream"}
	for _, file := range []string{"000001.png", "../000001.png", "renders/../000001.png", "renders", "submitted/other/x.png", "Renders/000001.png", "RENDERS/000001.png",
		"/renders/000001.png", "renders/NUL", "renders/com1.png", "renders//000001.png", `renders\000001.png`, ".farm-storage", "renders/out/x.png", "renders/a\x00b"} {
		if !linked && file == "renders/out/x.png" {
			continue
		}
		if got := m.call("PUT", m.at+"file?"+query(file, "frame"), "frame", octets...); got.status < 400 || got.status >= 500 {
			t.Errorf("%q is taken: %d %s", file, got.status, got.body)
		}
	}
	if _, err := os.Stat(filepath.Join(s.home, "x.png")); err == nil {
		t.Error("a file was made outside of the storage")
	}

	// What is announced and what comes are compared, and nothing else is kept.
	name := query("renders/000001.png", "frame")
	m.want(417, "PUT", m.at+"file?"+name, "fram3", octets...)
	m.want(417, "PUT", m.at+"file?"+name, "frame and more", octets...)
	m.want(409, "PUT", m.at+"file?"+name, "me", append(octets, "Upload-Offset", "3")...)
	m.want(400, "PUT", m.at+"file?"+name, "frame", append(octets, "Upload-Offset", "-1")...)
	m.want(400, "PUT", m.at+"file?path=renders/1.png&sha256=00&size=5", "frame", octets...)
	m.want(400, "PUT", m.at+"file?path=renders/1.png&sha256=00&size=x", "frame", octets...)
	m.configure(map[string]string{"mirror_max_file": `"4B"`})
	m.want(413, "PUT", m.at+"file?"+name, "frame", octets...)
	m.configure(map[string]string{"mirror_max_file": `"0"`})

	// The rest of a file follows what came before.
	if got := m.call("PUT", m.at+"file?"+name, "fra", octets...); got.status != 503 && got.status != 408 && got.status != 429 {
		t.Errorf("half a file: %d %s", got.status, got.body)
	}
	if got := m.want(200, "GET", m.at+"upload?"+name, ""); got.get("offset") != 3.0 {
		t.Errorf("after half of it: %s", got.body)
	}
	m.want(204, "PUT", m.at+"file?"+name, "me", append(octets, "Upload-Offset", "3")...)
	m.has("renders/000001.png", "frame")

	// Another worker does not hold the task, and this one does not after it gave it back.
	mine := s.user
	s.worker()
	for _, call := range []string{"files", "file?path=submitted/film/a.blend", "upload?" + name} {
		m.want(409, "GET", m.at+call, "")
	}
	m.want(409, "PUT", m.at+"file?"+name, "frame", octets...)
	s.user = mine
	m.want(204, "POST", "/api/v3/worker/task/"+strings.Split(m.at, "/")[5], `{"taskStatus":"completed"}`)
	m.want(409, "PUT", m.at+"file?"+name, "frame", octets...)
	m.want(404, "GET", "/api/farm/worker/task/00000000-0000-4000-8000-000000000000/files", "")

	m.configure(map[string]string{"mirrors": "false"})
	m.want(412, "GET", m.at+"files", "")
}
