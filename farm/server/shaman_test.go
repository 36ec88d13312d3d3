package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sha(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// spec is a file of a request, as JSON.
func spec(content, path string) string {
	return fmt.Sprintf(`{"sha":%q,"size":%d,"path":%q}`, sha(content), len(content), path)
}

func fileURL(content string) string {
	return fmt.Sprintf("/api/v3/shaman/files/%s/%d", sha(content), len(content))
}

const (
	requirementsURL = "/api/v3/shaman/checkout/requirements"
	createURL       = "/api/v3/shaman/checkout/create"
	binary          = "application/octet-stream"
)

// TestStockSubmission replays what the stock add-on does to submit, call by call, and holds
// the answers to what it depends on.
func TestStockSubmission(t *testing.T) {
	s := newServer(t)
	const blend, wood = "BLENDER-v304 and so on", "a texture"
	files := "[" + spec(blend, "shot.blend") + "," + spec(wood, "tex//wood.png") + "," + spec(wood, "tex/again.png") + "]"

	s.want(200, "GET", "/api/v3/version", "")
	storage := s.want(200, "GET", "/api/v3/configuration/shared-storage/users/linux", "")
	if storage.get("shamanEnabled") != true || !strings.HasSuffix(filepath.ToSlash(storage.text("location")), "/storage/jobs") {
		t.Errorf("storage: %s", storage.body)
	}
	if got := s.want(200, "GET", "/api/v3/configuration", ""); got.text("storageLocation") != filepath.ToSlash(storage.text("location")) || got.get("shamanEnabled") != true {
		t.Errorf("configuration: %s", got.body)
	}
	if got := s.want(200, "GET", "/api/v3/configuration/variables/workers/linux", ""); got.text("jobs.value") != filepath.ToSlash(storage.text("location")) {
		t.Errorf("variables: %s", got.body)
	}
	need := s.want(200, "POST", requirementsURL, `{"files":`+files+`}`)
	want := `{"files":[` + strings.TrimSuffix(spec(blend, "shot.blend"), "}") + `,"status":"unknown"},` + strings.TrimSuffix(spec(wood, "tex//wood.png"), "}") + `,"status":"unknown"}]}`
	if got := strings.TrimSpace(string(need.body)); got != want {
		t.Errorf("requirements:\n%s\nwant\n%s", got, want)
	}
	for _, content := range []string{blend, wood} {
		if got := s.want(200, "GET", fileURL(content), ""); strings.TrimSpace(string(got.body)) != `{"status":"unknown"}` {
			t.Errorf("status: %s", got.body)
		}
		stored := s.want(200, "POST", fileURL(content), content, "Content-Type", binary, "X-Shaman-Can-Defer-Upload", "True", "X-Shaman-Original-Filename", "=?UTF-8?q?sch=C3=B6n.png?=")
		if len(stored.body) != 0 || stored.header.Get("Content-Type") != "" {
			t.Errorf("stored: %q of type %q", stored.body, stored.header.Get("Content-Type"))
		}
		if got := s.want(200, "GET", fileURL(content), ""); got.text("status") != "stored" {
			t.Errorf("status: %s", got.body)
		}
		if got := s.want(208, "POST", fileURL(content), content, "Content-Type", binary, "X-Shaman-Can-Defer-Upload", "False"); len(got.body) != 0 {
			t.Errorf("stored already: %q", got.body)
		}
	}
	if got := s.want(200, "POST", requirementsURL, `{"files":`+files+`}`); strings.TrimSpace(string(got.body)) != `{"files":[]}` {
		t.Errorf("nothing is needed any more: %s", got.body)
	}
	at := s.want(200, "POST", createURL, `{"files":`+files+`,"checkoutPath":"Film/shot 010"}`)
	if strings.TrimSpace(string(at.body)) != `{"checkoutPath":"Film/shot 010"}` {
		t.Errorf("checkout: %s", at.body)
	}
	for name, content := range map[string]string{"shot.blend": blend, "tex/wood.png": wood, "tex/again.png": wood} {
		if got, err := os.ReadFile(filepath.Join(storage.text("location"), "Film", "shot 010", name)); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	again := s.want(200, "POST", createURL, `{"files":`+files+`,"checkoutPath":"Film/shot 010"}`).text("checkoutPath")
	if !strings.HasPrefix(again, "Film/shot 010-") || len(again) != len("Film/shot 010-x7k2") {
		t.Errorf("the second checkout is at %q", again)
	}

	// The older packer names the checkout in the job, the newer one does not.
	job := `{"name":"a job","type":"echo-sleep-test","priority":50,"submitter_platform":"linux","settings":{"message":"{jobs}/` + again + `/shot.blend","sleep_duration_seconds":1,"sleep_repeats":2}}`
	named := strings.Replace(echoJob, `"settings"`, `"storage":{"shaman_checkout_id":"Film/shot 010"},"settings"`, 1)
	for checkout, job := range map[string]string{again: job, "Film/shot 010": named} {
		got := s.want(200, "POST", "/api/v3/jobs", job)
		if got.text("storage.shaman_checkout_id") != checkout {
			t.Errorf("job: %s", got.body)
		}
		if got := s.want(200, "GET", "/api/v3/jobs/"+got.text("id")+"/what-would-delete-do", ""); got.get("shaman_checkout") != true {
			t.Errorf("deletion: %s", got.body)
		}
	}
}

// TestShamanErrors holds errors to their form and status, and the checks to their order.
func TestShamanErrors(t *testing.T) {
	s := newServer(t)
	const there = "there"
	s.want(200, "POST", fileURL(there), there, "Content-Type", binary)
	file := func(content, path string) string { return `{"files":[` + spec(content, path) + `]` }
	tests := []struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		{"POST", requirementsURL, `{}`, nil, 400, `"files" is missing`},
		{"POST", requirementsURL, `{"files":[{"sha":"a","size":1}]}`, nil, 400, `"files[0].path" is missing`},
		{"POST", requirementsURL, `{"files":null}`, nil, 400, "null"},
		{"POST", requirementsURL, `{"files":[{"sha":"a","size":1,"path":"x"}]}`, nil, 400, "64 hexadecimal digits"},
		{"POST", requirementsURL, file(there, "../x") + "}", nil, 400, "could leave the checkout"},
		{"POST", createURL, file(there, "x") + "}", nil, 400, `"checkoutPath" is missing`},
		{"POST", createURL, file(there, "x") + `,"checkoutPath":"what?"}`, nil, 400, "one of the characters"},
		{"POST", createURL, file(there, "/x") + `,"checkoutPath":"job"}`, nil, 400, "absolute"},
		{"POST", createURL, file("missing", "x") + `,"checkoutPath":"job"}`, nil, 424, `not stored: "x"`},
		{"POST", createURL, file("missing", "../x") + `,"checkoutPath":"job"}`, nil, 400, "leave"}, // before looking for files
		{"GET", "/api/v3/shaman/files/" + sha("x") + "/many", "", nil, 400, "filesize"},
		{"GET", "/api/v3/shaman/files/ab/1", "", nil, 400, "64 hexadecimal digits"},
		{"GET", "/api/v3/shaman/files/" + strings.ToUpper(sha("x")) + "/1", "", nil, 400, "lower-case"},
		{"POST", fileURL("right"), "wrong", []string{"Content-Type", binary}, 417, "SHA-256 of what came"},
		{"POST", fileURL("right"), "righ", []string{"Content-Type", binary}, 417, "has 4 bytes"},
		{"POST", fileURL("right"), "right", []string{"Content-Type", binary, "X-Shaman-Can-Defer-Upload", "maybe"}, 400, "X-Shaman-Can-Defer-Upload"},
		{"POST", fileURL("right"), "right", []string{"Content-Type", binary, "X-Shaman-Original-Filename", "=?klingon?q?a?="}, 400, "X-Shaman-Original-Filename"},
		{"POST", fileURL("right"), "right", []string{"Content-Type", binary, "Upload-Offset", "-1"}, 400, "byte -1"},
		{"POST", fileURL("right"), "right", []string{"Content-Type", binary, "Upload-Offset", "soon"}, 400, "whole number"},
		{"POST", fileURL("right"), "ght", []string{"Content-Type", binary, "Upload-Offset", "2"}, 409, "only 0"},
	}
	for _, test := range tests {
		a := s.call(test.method, test.path, test.body, test.header...)
		if a.status != test.status || !strings.Contains(a.text("message"), test.says) || a.get("code") != float64(test.status) {
			t.Errorf("%s %s %s answered %d %s, want %d with %q", test.method, test.path, test.body, a.status, a.body, test.status, test.says)
		}
	}
	if got := s.want(200, "GET", fileURL("right"), ""); got.text("status") != "unknown" {
		t.Errorf("after wrong uploads: %s", got.body)
	}
}

// TestShamanOff switches the file store off.
func TestShamanOff(t *testing.T) {
	s := newServer(t)
	file := s.want(200, "GET", "/api/v3/configuration/file", "")
	s.want(204, "PUT", "/api/v3/configuration/file", strings.Replace(string(file.body), `"shaman":{"enabled":true`, `"shaman":{"enabled":false`, 1))
	for _, call := range [][3]string{{"POST", requirementsURL, `{"files":[]}`}, {"POST", createURL, `{"files":[],"checkoutPath":"x"}`}, {"GET", fileURL("x"), ""},
		{"POST", fileURL("x"), "x"}, {"GET", "/api/farm/files", ""}, {"POST", "/api/farm/files/collect", "{}"}} {
		a := s.want(503, call[0], call[1], call[2], "Content-Type", "application/json")
		if !strings.HasPrefix(a.text("message"), "shaman server not active") || a.get("code") != float64(503) || a.header.Get("Retry-After") != "" {
			t.Errorf("%v: %v %s", call, a.header, a.body)
		}
	}
	// What is wrong with a request is told first.
	s.want(400, "POST", requirementsURL, `{}`)
	s.want(400, "GET", "/api/v3/shaman/files/"+sha("x")+"/many", "")
	if got := s.want(200, "GET", "/api/v3/configuration", ""); got.get("shamanEnabled") != false || !strings.HasSuffix(got.text("storageLocation"), "/storage") {
		t.Errorf("configuration: %s", got.body)
	}
}

// TestDeleteWithCheckout deletes jobs: a checkout goes with the last job that has it.
func TestDeleteWithCheckout(t *testing.T) {
	s := newServer(t)
	s.want(200, "POST", fileURL("x"), "x", "Content-Type", binary)
	s.want(200, "POST", createURL, `{"files":[`+spec("x", "x.blend")+`],"checkoutPath":"films/job"}`)
	withCheckout := func(id string) string {
		return s.want(200, "POST", "/api/v3/jobs", strings.Replace(echoJob, `"settings"`, `"storage":{"shaman_checkout_id":"`+id+`"},"settings"`, 1)).text("id")
	}
	first, second, none, wrong := withCheckout("films/job"), withCheckout("films/job"), s.submit(), withCheckout("../../x")
	would := func(job string, want bool) {
		t.Helper()
		if got := s.want(200, "GET", "/api/v3/jobs/"+job+"/what-would-delete-do", ""); got.get("shaman_checkout") != want {
			t.Errorf("deletion would do %s", got.body)
		}
	}
	would(first, false)
	would(none, false)
	would(wrong, false)
	link := filepath.Join(s.home, "storage", "jobs", "films", "job", "x.blend")
	deletes := func(job string) {
		t.Helper()
		s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
		s.awaitGone(job)
	}
	deletes(wrong)
	deletes(first)
	if _, err := os.Lstat(link); err != nil {
		t.Errorf("the checkout of another job was removed: %v", err)
	}
	would(second, true)
	deletes(second)
	if _, err := os.Lstat(filepath.Join(s.home, "storage", "jobs", "films")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkout is still there: %v", err)
	}
	usage := s.want(200, "GET", "/api/farm/files", "")
	if usage.get("stored.files") != 1.0 || usage.get("checkouts") != 0.0 {
		t.Errorf("usage: %s", usage.body)
	}
	collected := s.want(200, "POST", "/api/farm/files/collect", `{"delete":true,"older_than":"0s"}`)
	if collected.get("stored.files") != 0.0 || collected.get("kept.files") != 1.0 || collected.get("deleted") != true {
		t.Errorf("collected what was just uploaded: %s", collected.body)
	}
}

func (s *testServer) shamanCalls() {
	s.want(200, "POST", requirementsURL, `{"files":[`+spec("x", "x.blend")+`]}`)
	s.want(200, "GET", fileURL("x"), "")
	s.want(200, "POST", fileURL("x"), "x", "Content-Type", binary)
	s.want(200, "POST", createURL, `{"files":[`+spec("x", "x.blend")+`],"checkoutPath":"job"}`)
	s.want(200, "GET", "/api/farm/files", "")
	s.want(200, "POST", "/api/farm/files/collect", "{}")
	s.want(200, "POST", "/api/farm/backups", "")
}
