package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/addon"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
	"renderfarm/farm/websubmit"
)

// newDesk takes in submissions for a manager that the client is led to later.
func newDesk(t testing.TB, home string, m *manager.Manager) (*api.Client, *websubmit.Desk) {
	t.Helper()
	self := &api.Client{HTTP: &http.Client{}}
	desk, err := websubmit.New(websubmit.Options{Client: self, Scripts: addon.Pack(), Cache: filepath.Join(home, "cache"), Uploads: filepath.Join(home, "uploads"), Storage: m.SharedFolder, FileStore: m.ShamanEnabled, Open: m.OpenStored})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		desk.Close()
		self.HTTP.CloseIdleConnections()
	})
	return self, desk
}

// scene reads the smallest .blend of the tests.
func scene(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile("../../testdata/scenes/tiny.blend")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// put writes a file into the shared storage.
func (s *testServer) put(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.home, "storage", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// sent begins a submission with a file that is sent, and returns its address.
func (s *testServer) sent(name, content string) string {
	s.t.Helper()
	begun := s.want(200, "POST", "/api/farm/submissions", fmt.Sprintf(`{"name":%q,"size":%d}`, name, len(content)))
	at := "/api/farm/submissions/" + begun.text("id")
	s.want(204, "PUT", at+"/file", content, "Content-Type", "application/octet-stream")
	return at
}

const simple = `{"type":"simple-blender-render","settings":{"frames":"2-3","chunk_size":"1"}}`

// submissionCalls submits one file of the storage and one that is sent.
func (s *testServer) submissionCalls() {
	s.put("shots/a.blend", scene(s.t))
	if got := s.want(200, "GET", "/api/farm/storage?path=shots", ""); got.text("entries.0.name") != "a.blend" {
		s.t.Errorf("the folder: %s", got.body)
	}
	begun := s.want(200, "POST", "/api/farm/submissions", `{"path":"shots/a.blend"}`)
	at := "/api/farm/submissions/" + begun.text("id")
	report := s.want(200, "POST", at+"/check", simple)
	if report.text("settings.frames") != "2-3" || report.text("name") != "a" || report.get("missing") == nil {
		s.t.Errorf("the report: %s", report.body)
	}
	job := s.want(200, "POST", at+"/submit", simple)
	if job.text("name") != "a" || !strings.HasSuffix(job.text("settings.blendfile"), "shots/a.blend") {
		s.t.Errorf("the job: %s", job.body)
	}
	at = s.sent("Möbel \"quoted\".blend", scene(s.t))
	job = s.want(200, "POST", at+"/submit", `{"type":"simple-blender-render","paused":true,"settings":{"frames":"1"}}`)
	if job.text("name") != `Möbel "quoted"` || job.text("status") != "paused" || strings.Contains(job.text("settings.blendfile"), "uploads") {
		s.t.Errorf("the job of a file that was sent: %s", job.body)
	}
	s.want(204, "DELETE", s.sent("b.blend", "x"), "")
	files := map[string][]byte{"c.blend": []byte(scene(s.t)), "wood.png": []byte("x")}
	at, _ = s.beginFolder("c.blend", files)
	s.intoStore(at, files, "c.blend")
	if send, first := s.needs(at); first || len(send) != 0 {
		s.t.Errorf("of the folder %q is needed", send)
	}
	s.want(204, "DELETE", at, "")
	if source := s.want(200, "GET", "/api/farm/jobtypes/simple-blender-render/source", ""); !strings.Contains(source.text("source"), "JOB_TYPE") {
		s.t.Errorf("the script: %s", source.body)
	}
}

// What is submitted from a browser is confined to the storage, whole, and gone afterwards.
func TestSubmissionsAreBounded(t *testing.T) {
	s := newServer(t)
	s.put("a.blend", scene(t))
	s.put("notes.txt", "no scene")
	s.put(".hidden.blend", "x")
	if err := os.WriteFile(filepath.Join(s.home, "outside.blend"), []byte(scene(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := os.Symlink(s.home, filepath.Join(s.home, "storage", "way-out")) == nil // Windows may not let us
	got := s.want(200, "GET", "/api/farm/storage", "")
	var folder struct{ Entries []struct{ Name string } }
	if err := json.Unmarshal(got.body, &folder); err != nil {
		t.Fatal(err)
	}
	for _, e := range folder.Entries {
		if e.Name != "a.blend" && e.Name != "jobs" {
			t.Errorf("%s is listed", e.Name)
		}
	}
	ways := []string{"../outside.blend", "/../outside.blend", "..\\outside.blend", filepath.ToSlash(filepath.Join(s.home, "outside.blend")), "notes.txt", ".hidden.blend", "none.blend", "a.blend/..", "", "a\x00.blend"}
	if linked {
		ways = append(ways, "way-out/outside.blend")
		s.want(404, "GET", "/api/farm/storage?path=way-out", "")
	}
	for _, path := range ways {
		text, _ := json.Marshal(map[string]any{"path": path})
		if got := s.call("POST", "/api/farm/submissions", string(text)); got.status != 404 && got.status != 400 {
			t.Errorf("%q: %d %s", path, got.status, got.body)
		}
	}
	s.want(404, "GET", "/api/farm/storage?path=none", "")
	if got := s.want(200, "GET", "/api/farm/storage?path=../..", ""); got.text("path") != "" {
		t.Errorf("above the storage: %s", got.body)
	}
	for _, name := range []string{"a.txt", "../a.blend", "a/b.blend", ".blend\x00", ""} {
		text, _ := json.Marshal(map[string]any{"name": name, "size": 3})
		s.want(400, "POST", "/api/farm/submissions", string(text))
	}
	s.want(400, "POST", "/api/farm/submissions", `{"name":"a.blend","size":0}`)
	s.want(413, "POST", "/api/farm/submissions", `{"name":"a.blend","size":99999999999999}`)

	// More or less than was announced, and nothing at all.
	begun := s.want(200, "POST", "/api/farm/submissions", `{"name":"a.blend","size":3}`)
	at := "/api/farm/submissions/" + begun.text("id")
	s.want(409, "POST", at+"/check", simple)
	for _, content := range []string{"xx", "xxxx"} {
		s.want(417, "PUT", at+"/file", content, "Content-Type", "application/octet-stream")
		s.want(409, "POST", at+"/submit", simple)
	}
	s.want(204, "PUT", at+"/file", "xxx", "Content-Type", "application/octet-stream")
	if got := s.want(400, "POST", at+"/check", simple); !strings.Contains(got.text("message"), "blend") {
		t.Errorf("no .blend: %s", got.body)
	}
	s.want(204, "DELETE", at, "")
	s.want(404, "POST", at+"/check", simple)
	if left, _ := os.ReadDir(filepath.Join(s.home, "uploads")); len(left) != 0 {
		t.Errorf("%d files that were sent are left", len(left))
	}
	at = s.sent("a.blend", scene(t))
	for _, wrong := range []string{`{"type":"no-such-type"}`, `{"type":"simple-blender-render","settings":{"frames":"x"}}`, `{"type":"simple-blender-render","settings":{"none":"1"}}`, `{"type":"simple-blender-render","priority":101}`} {
		s.want(400, "POST", at+"/check", wrong)
		s.want(400, "POST", at+"/submit", wrong)
	}
}
