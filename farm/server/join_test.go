package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/binaries"
	"renderfarm/farm/server"
)

// joining is what computers need that join this farm.
func (s *testServer) joining() *server.Joining {
	codes, err := access.OpenJoinCodes(s.home)
	if err != nil {
		s.t.Fatal(err)
	}
	programs := binaries.Open(filepath.Join(s.home, "binaries"), "1.2.3")
	s.t.Cleanup(func() { programs.Close() })
	return &server.Joining{Codes: codes, Programs: programs, Base: func() string { return s.base }}
}

// post sends JSON to a name of the manager.
func (s *testServer) post(path, host, body string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Host = host
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return send(s.t, req)
}

// newJoinCode makes a code as the manager's own computer does.
func newJoinCode(t *testing.T, s *testServer, spec string) string {
	t.Helper()
	s.base = "http://192.168.1.10:8080"
	a := s.post("/api/farm/join-codes", "localhost:8080", spec)
	code, _ := a.get("code").(string)
	if a.status != http.StatusOK || code == "" {
		t.Fatalf("no code: %d %s", a.status, a.body)
	}
	if link, _ := a.get("link").(string); link != s.base+"/join/"+code {
		t.Errorf("the link is %q", link)
	}
	if line, _ := a.get("commands.unix").(string); line != "curl -fsSL "+s.base+"/join/"+code+"/worker.sh | sh" {
		t.Errorf("the line is %q", line)
	}
	return code
}

// joinFrom registers a worker from another computer, with a join code.
func joinFrom(s *testServer, code, computer, secret string) answer {
	body := fmt.Sprintf(`{"name":%q,"secret":%q,"platform":"linux","supported_task_types":["blender"]}`, computer, secret)
	return s.post("/api/v3/worker/register-worker", "farm:8080", body, append([]string{"Farm-Join-Code", code + " " + computer}, far...)...)
}

// TestJoinCodeLetsIn has a farm with a key that approves its workers: a code stands for both, once.
func TestJoinCodeLetsIn(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	config := s.manager.Config()
	config.ApproveWorkers = true
	if err := s.manager.SetConfig(config); err != nil {
		t.Fatal(err)
	}
	if a := s.post("/api/farm/join-codes", "farm:8080", `{}`, far...); a.status != http.StatusUnauthorized {
		t.Errorf("anybody makes a code: %d %s", a.status, a.body)
	}
	code := newJoinCode(t, s, `{}`)
	first := joinFrom(s, code, "one", "secret 1")
	again := joinFrom(s, code, "one", "secret 1")
	if first.status != http.StatusOK || again.status != http.StatusOK || first.get("uuid") != again.get("uuid") {
		t.Fatalf("registered: %d %s, again: %d %s", first.status, first.body, again.status, again.body)
	}
	if s.manager.Unapproved(farm.WorkerID(first.get("uuid").(string))) {
		t.Error("it waits for approval")
	}
	if a := joinFrom(s, code, "two", "secret 2"); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "used already, by one") {
		t.Errorf("used twice: %d %s", a.status, a.body)
	}
	for i := range server.WrongKeys + 1 {
		want := http.StatusBadRequest
		if i == server.WrongKeys {
			want = http.StatusTooManyRequests
		}
		if a := joinFrom(s, "AAAA-BBBB-CCCC", "three", "secret 3"); a.status != want {
			t.Errorf("guess %d: %d %s", i, a.status, a.body)
		}
	}
	if workers, err := s.manager.Workers(); err != nil || len(workers) != 1 {
		t.Errorf("there are %d workers, %v", len(workers), err)
	}
}

// TestJoinScripts runs what a good code and a bad one get through a shell that has no program to fetch with, and
// compares the checksum in it with that of the program that is sent.
func TestJoinScripts(t *testing.T) {
	s := newServer(t)
	config := s.manager.Config()
	config.ManagerName = "It's $(touch /tmp/x) \"farm\"\nexit 0"
	if err := s.manager.SetConfig(config); err != nil {
		t.Fatal(err)
	}
	code := newJoinCode(t, s, `{"uses":2,"valid":"10m","note":"shelf"}`)
	script := s.from("GET /join/"+code+"/worker.sh", "farm:8080", far...)
	windows := s.from("GET /join/"+code+"/service.ps1", "farm:8080", far...)
	program, err := os.ReadFile(must(os.Executable()))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	if want := hex.EncodeToString(sum[:]); !bytes.Contains(script.body, []byte(want)) || !bytes.Contains(windows.body, []byte(want)) {
		t.Error("the scripts do not have the program's checksum")
	} else if sent := s.from("GET /join/"+code+"/program/"+want, "farm:8080", far...); !bytes.Equal(sent.body, program) {
		t.Errorf("another program is sent: %d, %d bytes", sent.status, len(sent.body))
	}
	for name, text := range map[string][]byte{"worker.sh": script.body, "service.ps1": windows.body} {
		if bytes.ContainsRune(text, '@') && bytes.Contains(text, []byte("@BASE@")) || bytes.Contains(text, []byte("\nexit 0")) {
			t.Errorf("%s is\n%s", name, text)
		}
	}
	if _, err := exec.LookPath("sh"); err == nil {
		if out, err := exec.Command("sh", "-n", "-c", string(script.body)).CombinedOutput(); err != nil {
			t.Errorf("the script is none: %v %s", err, out)
		}
		bad := s.from("GET /join/AAAABBBBCCCC/worker.sh", "farm:8080", far...)
		out, err := exec.Command("sh", "-c", string(bad.body)).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "farm: this join code is not known here") {
			t.Errorf("a bad code: %v %s", err, out)
		}
	}
	if page := s.from("GET /join/"+code, "farm:8080", append([]string{"Accept", "text/html"}, far...)...); page.status != 200 || !bytes.Contains(page.body, []byte("worker.sh | sh")) || bytes.Contains(page.body, []byte("$(touch /tmp/x) \"")) {
		t.Errorf("the page: %d %s", page.status, page.body)
	}
	for _, bad := range []string{"GET /join/" + code + "/other.sh", "GET /join/" + code + "/program/" + strings.Repeat("0", 64), "DELETE /api/farm/join-codes/nothing"} {
		if a := s.from(bad, "localhost:8080"); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	for _, spec := range []string{`{"uses":-1}`, `{"valid":"0s"}`, `{"valid":"soon"}`, `{"valid":"9999h"}`} {
		if a := s.post("/api/farm/join-codes", "localhost:8080", spec); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", spec, a.status, a.body)
		}
	}
	s.base = ""
	if a := s.post("/api/farm/join-codes", "localhost:8080", `{}`); a.status != http.StatusConflict {
		t.Errorf("no other computer reaches it: %d %s", a.status, a.body)
	}
}

// TestJoinBehindAProxy has a proxy that takes off a path, and tells of it nowhere: the page with the line knows it.
func TestJoinBehindAProxy(t *testing.T) {
	s := newServer(t)
	a := s.post("/api/farm/join-codes", "farm.local", `{}`, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "farm.local", "Referer", "https://farm.local/studio/app/workers")
	code, _ := a.get("code").(string)
	if line, _ := a.get("commands.unix").(string); !strings.Contains(line, "https://farm.local/studio/join/"+code+"/worker.sh") {
		t.Fatalf("the line is %q", line)
	}
	for host, want := range map[string]string{"farm.local": "base='https://farm.local/studio'", "192.168.1.10:8080": "base='https://192.168.1.10:8080'"} {
		script := s.from("GET /join/"+code+"/worker.sh", host, "X-Forwarded-Proto", "https", "X-Forwarded-Host", host)
		if !bytes.Contains(script.body, []byte(want+"\n")) {
			t.Errorf("asked at %s, the script has no %s:\n%.900s", host, want, script.body)
		}
	}
}

func must(text string, _ error) string { return text }

// computerCalls does what people do to add computers, and to know what is wrong with the manager's.
func (s *testServer) computerCalls() {
	s.base = "http://192.168.1.10:8080"
	made := s.want(200, "POST", "/api/farm/join-codes", `{"uses":2,"note":"new ones"}`)
	if offer := s.want(200, "GET", "/join/"+made.text("code"), ""); len(offer.body) == 0 {
		s.t.Error("the offer of a join code is empty")
	}
	if list := s.want(200, "GET", "/api/farm/join-codes", ""); !strings.Contains(string(list.body), made.text("id")) || strings.Contains(string(list.body), made.text("code")) {
		s.t.Errorf("the list of join codes: %s", list.body)
	}
	s.want(204, "DELETE", "/api/farm/join-codes/"+made.text("id"), "")
	s.want(400, "GET", "/join/"+made.text("code"), "")
	s.want(200, "GET", "/api/farm/findings", "")
}
