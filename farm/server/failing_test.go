package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// configure sets keys of the configuration, each given as JSON.
func (s *testServer) configure(keys map[string]string) {
	s.t.Helper()
	file := string(s.want(200, "GET", "/api/v3/configuration/file", "").body)
	for key, value := range keys {
		file = replaceKey(s.t, file, key, value)
	}
	s.want(204, "PUT", "/api/v3/configuration/file", file)
}

// replaceKey gives a key of a configuration another value, as JSON.
func replaceKey(t testing.TB, file, key, value string) string {
	t.Helper()
	before, rest, ok := strings.Cut(file, `"`+key+`":`)
	end := strings.IndexAny(rest, ",}")
	if !ok || end < 0 {
		t.Fatalf("the configuration has no %q: %s", key, file)
	}
	return before + `"` + key + `":` + value + rest[end:]
}

func (s *testServer) jobStatus(job string) string {
	s.t.Helper()
	return s.want(200, "GET", "/api/v3/jobs/"+job, "").text("status")
}

// failNext makes a worker take a task and fail it, and returns the task.
func (s *testServer) failNext(worker string) string {
	s.t.Helper()
	s.user = worker
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	s.want(204, "POST", "/api/v3/worker/task/"+task, `{"taskStatus":"failed","activity":"Failed: no"}`)
	return task
}

// A worker that fails a task does not get it again while another is awake, and
// both are in the task's list of workers that failed it.
func TestSoftFailures(t *testing.T) {
	s := newServer(t)
	a, b := s.worker(), s.worker()
	job := s.submit()
	task := s.failNext(a)
	if got := s.want(200, "GET", "/api/v3/tasks/"+task, ""); got.text("status") != "soft-failed" || got.text("failed_by_workers.0.id") != a {
		t.Errorf("after one failure: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/task", "") // the sleeps wait for the echo
	if again := s.failNext(b); again != task {
		t.Errorf("the other worker got %s, want %s", again, task)
	}
	got := s.want(200, "GET", "/api/v3/tasks/"+task, "")
	if list, _ := got.get("failed_by_workers").([]any); len(list) != 2 {
		t.Errorf("after two failures: %s", got.body)
	}
	if status := s.jobStatus(job); status != "active" {
		t.Errorf("the job is %s", status)
	}
	s.failNext(a)
	if status := s.jobStatus(job); status != "failed" {
		t.Errorf("after three failures the job is %s", status)
	}
	tail := s.want(200, "GET", "/api/v3/tasks/"+task+"/logtail", "")
	if !strings.Contains(string(tail.body), "try 3 of 3. Manager marks it as hard failure.") {
		t.Errorf("the log says\n%s", tail.body)
	}
}

func TestBlocklistOverHTTP(t *testing.T) {
	s := newServer(t)
	s.configure(map[string]string{"blocklist_threshold": "1"})
	a, b := s.worker(), s.worker()
	job := s.submit()
	list := "/api/v3/jobs/" + job + "/blocklist"
	s.failNext(a)
	if got := s.want(200, "GET", list, ""); got.text("0.worker_id") != a || got.text("0.task_type") != "misc" || got.text("0.worker_name") != "w1" {
		t.Errorf("the blocklist is %s", got.body)
	}
	if status := s.jobStatus(job); status != "active" {
		t.Errorf("the job is %s", status)
	}
	s.failNext(b)
	if got := s.want(200, "GET", "/api/v3/jobs/"+job, ""); got.text("status") != "failed" || !strings.Contains(got.text("activity"), `nobody is left for tasks of type "misc"`) {
		t.Errorf("the job is %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/task", "")
	s.want(204, "DELETE", list, fmt.Sprintf(`[{"worker_id":%q,"task_type":"misc"}]`, b))
	if got := s.want(200, "GET", list, ""); got.text("0.worker_id") != a || strings.Contains(string(got.body), b) {
		t.Errorf("the blocklist is %s", got.body)
	}
	if status := s.jobStatus(job); status != "queued" {
		t.Errorf("after lifting a block the job is %s", status)
	}
	s.want(200, "POST", "/api/v3/worker/task", "")
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/audit", ""); !strings.Contains(string(got.body), `Worker w1 unblocked from tasks of type \"misc\"`) {
		t.Errorf("the audit says %s", got.body)
	}
}

// A worker that was lost loses its task, and is told to be awake when it speaks again.
func TestLostWorkerOverHTTP(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	job := s.submit()
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	events := s.follow("/api/farm/events")
	s.configure(map[string]string{"worker_timeout": `"1ms"`})
	events.await("worker", "error")
	s.configure(map[string]string{"worker_timeout": `"0s"`})
	if status := s.jobStatus(job); status != "queued" {
		t.Errorf("the job is %s", status)
	}
	if may := s.want(200, "GET", "/api/v3/worker/task/"+task+"/may-i-run", ""); may.get("mayKeepRunning") != false {
		t.Errorf("may it run? %s", may.body)
	}
	s.want(409, "POST", "/api/v3/worker/task/"+task, `{"taskStatus":"completed"}`)
	if asked := s.want(423, "POST", "/api/v3/worker/task", ""); asked.text("status_requested") != "awake" {
		t.Errorf("asked to be %s", asked.body)
	}
	if asked := s.want(200, "GET", "/api/v3/worker/state", ""); asked.text("status_requested") != "awake" {
		t.Errorf("asked to be %s", asked.body)
	}
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	if again := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid"); again != task {
		t.Errorf("got %s", again)
	}
	if got := s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, ""); got.text("status") != "awake" {
		t.Errorf("the worker is %s", got.body)
	}
}
