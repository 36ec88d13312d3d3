package cmd

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const flamencoHome = "../testdata/flamenco/home"

// importFlamenco runs "farm import flamenco" and returns what it prints.
func importFlamenco(t *testing.T, home string, args ...string) (status int, out, said string) {
	t.Helper()
	s := testSession(t, nil)
	var printed, errors strings.Builder
	s.out, s.errOut = &printed, &errors
	status = run(t.Context(), s, append([]string{"import", "flamenco", "--home", home}, args...))
	return status, printed.String(), errors.String()
}

func TestImportFlamenco(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	status, out, said := importFlamenco(t, home, flamencoHome)
	if _, err := os.Stat(home); status != exitOK || err == nil || !strings.Contains(out, "Nothing was changed.") {
		t.Errorf("status %d, %v:\n%s%s", status, err, out, said)
	}
	for _, line := range []string{"task_timeout 10m0s 15m0s", "render linux gpu -", "desk windows gpu, night mo tu we th fr 09:00-18:00", "mac darwin - every day 00:00-24:00 (off)",
		"new tags: gpu, night", "job types: Studio Echo (studio_echo.js)", "jobs: 1 with 3 tasks", "has no such folder"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
	if status, out, said = importFlamenco(t, home, flamencoHome, "--yes"); status != exitOK || !strings.Contains(out, "Taken over into") {
		t.Fatalf("status %d:\n%s%s", status, out, said)
	}
	for _, name := range []string{"farm.yaml", "farm.db", "scripts/studio_echo.js"} {
		if _, err := os.Stat(filepath.Join(home, name)); err != nil {
			t.Error(err)
		}
	}
	// Again: it is all here, and nothing changes.
	status, out, said = importFlamenco(t, home, flamencoHome, "--yes", "--json")
	var again takeover
	if err := json.Unmarshal([]byte(out), &again); err != nil || status != exitOK || !again.Done {
		t.Fatalf("status %d, %v:\n%s%s", status, err, out, said)
	}
	if len(again.Settings)+len(again.Tags)+len(again.Workers)+len(again.JobTypes) > 0 || !slices.Equal(again.Known, []string{"render", "desk", "mac"}) {
		t.Errorf("again it takes %+v", again)
	}
	if status := run(t.Context(), testSession(t, nil), []string{"check", "--home", home}); status != exitOK {
		t.Errorf("farm check ends with status %d", status)
	}
}

// TestImportFlamencoStorage goes on using a shared storage that is there.
func TestImportFlamencoStorage(t *testing.T) {
	dir, home := filepath.Join(t.TempDir(), "flamenco"), filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(dir, os.DirFS(flamencoHome)); err != nil {
		t.Fatal(err)
	}
	storage := filepath.Join(dir, "storage")
	if err := os.Mkdir(storage, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := importFlamenco(t, home, dir, "--keep-storage"); strings.Contains(out, "shared_storage_path") {
		t.Errorf("with --keep-storage:\n%s", out)
	}
	if status, out, said := importFlamenco(t, home, dir, "--yes"); status != exitOK {
		t.Fatalf("status %d:\n%s%s", status, out, said)
	}
	s := testSession(t, nil)
	s.home = home
	c, err := s.config()
	if err != nil || c.SharedStoragePath != storage || c.ManagerName != "Old Studio" {
		t.Errorf("%+v, %v", c, err)
	}
	if status, _, said := importFlamenco(t, dir, dir); status != exitFailed || !strings.Contains(said, "choose another with --home") {
		t.Errorf("into itself: status %d: %s", status, said)
	}
	if status, _, said := importFlamenco(t, home, filepath.Dir(dir)); status != exitNotFound || !strings.Contains(said, "is not the folder of a Flamenco manager") {
		t.Errorf("status %d: %s", status, said)
	}
}

// TestImportedWorkerSignsOn has workers come to the new manager as they came to the old one:
// with the same ids and secrets, over HTTP.
func TestImportedWorkerSignsOn(t *testing.T) {
	t.Parallel()
	f := newCrashedFarm(t)
	if status, out, said := importFlamenco(t, f.home, flamencoHome, "--yes"); status != exitOK {
		t.Fatalf("status %d:\n%s%s", status, out, said)
	}
	f.startManager(t, "127.0.0.1:0")
	const render, desk = "00000001-0000-4000-8000-000000000001", "00000001-0000-4000-8000-000000000002"
	signOn := func(id, secret string) (int, string) {
		t.Helper()
		body := strings.NewReader(`{"name":"render","supported_task_types":["blender"],"software_version":"3.8.2"}`)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.client.Base+"/api/v3/worker/sign-on", body)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(id, secret)
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct {
			Status string `json:"status_requested"`
		}
		json.NewDecoder(res.Body).Decode(&answer)
		return res.StatusCode, answer.Status
	}
	const secret = "render-secret-0123456789abcdef"
	for _, wrong := range []string{"", "wrong", secret + "x", "desk-secret-0123456789abcdef"} {
		if status, _ := signOn(render, wrong); status != http.StatusForbidden {
			t.Errorf("with the secret %q the answer is %d", wrong, status)
		}
	}
	for range 2 { // the first time by the old hash, then by the new one
		if status, wanted := signOn(render, secret); status != http.StatusOK || wanted != "asleep" {
			t.Errorf("the answer is %d %q", status, wanted)
		}
	}
	if status, _ := signOn(render, "wrong"); status != http.StatusForbidden {
		t.Errorf("with a wrong secret the answer is then %d", status)
	}
	if status, _ := signOn("00000001-0000-4000-8000-000000000004", "gone-secret-0123456789abcdef"); status != http.StatusForbidden {
		t.Errorf("a worker that was deleted there gets %d", status)
	}
	if err := f.manager.kill(); err != nil {
		t.Fatal(err)
	}
	f.startManager(t, "127.0.0.1:0")
	if status, _ := signOn(render, secret); status != http.StatusOK {
		t.Errorf("after a restart the answer is %d", status)
	}
	if status, _ := signOn(desk, "desk-secret-0123456789abcdef"); status != http.StatusOK {
		t.Errorf("another worker gets %d", status)
	}
	if err := f.manager.kill(); err != nil {
		t.Fatal(err)
	}
	// Of the secrets that were used, nothing slow is left.
	s := testSession(t, nil)
	var lines strings.Builder
	s.out = &lines
	if status := run(t.Context(), s, []string{"export", "--home", f.home}); status != exitOK {
		t.Fatalf("export ends with status %d", status)
	}
	left := 0
	for line := range strings.Lines(lines.String()) {
		if strings.Contains(line, `"bucket":"worker"`) && strings.Contains(line, "JDJhJDA0J") { // $2a$04$ in base64
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d workers have the old hash, and not only the one that did not sign on", left)
	}
}

// TestImportFlamencoTouchesNothing compares the folder before and after.
func TestImportFlamencoTouchesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "flamenco")
	if err := os.CopyFS(dir, os.DirFS(flamencoHome)); err != nil {
		t.Fatal(err)
	}
	list := func() (all []string) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			info, _ := d.Info()
			all = append(all, path+info.ModTime().String()+info.Mode().String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := list()
	if status, out, said := importFlamenco(t, filepath.Join(t.TempDir(), "home"), dir, "--yes"); status != exitOK {
		t.Fatalf("status %d:\n%s%s", status, out, said)
	}
	if after := list(); !slices.Equal(before, after) {
		t.Errorf("%q became %q", before, after)
	}
}
