package server_test

import (
	"strings"
	"testing"
)

// An attempt says who had the task, how that ended, and where its log is.
func TestAttempts(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	job := s.submit()
	id := s.tasks(job)[0]
	if got := s.want(200, "GET", "/api/farm/tasks/"+id+"/attempts", ""); string(got.body) != `{"attempts":[]}`+"\n" {
		t.Errorf("before the first: %s", got.body)
	}
	if got := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid"); got != id {
		t.Fatalf("the worker got %s", got)
	}
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"taskStatus":"failed","activity":"it <b>broke</b>","log":"the first run\n"}`)
	got := s.want(200, "GET", "/api/farm/tasks/"+id+"/attempts", "")
	list := got.get("attempts").([]any)
	if len(list) != 1 {
		t.Fatalf("the attempts: %s", got.body)
	}
	first := list[0].(map[string]any)
	if first["number"] != 1.0 || first["worker"].(map[string]any)["id"] != w || first["began"] == nil || first["ended"] == nil {
		t.Errorf("the first: %s", got.body)
	}
	if log := s.want(200, "GET", first["log"].(string), ""); !strings.Contains(string(log.body), "the first run") {
		t.Errorf("its log: %s", log.body)
	}
	s.want(400, "GET", "/api/farm/tasks/nothing/attempts", "")
	s.want(404, "GET", "/api/farm/tasks/00000000-0000-4000-8000-000000000000/attempts", "")
}
