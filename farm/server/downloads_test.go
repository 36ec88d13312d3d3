package server_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// downloads has the files of a job whose frames 1 and 2 lie in the shared storage, and
// whose frame 3 is a link that leads out of it.
func (s *testServer) downloads(job, frame string) {
	s.t.Helper()
	storage := s.manager.SharedStorage("workers", "linux")
	o := s.want(200, "GET", "/api/farm/jobs/"+job+"/output?platform=linux", "")
	if o.text("folder") != filepath.ToSlash(storage) || o.get("stored") != true || o.get("video_ready") != false {
		s.t.Errorf("what the job makes: %s", o.body)
	}
	got := s.want(200, "GET", frame+"2/file", "")
	if string(got.body) != "no image" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment;") || got.header.Get("Content-Type") != "application/octet-stream" {
		s.t.Errorf("a frame's file: %q, %v", got.body, got.header)
	}
	if got := s.want(206, "GET", frame+"2/file", "", "Range", "bytes=3-"); string(got.body) != "image" {
		s.t.Errorf("a part of it: %q", got.body)
	}
	s.want(404, "GET", frame+"3/file", "")
	s.want(404, "GET", frame+"9/file", "")
	s.want(400, "GET", frame+"x/file", "")
	s.want(404, "GET", "/api/farm/jobs/"+job+"/frames.zip", "") // nothing is rendered yet
	s.want(404, "GET", "/api/farm/jobs/"+job+"/video", "")
	video := filepath.Join(storage, filepath.FromSlash(o.text("video")))
	if err := os.WriteFile(video, []byte("no video"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	got = s.want(206, "GET", "/api/farm/jobs/"+job+"/video", "", "Range", "bytes=0-1")
	if string(got.body) != "no" || got.header.Get("Content-Type") != "video/mp4" || got.header.Get("Content-Disposition") != "" {
		s.t.Errorf("the video: %q, %v", got.body, got.header)
	}
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/video?download=1", ""); !strings.Contains(got.header.Get("Content-Disposition"), "mp4") {
		s.t.Errorf("the video to be saved: %v", got.header)
	}
	if o := s.want(200, "GET", "/api/farm/jobs/"+job+"/output", ""); o.get("video_ready") != true {
		s.t.Errorf("with its video: %s", o.body)
	}

	// All frames, once they are rendered.
	s.want(204, "POST", "/api/v3/jobs/"+job+"/setpriority", `{"priority":99}`)
	s.completes(strings.Split(frame, "/")[4], "blender")
	s.signOn("misc")
	got = s.want(200, "GET", "/api/farm/jobs/"+job+"/frames.zip", "")
	archive, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
	if err != nil {
		s.t.Fatal(err)
	}
	content := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			s.t.Fatal(err)
		}
		content[f.Name] = string(text)
	}
	if content["000002.png"] != "no image" || !strings.HasPrefix(content["000001.png"], "\x89PNG") || !strings.HasPrefix(content["MISSING.txt"], "1 frames") || len(content) != 3 {
		s.t.Errorf("the zip has %d files: %.200v", len(content), content)
	}
	if name := got.header.Get("Content-Disposition"); name != "attachment; filename=pictures.zip" {
		s.t.Errorf("the zip is called %s", name)
	}
}

// signOn has the worker take tasks of a type.
func (s *testServer) signOn(taskType string) {
	s.t.Helper()
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["`+taskType+`"],"software_version":"1","can_restart":true}`)
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
}

// completes has the worker do the next task of a type, which must be this one.
func (s *testServer) completes(task, taskType string) {
	s.t.Helper()
	s.signOn(taskType)
	if got := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid"); got != task {
		s.t.Fatalf("the next task is %q, not %q", got, task)
	}
	s.want(204, "POST", "/api/v3/worker/task/"+task, `{"taskStatus":"completed"}`)
}

// Whatever a job is called, its zip has a name that no system takes for a path.
func TestNamesOfArchives(t *testing.T) {
	for _, name := range []string{"../../etc/passwd", `a\b:c*?"<>|`, "..", " . ", "shot\n7", strings.Repeat("é", 300)} {
		s := newServer(t)
		storage := s.manager.SharedStorage("workers", "linux")
		if err := os.WriteFile(filepath.Join(storage, "000001.png"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		s.worker()
		job := strings.NewReplacer("/out", filepath.ToSlash(storage), `"name":"film"`, `"name":`+strconv.Quote(name)).Replace(filmJob)
		id := s.want(200, "POST", "/api/v3/jobs", job).text("id")
		s.completes(s.want(200, "GET", "/api/v3/jobs/"+id+"/tasks", "").text("tasks.0.id"), "blender")
		got := s.want(200, "GET", "/api/farm/jobs/"+id+"/frames.zip", "").header.Get("Content-Disposition")
		if !strings.HasPrefix(got, "attachment; filename") || slices.ContainsFunc([]string{"/", `\`, "\n", "=.", `"."`}, func(bad string) bool { return strings.Contains(got, bad) }) {
			t.Errorf("the archive of job %q: %q", name, got)
		}
	}
}
