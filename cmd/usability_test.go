package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/api"
)

// said runs a command line on a farm, and returns its status and what it wrote.
func (f *testFarm) said(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	s := testSession(t, nil)
	var o, e strings.Builder
	s.out, s.errOut = &o, &e
	status = run(t.Context(), s, append(args, "--home", f.home, "--manager", f.host.url))
	return status, o.String(), e.String()
}

// TestFlagErrors names the flag and what it takes, in words for people.
func TestFlagErrors(t *testing.T) {
	for want, args := range map[string][]string{
		`--chunk-size must be a whole number, and not "many"`:             {"submit", "a.blend", "--chunk-size", "many"},
		`--fps must be a number, and not "fast"`:                          {"submit", "a.blend", "--fps", "fast"},
		`--paused must be true or false, and not "maybe"`:                 {"submit", "a.blend", "--paused=maybe"},
		`--timeout must be a duration, such as 90s or 2h, and not "long"`: {"jobs", "wait", "x", "--timeout", "long"},
		`--task-timeout: "soon" is not a duration`:                        {"serve", "--task-timeout", "soon"},
		`unknown flag: --nope`:                                            {"jobs", "list", "--nope"},
	} {
		s := testSession(t, nil)
		var said strings.Builder
		s.errOut = &said
		if status := run(t.Context(), s, args); status != exitUsage || !strings.Contains(said.String(), want) || strings.Contains(said.String(), "strconv") {
			t.Errorf("%q: %d: %s", args, status, said.String())
		}
	}
}

// TestJobsListFiltered tells no jobs from none that were asked for.
func TestJobsListFiltered(t *testing.T) {
	f := newTestFarm(t)
	if _, _, said := f.said(t, "jobs", "list"); !strings.Contains(said, "farm submit") {
		t.Error(said)
	}
	f.submit(t, 1)
	if status, _, said := f.said(t, "jobs", "list", "--status", "failed,canceled"); status != exitOK || said != "No job is failed or canceled.\n" {
		t.Errorf("%d: %q", status, said)
	}
	if status, _, said := f.said(t, "jobs", "list", "--status", "broken"); status != exitUsage || !strings.Contains(said, "under-construction, queued, active") {
		t.Errorf("%d: %q", status, said)
	}
}

// TestJobsShowTask shows a task by the name that everything else has for it.
func TestJobsShowTask(t *testing.T) {
	f := newTestFarm(t)
	j := f.submit(t, 2)
	status, out, said := f.said(t, "jobs", "show", string(j.ID)[:8]+"/2")
	if status != exitOK || !strings.Contains(out, "task 2\n") || !strings.Contains(out, "command      sleep {") || !strings.Contains(said, "jobs log") {
		t.Errorf("%d: %s%s", status, out, said)
	}
	status, out, _ = f.said(t, "jobs", "show", string(j.ID)+"/1", "--json")
	var task api.Task
	if err := json.Unmarshal([]byte(out), &task); status != exitOK || err != nil || task.IndexInJob != 1 || task.JobID != j.ID {
		t.Errorf("%d, %v: %s", status, err, out)
	}
	if status, _, said := f.said(t, "jobs", "show", string(j.ID)+"/99"); status != exitNotFound || !strings.Contains(said, "no task 99") {
		t.Errorf("%d: %s", status, said)
	}
}

// TestWhyItWaits tells whoever watches a job why nothing happens.
func TestWhyItWaits(t *testing.T) {
	f := newTestFarm(t)
	ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
	defer cancel()
	for v, err := range watchJob(ctx, f.client, f.submit(t, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(v.why, "worker") {
			return
		}
	}
}

// TestForeignManager says of a manager that is not Farm that it cannot tell.
func TestForeignManager(t *testing.T) {
	answer := `{"message":"Not Found"}`
	const id = "0af90934-2579-42dc-9172-0b9a85db2741"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(answer))
	}))
	defer server.Close()
	for want, args := range map[string][]string{"cannot say why": {"jobs", "why", id}, "own web page": {"workers", "why", id}, "how full": {"shaman", "show"}} {
		s := testSession(t, nil)
		var said strings.Builder
		s.errOut = &said
		if status := run(t.Context(), s, append(args, "--manager", server.URL, "--home", s.home)); status != exitFailed || !strings.Contains(said.String(), "this manager is not Farm") || !strings.Contains(said.String(), want) {
			t.Errorf("%q: %d: %s", args, status, said.String())
		}
	}
	// Farm's own word for what is not there is another matter.
	f := newTestFarm(t)
	if status, _, said := f.said(t, "jobs", "why", id); status != exitNotFound || strings.Contains(said, "not Farm") {
		t.Errorf("%d: %s", status, said)
	}
}

// TestForeignHome recognises the files of another manager, and reads none.
func TestForeignHome(t *testing.T) {
	s := testSession(t, nil)
	if said := aboutForeignFiles(s.home); said != "" {
		t.Error(said)
	}
	for _, name := range []string{"flamenco-manager.yaml", "flamenco-manager.sqlite"} {
		if err := os.WriteFile(filepath.Join(s.home, name), []byte("manager_name: Studio\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, said strings.Builder
	s.out, s.errOut = &out, &said
	if status := run(t.Context(), s, []string{"config", "show", "--home", s.home}); status != exitOK || strings.Contains(out.String(), "Studio") {
		t.Errorf("%d: %s", status, out.String())
	}
	if want := "flamenco-manager.yaml and flamenco-manager.sqlite in " + s.home + " are a Flamenco manager's, and not read."; !strings.Contains(said.String(), want) {
		t.Error(said.String())
	}
}

// TestCompletionInBash completes in a shell that has nothing but bash.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	f := newTestFarm(t)
	if _, err := f.client.CreateWorkerTag(t.Context(), api.WorkerTag{Name: "gpu"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := testSession(t, nil)
	var script strings.Builder
	s.out = &script
	if status := run(t.Context(), s, []string{"completion", "bash", "--home", s.home}); status != exitOK {
		t.Fatal(status)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.sh"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a.blend"), nil, 0o600), os.Mkdir(filepath.Join(dir, "folder"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"farm jobs li":                      "list",
		"farm jobs list --status ca":        "cancel-requested canceled",
		"farm jobs list --status failed,ca": "failed,cancel-requested failed,canceled",
		"farm submit a.blend --tag ":        "gpu",
		"farm submit " + dir + "/":          dir + "/a.blend " + dir + "/folder",
	} {
		c := exec.CommandContext(t.Context(), bash, "--norc", "--noprofile", "-c", `source "$0"
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<<"$1"; [[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9
__start_farm 2>/dev/null
echo "${COMPREPLY[@]%% *}"`, filepath.Join(dir, "c.sh"), line)
		c.Env = append(os.Environ(), "FARM_HOME="+f.home, "FARM_MANAGER="+f.host.url)
		out, err := c.CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != want {
			t.Errorf("%q completes to %q, %v; want %q", line, got, err, want)
		}
	}
}
