package server_test

import (
	"net/http"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A worker that is deleted is told so, also if it is waiting for an answer; a worker
// that nobody knows is not.
func TestDeletedWorkerIsTold(t *testing.T) {
	s := newServer(t)
	id := s.worker()
	waiting := make(chan answer)
	go func() {
		waiting <- s.call("GET", "/api/v3/worker/state", "", "Prefer", "wait=60")
	}()
	s.want(204, "DELETE", "/api/v3/worker-mgt/workers/"+id, "")
	for name, got := range map[string]answer{"waiting": <-waiting, "afterwards": s.call("POST", "/api/v3/worker/task", "")} {
		if got.status != http.StatusForbidden || got.header.Get("Farm-Worker-Deleted") != "true" {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
	client := s.api(true)
	if err := client.WithCredentials(farm.WorkerID(id), secret).SignOff(t.Context()); !api.WasDeleted(err) {
		t.Errorf("the client does not know that the worker was deleted: %v", err)
	}
	for name, c := range map[string]*api.Client{"wrong secret": client.WithCredentials(farm.WorkerID(id), "x"), "unknown": client.WithCredentials(nobody, secret)} {
		if err := c.SignOff(t.Context()); api.StatusOf(err) != http.StatusForbidden || api.WasDeleted(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Asking for the status that a job or a task has changes nothing and is fine,
// whatever the status is.
func TestAskingForWhatIsThere(t *testing.T) {
	s := newServer(t)
	s.worker()
	job := s.submit()
	task := s.tasks(job)[0]
	s.want(200, "POST", "/api/v3/worker/task", "")
	s.want(204, "POST", "/api/v3/worker/task/"+task, `{"taskStatus":"completed"}`)
	s.want(204, "POST", "/api/v3/tasks/"+task+"/setstatus", `{"status":"completed","reason":""}`)
	s.want(409, "POST", "/api/v3/tasks/"+task+"/setstatus", `{"status":"canceled","reason":""}`)
	s.want(400, "POST", "/api/v3/tasks/"+task+"/setstatus", `{"status":"failed","reason":""}`)
	s.want(400, "POST", "/api/v3/jobs/"+job+"/setstatus", `{"status":"completed","reason":""}`)
	s.want(204, "POST", "/api/v3/jobs/"+job+"/setstatus", `{"status":"canceled","reason":""}`)
	s.want(204, "POST", "/api/v3/jobs/"+job+"/setstatus", `{"status":"canceled","reason":""}`)
}

// A job is queued until a worker begins with it, though a task of it was canceled.
func TestQueuedUntilItStarts(t *testing.T) {
	s := newServer(t)
	job := s.submit()
	s.want(204, "POST", "/api/v3/tasks/"+s.tasks(job)[2]+"/setstatus", `{"status":"canceled","reason":""}`)
	if got := s.jobStatus(job); got != "queued" {
		t.Errorf("the job is %s", got)
	}
	s.worker()
	s.want(200, "POST", "/api/v3/worker/task", "")
	if got := s.jobStatus(job); got != "active" {
		t.Errorf("the job is %s", got)
	}
}
