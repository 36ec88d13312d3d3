package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// A worker is the other side of the protocol, played by the test: it reports
// what the test wants the page to show.
type worker struct {
	farm     *farm
	id       string
	password string
	header   http.Header // of all its requests, besides
}

// newWorker registers a worker that takes tasks of a type, and wakes it.
func (f *farm) newWorker(taskType string) *worker { return f.newWorkerBehind(taskType, nil) }

// newWorkerBehind is newWorker of one that registers with more headers, such as those of
// a proxy.
func (f *farm) newWorkerBehind(taskType string, header http.Header) *worker {
	f.t.Helper()
	const secret = "0123456789abcdef0123456789abcdef"
	var registered struct{ UUID string }
	f.callWith(header, "POST", "worker/register-worker", map[string]any{
		"name": "render01", "secret": secret, "platform": "linux", "supported_task_types": []string{taskType},
	}, &registered)
	w := &worker{farm: f, id: registered.UUID, password: secret}
	w.post("worker/sign-on", "application/json", []byte(`{"name":"render01","supported_task_types":["`+taskType+`"],"software_version":"1"}`))
	w.post("worker/state-changed", "application/json", []byte(`{"status":"awake"}`))
	return w
}

// take asks for a task, and returns its id.
func (w *worker) take() string {
	w.farm.t.Helper()
	var task struct{ UUID string }
	answer := w.post("worker/task", "", nil)
	if err := json.Unmarshal(answer, &task); err != nil || task.UUID == "" {
		w.farm.t.Fatalf("no task: %q, %v", answer, err)
	}
	return task.UUID
}

// saves writes a frame of a task into a folder, and reports it as rendered in so many milliseconds.
func (w *worker) saves(task, folder string, frame, milliseconds int) {
	w.farm.t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 360))); err != nil {
		w.farm.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d.png", frame)), file.Bytes(), 0o644); err != nil {
		w.farm.t.Fatal(err)
	}
	w.post("worker/task/"+task, "application/json", fmt.Appendf(nil, `{"taskStatus":"active","steps_completed":%d,"frames":[{"frame":%d,"wall_ms":%d,"saved":%q}]}`,
		frame, frame, milliseconds, time.Now().UTC().Format(time.RFC3339)))
}

// produce reports an image of a size in pixels as rendered by a task.
func (w *worker) produce(task string, width, height int) {
	w.farm.t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		picture.Set(x, x%height, color.RGBA{R: 255, G: uint8(4 * x), A: 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		w.farm.t.Fatal(err)
	}
	w.post("worker/task/"+task+"/output-produced", "image/png", file.Bytes())
}

// post makes a request as the worker, and returns the answer, which must be good.
func (w *worker) post(path, contentType string, body []byte) []byte {
	w.farm.t.Helper()
	return w.send("POST", "/api/v3/"+path, contentType, body)
}

// send is post with another method, and below the address of the farm.
func (w *worker) send(method, path, contentType string, body []byte) []byte {
	w.farm.t.Helper()
	ctx, cancel := context.WithTimeout(w.farm.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.farm.url+path, bytes.NewReader(body))
	if err != nil {
		w.farm.t.Fatal(err)
	}
	maps.Copy(r.Header, w.header)
	r.SetBasicAuth(w.id, w.password)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.farm.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		w.farm.t.Fatalf("%s: %s %s %v", path, answer.Status, got, err)
	}
	return got
}
