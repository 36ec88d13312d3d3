package server_test

import "testing"

// A worker that tells that it ends soon is told that nothing would be done by then, and
// one that signs off for good is gone.
func TestWorkTime(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.submit()
	for left, want := range map[string]string{"5,120": "yes", "-5,120": "yes"} {
		if got := s.want(204, "POST", "/api/v3/worker/task", "", "Farm-Time-Left", left, "Prefer", "wait=30"); got.header.Get("Farm-Too-Late") != want {
			t.Errorf("%s: %q", left, got.header.Get("Farm-Too-Late"))
		}
	}
	s.want(200, "POST", "/api/v3/worker/task", "", "Farm-Time-Left", "soon") // it does not make sense, and counts as none
	s.want(204, "POST", "/api/v3/worker/sign-off", "", "Farm-For-Good", "yes")
	if got := s.want(403, "POST", "/api/v3/worker/task", ""); got.header.Get("Farm-Worker-Deleted") == "" {
		t.Error("it is not said that the worker was deleted")
	}
}

// demandCalls asks how many workers there should be.
func (s *testServer) demandCalls() {
	s.want(200, "GET", "/api/farm/demand?min=1&max=20&scale_out=5&idle=10m&stand_by=2", "")
	for _, bad := range []string{"min=-1", "max=many", "idle=soon", "stand_by=1000000000", "min=3&max=2"} {
		s.want(400, "GET", "/api/farm/demand?"+bad, "")
	}
}
