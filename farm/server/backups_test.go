package server_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// Backups are made for those who sit at the manager's computer.
func TestBackupsAreMadeHereOnly(t *testing.T) {
	s := newServer(t)
	made := s.want(200, "POST", "/api/farm/backups", "")
	if info, err := os.Stat(made.text("path")); err != nil || float64(info.Size()) != made.get("size") {
		t.Errorf("%s: %v", made.body, err)
	}
	for from, want := range map[string]int{"192.0.2.7:4711": 403, "[2001:db8::1]:4711": 403, "127.0.0.1:4711": 200, "[::1]:4711": 200, "nonsense": 403} {
		r := httptest.NewRequest("POST", "http://192.0.2.1/api/farm/backups", strings.NewReader(""))
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %s: %d, %s", from, w.Code, w.Body)
		}
	}
}
