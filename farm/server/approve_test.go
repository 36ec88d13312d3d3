package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestApproval has a new worker wait until somebody approves it. It is told so, gets
// nothing that waits, and counts as nobody who could do it.
func TestApproval(t *testing.T) {
	s := newServer(t)
	config := s.manager.Config()
	config.ApproveWorkers = true
	if err := s.manager.SetConfig(config); err != nil {
		t.Fatal(err)
	}
	s.submit()
	register := func(name string, headers ...string) string {
		return s.want(200, "POST", "/api/v3/worker/register-worker", fmt.Sprintf(`{"secret":%q,"platform":"linux","supported_task_types":["misc"],"name":%q}`, secret, name), headers...).text("uuid")
	}
	s.user = register("new", far...)
	on := s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"new","supported_task_types":["misc"],"software_version":"1"}`)
	if on.header.Get("Farm-Unapproved") != "true" {
		t.Errorf("signing on it is told %v", on.header)
	}
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	if got := s.want(204, "POST", "/api/v3/worker/task", ""); got.header.Get("Farm-Unapproved") != "true" {
		t.Errorf("asking for a task it is told %v", got.header)
	}
	worker := "/api/v3/worker-mgt/workers/" + s.user
	if got := s.want(200, "GET", worker, ""); got.get("unapproved") != true {
		t.Errorf("it is shown as %s", got.body)
	}
	if got := s.want(200, "GET", "/api/farm/workers/"+s.user+"/why", ""); !strings.Contains(got.text("reason"), "waits for approval") {
		t.Errorf("why: %s", got.body)
	}
	approve := "/api/farm/workers/" + s.user + "/approve"
	s.want(403, "POST", approve, "", far...)
	s.want(204, "POST", approve, "")
	s.want(204, "POST", approve, "") // again is nothing new
	if got := s.want(200, "POST", "/api/v3/worker/task", ""); got.header.Get("Farm-Unapproved") != "" {
		t.Errorf("approved: %v", got.header)
	}
	if got := s.want(200, "GET", "/api/farm/workers/"+s.user+"/audit", ""); strings.Count(string(got.body), "Approved") != 1 {
		t.Errorf("audit: %s", got.body)
	}
	if s.user = register("own"); s.want(200, "GET", "/api/v3/worker-mgt/workers/"+s.user, "").get("unapproved") != nil {
		t.Error("the worker on the manager's computer waits for approval, too")
	}
}

// TestRegistrationsAreLimited has an address register worker after worker.
func TestRegistrationsAreLimited(t *testing.T) {
	s := newServer(t)
	most := s.manager.Config().RegistrationsPerMinute
	register := func(headers ...string) answer {
		return s.call("POST", "/api/v3/worker/register-worker", fmt.Sprintf(`{"secret":%q,"platform":"linux","supported_task_types":["misc"],"name":"w"}`, secret), headers...)
	}
	done, got := 0, answer{}
	for range 20 * most { // some grow back meanwhile
		if got = register(far...); got.status != 200 {
			break
		}
		done++
	}
	if done < most || got.status != 429 || !strings.Contains(string(got.body), "registrations_per_minute") {
		t.Errorf("%d registered, then %d %s", done, got.status, got.body)
	}
	if got := register(); got.status != 200 {
		t.Errorf("on the manager's computer: %d %s", got.status, got.body)
	}
}
