package server_test

import (
	"strings"
	"testing"
)

// TestWhy asks why of a job, its task and a worker.
func TestWhy(t *testing.T) {
	s := newServer(t)
	job := s.submit()
	got := s.want(200, "GET", "/api/farm/jobs/"+job+"/why", "")
	if string(got.body) != `{"running":false,"reason":"the farm has no workers","next":"start one with: farm work --task-types misc","details":["2 tasks wait for others to be completed, the first for 1 of 1"],"actions":[{"verb":"start-worker","target":{},"parameters":{"task_type":"misc"},"label":"Add a computer …","command":"farm work --task-types misc"}]}`+"\n" {
		t.Errorf("without workers: %s", got.body)
	}
	w, task := s.worker(), s.tasks(job)[0]
	got = s.want(200, "GET", "/api/farm/jobs/"+job+"/why", "")
	if !strings.HasPrefix(got.text("reason"), "nothing is in the way: worker w1 is free for it") {
		t.Errorf("with a worker: %s", got.body)
	}
	if got = s.want(200, "GET", "/api/farm/tasks/"+task+"/why?worker="+w, ""); got.text("reason") != "nothing is in the way: worker w1 gets it with its next request" {
		t.Errorf("of a task and a worker: %s", got.body)
	}
	s.want(200, "POST", "/api/v3/worker/task", "")
	if got = s.want(200, "GET", "/api/farm/tasks/"+task+"/why", ""); got.get("running") != true || !strings.HasPrefix(got.text("reason"), "worker w1 works on it") {
		t.Errorf("of a task that runs: %s", got.body)
	}
	if got = s.want(200, "GET", "/api/farm/workers/"+w+"/why", ""); got.get("running") != true || !strings.HasPrefix(got.text("reason"), "it works on task 1 of job a job") {
		t.Errorf("of a worker that works: %s", got.body)
	}
	const nobody = "11111111-1111-4111-8111-111111111111"
	for _, path := range []string{"jobs/" + nobody, "tasks/" + nobody, "workers/" + nobody} {
		s.want(404, "GET", "/api/farm/"+path+"/why", "")
	}
	for _, path := range []string{"jobs/x/why", "tasks/x/why", "workers/x/why", "tasks/" + task + "/why?worker=x"} {
		if a := s.call("GET", "/api/farm/"+path, ""); a.status != 400 {
			t.Errorf("%s answered %d", path, a.status)
		}
	}
}
