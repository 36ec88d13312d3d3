package server_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// updateCalls has a worker of another version asked to update itself, and fetch the program.
func (s *testServer) updateCalls(w string) {
	s.want(200, "GET", "/api/farm/rollout", "")
	s.want(404, "GET", "/api/farm/worker/update?arch="+runtime.GOARCH, "")
	s.want(204, "PUT", "/api/farm/worker/facts", fmt.Sprintf(`{"arch":%q,"updates":true}`, runtime.GOARCH))
	if got := s.want(200, "POST", "/api/farm/rollout", `{}`); got.text("workers.0.id") != w || got.text("version") != "1.2.3" {
		s.t.Errorf("it begins with %s", got.body)
	}
	s.want(409, "POST", "/api/farm/rollout", `{}`)
	// It is asked in the background, which then holds back this answer no longer.
	if got := s.want(200, "GET", "/api/v3/worker/state", "", "Prefer", "wait=60"); got.text("status_requested") != "restart" {
		s.t.Errorf("it is asked to be %s", got.body)
	}
	offer := s.want(200, "GET", "/api/farm/worker/update?arch="+runtime.GOARCH, "")
	program := s.want(200, "GET", "/api/farm/worker/update/"+offer.text("sha256"), "")
	if size, _ := offer.get("size").(float64); offer.text("version") != "1.2.3" || int(size) != len(program.body) {
		s.t.Errorf("offered is %s, and sent are %d bytes", offer.body, len(program.body))
	}
	s.want(404, "GET", "/api/farm/worker/update?arch=mips", "")
	s.want(404, "GET", "/api/farm/worker/update/f00d", "")
	s.want(204, "DELETE", "/api/farm/rollout", "")
	s.want(404, "GET", "/api/farm/worker/update?arch="+runtime.GOARCH, "")
	s.want(404, "GET", "/api/farm/worker/update/"+offer.text("sha256"), "")
	if got := s.want(200, "GET", "/api/farm/rollout", ""); !strings.Contains(got.text("stopped"), "stopped it") {
		s.t.Errorf("in the end: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
}

// TestUpdateDoor lets nobody from elsewhere replace programs of workers.
func TestUpdateDoor(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.want(403, "POST", "/api/farm/rollout", `{}`, far...)
	s.want(403, "DELETE", "/api/farm/rollout", "", far...)
	s.want(200, "GET", "/api/farm/rollout", "", far...)
	s.want(404, "POST", "/api/farm/rollout", `{"workers":["`+nobody+`"]}`)
	if got := s.want(200, "POST", "/api/farm/rollout", `{}`); got.text("workers.0.state") != "skipped" || !strings.Contains(got.text("workers.0.reason"), "cannot update itself") {
		t.Errorf("a worker of another program: %s", got.body)
	}
}
