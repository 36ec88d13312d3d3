package server_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
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
	s.framePicture()
	s.want(200, "GET", "/api/farm/now", "")
	s.want(200, "GET", "/api/farm/workers/"+worker+"/history", "")
	s.comments(job)
	s.want(200, "GET", "/api/farm/tasks/"+s.tasks(job)[0]+"/attempts", "")
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

// framePicture shows a frame that lies in the shared storage, and none that does not.
func (s *testServer) framePicture() {
	s.t.Helper()
	storage := s.manager.SharedStorage("workers", "linux")
	elsewhere := filepath.Join(s.home, "elsewhere.png")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{elsewhere, filepath.Join(storage, "000001.png")} {
		if err := os.WriteFile(name, picture.Bytes(), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(storage, "000002.png"), []byte("no image"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(storage, "000003.png")); err != nil {
		s.t.Skip(err) // needs a right on Windows
	}
	var jobs []string
	in := func(folder string) (frames string) {
		job := s.want(200, "POST", "/api/v3/jobs", strings.NewReplacer("/out", folder, `"name":"film"`, `"name":"pictures"`).Replace(filmJob)).text("id")
		jobs = append(jobs, job)
		return "/api/farm/tasks/" + s.want(200, "GET", "/api/v3/jobs/"+job+"/tasks", "").text("tasks.0.id") + "/frames/"
	}
	frame := in(filepath.ToSlash(storage))
	got := s.want(200, "GET", frame+"1/picture", "")
	small, err := jpeg.Decode(bytes.NewReader(got.body))
	if err != nil || small.Bounds() != image.Rect(0, 0, 240, 180) {
		s.t.Errorf("the picture of a frame: %v, %v", small, err)
	}
	got = s.want(200, "GET", frame+"1/picture?size=large&v=1", "")
	if large, err := jpeg.DecodeConfig(bytes.NewReader(got.body)); err != nil || large.Width != 640 || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		s.t.Errorf("the large picture: %v, %v, %s", large, err, got.header)
	}
	s.want(415, "GET", frame+"2/picture", "")
	s.want(404, "GET", frame+"3/picture", "") // a link that leads out of the storage
	s.want(404, "GET", frame+"4/picture", "")
	s.want(404, "GET", in("/etc")+"1/picture", "")
	s.want(404, "GET", in(filepath.ToSlash(storage)+"/..")+"1/picture", "")
	s.downloads(jobs[0], frame)
	for _, job := range jobs {
		s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
	}
}
