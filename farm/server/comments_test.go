package server_test

import (
	"strings"

	"renderfarm/farm"
)

// comments comments on frames of a job.
func (s *testServer) comments(job string) {
	s.t.Helper()
	path := "/api/farm/jobs/" + job + "/comments"
	if got := s.want(200, "GET", path, ""); string(got.body) != `{"comments":[]}`+"\n" {
		s.t.Errorf("no comments yet: %s", got.body)
	}
	first := s.want(200, "POST", path, `{"frame":2,"text":" too \u001b[31mdark\u202e\n<b>","tag":"redo"}`, "Farm-User", "anna")
	if first.text("text") != "too [31mdark\n<b>" || first.get("id") != 1.0 || first.text("by.name") != "anna" {
		s.t.Errorf("the comment: %s", first.body)
	}
	s.want(200, "POST", path, `{"frame":2,"text":"no"}`)
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/frames", ""); !strings.Contains(string(got.body), `"tag":"redo"`) || strings.Count(string(got.body), `"comments"`) != 1 {
		s.t.Errorf("frames with comments: %s", got.body)
	}
	s.want(204, "DELETE", path+"/1", "")
	s.want(404, "DELETE", path+"/1", "")
	s.want(400, "DELETE", path+"/x", "")
	if got := s.want(200, "POST", path, `{"frame":2,"text":"a number is not given twice"}`); got.get("id") != 3.0 {
		s.t.Errorf("a third comment: %s", got.body)
	}
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/audit", ""); !strings.Contains(string(got.body), "Comment on frame 2 removed") {
		s.t.Errorf("changes: %s", got.body)
	}
	for _, bad := range []string{`{"frame":2,"text":" "}`, `{"frame":2,"text":"` + strings.Repeat("x", farm.MaxComment+1) + `"}`, `{"frame":99999999,"text":"x"}`, `{"frame":2,"text":"x","tag":"` + strings.Repeat("y", 60) + `"}`} {
		s.want(400, "POST", path, bad)
	}
	s.want(404, "GET", strings.Replace(path, job, strings.Repeat("0", 8)+"-0000-4000-8000-000000000000", 1), "")
}
