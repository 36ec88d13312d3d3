package server_test

import (
	"strings"
	"testing"

	"renderfarm/farm"
)

// TestAuditOfStrangers sends names that are too long, or would do something to a
// terminal.
func TestAuditOfStrangers(t *testing.T) {
	s := newServer(t)
	job := s.submit()
	path := "/api/v3/jobs/" + job + "/setpriority"
	s.want(204, "POST", path, `{"priority":1}`, "Farm-User", " anna\t", "User-Agent", "stranger/1 "+strings.Repeat("x", 5000))
	s.want(204, "POST", path, `{"priority":1}`, "Farm-User", "the same again")
	s.want(204, "POST", path, `{"priority":2}`, "Farm-User", "\u202egnp.exe \xff\x9b31m")
	got := s.want(200, "GET", "/api/farm/jobs/"+job+"/audit", "")
	changes := got.get("changes").([]any)
	if len(changes) != 3 {
		t.Fatalf("audit: %s", got.body)
	}
	first, second := changes[1].(map[string]any)["by"].(map[string]any), changes[2].(map[string]any)["by"].(map[string]any)
	if first["name"] != "anna" || first["address"] == "" || len(first["agent"].(string)) != farm.MaxActor {
		t.Errorf("the first change is by %v", first)
	}
	if second["name"] != "gnp.exe 31m" {
		t.Errorf("the second change is by %q", second["name"])
	}
	s.want(404, "GET", "/api/farm/jobs/11111111-1111-4111-8111-111111111111/audit", "")
	s.want(404, "GET", "/api/farm/workers/11111111-1111-4111-8111-111111111111/audit", "")
	s.want(400, "GET", "/api/farm/jobs/x/audit", "")
}
