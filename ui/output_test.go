package ui_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Somebody without the shared storage gets the frames and sees the video.
func TestOutput(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("needs FFmpeg")
	}
	f := startFarm(t, "serve")
	f.patient()
	out := filepath.Join(f.home, "storage", "renders")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	f.call("POST", "jobs", map[string]any{
		"name": "shot 7", "type": "simple-blender-render", "priority": 50, "submitter_platform": "linux",
		"settings": map[string]any{"frames": "1-2", "chunk_size": 2, "fps": 24, "blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png",
			"has_previews": false, "preflight": false, "render_output_root": filepath.ToSlash(out), "add_path_components": 0, "render_output_path": filepath.ToSlash(out) + "/######"},
	}, &made)
	job := made.ID
	p := open(t, f, "/app/jobs/"+job)
	p.see(".output .path", filepath.ToSlash(out))
	p.see(".output", "not made yet")
	w := f.newWorker("blender")
	task := w.take()
	for frame := 1; frame <= 2; frame++ {
		if err := os.WriteFile(filepath.Join(out, fmt.Sprintf("%06d.png", frame)), []byte("a frame"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed","steps_completed":2}`))
	p.see(".output a", "Download all frames")
	var address string
	p.eval("[...document.querySelectorAll('.output a')].find((a) => a.textContent.includes('frames')).href", &address)
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err != nil || len(archive.File) != 2 {
		t.Errorf("the archive of frames: %v, %v", archive, err)
	}

	var output struct{ Video string }
	f.call("GET", "/api/farm/jobs/"+job+"/output", nil, &output)
	make := exec.Command(ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=64x36:rate=24:duration=1", "-pix_fmt", "yuv420p", filepath.Join(out, output.Video))
	if text, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make a video: %v: %s", err, text)
	}
	video := f.newWorker("ffmpeg")
	task = video.take()
	video.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed"}`))
	p.see(".head .row .status", "completed")
	p.see(".output a", "Download the video")
	p.until("document.querySelector('video')?.videoWidth === 64")
	p.eval("document.querySelector('video').currentTime = 0.5", new(float64))
	p.until("document.querySelector('video').currentTime === 0.5 && document.querySelector('video').readyState >= 2")
}

// Of a job of very many tasks, the frames of all of them are shown, some at a time.
func TestFramesOfManyTasks(t *testing.T) {
	const frames = 5000
	f := startFarm(t, "serve")
	var job struct{ ID string }
	f.call("POST", "jobs", map[string]any{
		"name": "long", "type": "simple-blender-render", "priority": 50, "submitter_platform": "linux",
		"settings": map[string]any{"frames": fmt.Sprintf("1-%d", frames), "chunk_size": 1, "blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png",
			"has_previews": false, "preflight": false, "render_output_root": "/out", "add_path_components": 0, "render_output_path": "/out/######"},
	}, &job)
	p := open(t, f, "/app/jobs/"+job.ID)
	p.see(".frames .card-head", "0 of 4,096 frames")
	p.see(".contact label", "1")
	p.click(".part button", "Later")
	p.until("location.search === '?from=4096'")
	p.see(".frames .card-head", "of 904 frames")
	p.see(".contact label", "4097")
	p.click(".part button", "Earlier")
	p.see(".frames .card-head", "of 4,096 frames")
}
