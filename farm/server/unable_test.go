package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// unableCalls has the worker say that it cannot render, and later that it can.
func (s *testServer) unableCalls(w string) {
	s.want(200, "GET", "/api/farm/worker/needs", "")
	s.blenderCalls()
	s.want(204, "PUT", "/api/farm/worker/facts", `{"cpus":4,"blenders":[{"version":"4.2.1 LTS","path":"/opt/blender"}]}`)
	s.want(204, "PUT", "/api/farm/worker/unable", `{"unable":[{"task_types":["Misc"],"reason":"no Blender\nhere"}]}`)
	got := s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, "")
	if got.text("unable.0.reason") != "no Blender here" || !strings.Contains(string(got.body), `"supported_task_types":[]`) {
		s.t.Errorf("the worker: %s", got.body)
	}
	s.want(204, "PUT", "/api/farm/worker/unable", `{"unable":[]}`)
	s.want(204, "PUT", "/api/farm/worker/in-use", `{"in_use":"in use by its owner"}`)
	s.want(204, "PUT", "/api/farm/worker/in-use", `{"in_use":""}`)
	if second := s.want(200, "POST", "/api/farm/worker/task/"+nobody+"/second-run", `{"rendered":true}`); second.get("yours") != false {
		s.t.Errorf("second-run: %s", second.body)
	}
}

// While its owner needs the computer a worker gets no task and keeps the one it has,
// and everybody is told; it gives the task back only if it says so.
func TestWorkerInUse(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	s.submit()
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	const use = `{"in_use":"in use by its owner\nand friends"}`
	s.want(204, "PUT", "/api/farm/worker/in-use", use)
	if got := s.want(200, "GET", "/api/farm/workers/"+w+"/why", ""); !strings.HasPrefix(got.text("reason"), "it is in use by its owner and friends, and task 1 of job") || !strings.HasSuffix(got.text("reason"), "stands still there") {
		t.Errorf("with a task: %s", got.body)
	}
	if got := s.want(200, "GET", "/api/v3/tasks/"+task, ""); got.text("status") != "active" {
		t.Errorf("the frozen task: %s", got.body)
	}
	s.want(204, "PUT", "/api/farm/worker/in-use", `{"in_use":"in use by its owner","give_back":true}`)
	if got := s.want(200, "GET", "/api/v3/tasks/"+task, ""); got.text("status") != "queued" || !strings.Contains(string(got.body), `"failed_by_workers":[]`) {
		t.Errorf("the task that was given back: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/task", "") // none
	if got := s.want(200, "GET", "/api/farm/tasks/"+task+"/why", ""); got.text("reason") != "only worker w1 could do it, and it is in use by its owner" {
		t.Errorf("the task: %s", got.body)
	}
	for _, path := range []string{"workers", "workers/" + w} {
		if got := s.want(200, "GET", "/api/v3/worker-mgt/"+path, ""); !strings.Contains(string(got.body), `"in_use":"in use by its owner"`) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	s.want(204, "PUT", "/api/farm/worker/in-use", `{"in_use":""}`)
	s.want(200, "POST", "/api/v3/worker/task", "")

	// A worker that signs on is free until it says otherwise.
	s.want(204, "PUT", "/api/farm/worker/in-use", `{"in_use":"in use by its owner"}`)
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc"],"software_version":"1"}`)
	if got := s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, ""); got.get("in_use") != nil {
		t.Errorf("after signing on: %s", got.body)
	}
	s.want(400, "PUT", "/api/farm/worker/in-use", `{"in_use":3}`)
}

// blenderCalls has the worker fetch an archive of Blender.
func (s *testServer) blenderCalls() {
	const path, sum = "/api/farm/worker/blenders", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // of x
	if got := s.want(200, "GET", path, ""); string(got.body) != `{"blenders":[]}`+"\n" {
		s.t.Errorf("without a folder: %s", got.body)
	}
	dir := filepath.Join(s.home, "blenders")
	if err := os.MkdirAll(filepath.Join(dir, "blender-4.0.0-linux-x64.tar.xz"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"blender-4.2.1-linux-x64.tar.xz", "blender-5.2.0-beta-windows-arm64.zip", "blender-4.2.1-macos-arm64.dmg", "blender-4.2.1-linux-x64.zip", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	got := s.want(200, "GET", path, "")
	if text := string(got.body); strings.Count(text, sum) != 2 || got.text("blenders.0.version") != "5.2.0" || got.text("blenders.0.platform") != "windows" || got.text("blenders.0.arch") != "arm64" || got.get("blenders.0.size") != 1.0 {
		s.t.Errorf("the offers: %s", text)
	}
	if got := s.want(200, "GET", path+"/"+sum, ""); string(got.body) != "x" {
		s.t.Errorf("the archive: %q", got.body)
	}
	s.want(404, "GET", path+"/f00d", "")
	s.want(404, "GET", path+"/..%2Ffarm.db", "")
}

// A worker that cannot render gets no render tasks, and everybody is told why; when
// it can again, it gets them. A worker that tells nothing gets them.
func TestUnableWorker(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc","blender"],"software_version":"1"}`)
	const reason = "cannot find Blender"
	s.want(204, "PUT", "/api/farm/worker/unable", `{"unable":[{"task_types":["misc","houdini"],"reason":"`+reason+`"}]}`)
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	job := s.submit() // of tasks of type misc
	s.want(204, "POST", "/api/v3/worker/task", "")
	for _, path := range []string{"workers/" + w, "jobs/" + job, "tasks/" + s.tasks(job)[0], "tasks/" + s.tasks(job)[0] + "/why?worker=" + w} {
		if !strings.HasSuffix(path, w) || !strings.Contains(path, "?") {
			path += "/why"
		}
		if got := s.want(200, "GET", "/api/farm/"+path, ""); !strings.Contains(got.text("reason"), reason) || !strings.Contains(got.text("next"), "put that right") {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if got := s.want(200, "GET", "/api/v3/worker-mgt/workers", ""); got.text("workers.0.unable.0.reason") != reason {
		t.Errorf("the list: %s", got.body)
	}
	s.want(204, "PUT", "/api/farm/worker/unable", `{"unable":[]}`)
	s.want(200, "POST", "/api/v3/worker/task", "")

	// One that signs on again, perhaps another program, counts as able.
	s.want(204, "PUT", "/api/farm/worker/unable", `{"unable":[{"task_types":["misc"],"reason":"`+reason+`"}]}`)
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc","blender"],"software_version":"1"}`)
	if got := s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, ""); got.get("unable") != nil || !strings.Contains(string(got.body), `"supported_task_types":["misc","blender"]`) {
		t.Errorf("after signing on: %s", got.body)
	}
	s.want(400, "PUT", "/api/farm/worker/unable", `{"unable":3}`)
}

// A worker tells about its computer when it signs on, and later what it found out
// meanwhile. One that tells nothing has no facts, whatever it told before.
func TestWorkerFacts(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	details := func() answer { return s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, "") }
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc"],"software_version":"1","facts":{"arch":"amd64","cpus":16,"memory":64000000000,"unheard":1}}`)
	if got := details(); got.text("facts.arch") != "amd64" || got.get("facts.cpus") != 16.0 || got.get("facts.memory") != 64e9 || got.get("facts.blenders") != nil {
		t.Errorf("at sign-on: %s", got.body)
	}
	s.want(204, "PUT", "/api/farm/worker/facts", `{"memory":64000000000,"blenders":[{"version":"3.4.1","path":"/usr/bin/blender"},{"version":"4.3.2","path":"/opt/b","eevee":false}]}`)
	if got := details(); got.text("facts.blenders.0.version") != "4.3.2" || got.get("facts.blenders.0.eevee") != false || !strings.Contains(string(got.body), `{"version":"3.4.1","path":"/usr/bin/blender"}`) || got.get("facts.arch") != nil {
		t.Errorf("later: %s", got.body)
	}
	for _, bad := range []string{`{"memory":"much"}`, `[]`} {
		s.want(400, "PUT", "/api/farm/worker/facts", bad)
	}
	many := `{"blenders":[` + strings.Repeat(`{"version":"4.2.0","path":"`+strings.Repeat("x", 2000)+`"},`, 500) + `{"version":"4.2.0","path":"/x"}]}`
	s.want(204, "PUT", "/api/farm/worker/facts", many)
	if got := details(); len(got.body) > 20<<10 {
		t.Errorf("the worker is %d bytes long", len(got.body))
	}
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc"],"software_version":"1"}`)
	if got := details(); got.get("facts") != nil {
		t.Errorf("of a worker that tells nothing: %s", got.body)
	}
}

// The storage has a mark, made once, by which a worker knows it.
func TestNeeds(t *testing.T) {
	s := newServer(t)
	id := s.worker()
	client := s.api(true).WithCredentials(farm.WorkerID(id), secret)
	needs, err := client.WorkerNeeds(t.Context(), "linux")
	if err != nil || needs.Blender != "blender" || needs.FFmpeg != "ffmpeg" || needs.Foreign {
		t.Fatalf("%+v, %v", needs, err)
	}
	mark, err := os.ReadFile(filepath.Join(filepath.FromSlash(needs.Storage), api.StorageMark))
	if err != nil || needs.StorageID == "" || strings.TrimSpace(string(mark)) != needs.StorageID {
		t.Errorf("the mark says %q, the manager %q: %v", mark, needs.StorageID, err)
	}
	if again, err := client.WorkerNeeds(t.Context(), "linux"); err != nil || again != needs {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	// A worker asks before it signs on, when the identity is still that of the run before.
	client.Session = "the run before"
	if _, err := client.SignOn(t.Context(), api.WorkerSignOn{Name: "w1", SupportedTaskTypes: []string{"misc"}, SoftwareVersion: "1"}); err != nil {
		t.Fatal(err)
	}
	client.Session = "this run"
	if again, err := client.WorkerNeeds(t.Context(), "linux"); err != nil || again != needs {
		t.Errorf("after a restart: %+v, %v", again, err)
	}
}
