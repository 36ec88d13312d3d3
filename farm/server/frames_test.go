package server_test

import (
	"strings"
	"testing"
)

const filmJob = `{"name":"film","type":"simple-blender-render","submitter_platform":"linux","settings":{"frames":"1-3","chunk_size":3,"blendfile":"/s/a.blend","scene":"S",
	"fps":24,"format":"PNG","image_file_extension":".png","render_output_root":"/out","render_output_path":"/out/######"}}`

// frameCalls asks about the frames of a job that nobody has begun, and deletes it.
func (s *testServer) frameCalls(worker string) {
	job := s.want(200, "POST", "/api/v3/jobs", filmJob).text("id")
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/frames", ""); !strings.Contains(string(got.body), `"file":"/out/000003.png"`) || got.get("next") != 2.0 {
		s.t.Errorf("frames: %s", got.body)
	}
	s.want(200, "GET", "/api/farm/jobs/"+job+"/costs", "")
	s.want(200, "GET", "/api/farm/workers/"+worker+"/costs", "")
	if got := s.want(200, "POST", "/api/farm/jobs/"+job+"/rerender", `{"frames":"2-3","reason":"again"}`); got.text("waiting") != "2,3" || got.text("frames") != "" {
		s.t.Errorf("rerender: %s", got.body)
	}
	s.want(400, "POST", "/api/farm/jobs/"+job+"/rerender", `{"frames":"2-","reason":"again"}`)
	s.want(400, "POST", "/api/farm/jobs/"+job+"/rerender", `{"frames":"4","reason":"again"}`)
	s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
}

// A report can tell of so many frames, and of none that Blender does not have.
func TestReportsOfFramesAreBounded(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.submit()
	id := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	one := `{"frame":1,"wall_ms":12}`
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"frames":[`+one+`]}`)
	s.want(400, "POST", "/api/v3/worker/task/"+id, `{"frames":[`+strings.Repeat(one+",", 1000)+one+`]}`)
	s.want(400, "POST", "/api/v3/worker/task/"+id, `{"frames":[{"frame":99999999,"wall_ms":1}]}`)
	s.want(400, "POST", "/api/v3/worker/task/"+id, `{"frames":[{"frame":1,"wall_ms":-1}]}`)
}
