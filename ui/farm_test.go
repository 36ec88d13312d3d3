package ui_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// A farm is the real program, built from this module and started for a test.
type farm struct {
	t    *testing.T
	home string
	url  string
	cmd  *exec.Cmd
}

// program builds the farm once for all tests, and returns its path.
var program = sync.OnceValues(func() (string, error) {
	name := filepath.Join(scratch, "farm")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", name, "renderfarm")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the farm: %w\n%s", err, out)
	}
	return name, nil
})

// scratch is a folder for what all tests of this process share.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "farm-ui-test"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		defer closeBrowser()
		return m.Run()
	}())
}

// startFarm starts "farm all", or another verb, with an empty home.
func startFarm(t *testing.T, verb string) *farm {
	t.Helper()
	f := &farm{t: t, home: t.TempDir()}
	// One with a configuration is set up, and does not begin with the assistant.
	if err := os.WriteFile(filepath.Join(f.home, "farm.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.start(verb, "127.0.0.1:0")
	t.Cleanup(f.stop)
	return f
}

// start starts the farm on its home, and waits until it answers.
func (f *farm) start(verb, listen string) {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	f.cmd = exec.Command(path, verb, "--home", f.home)
	if listen != "" { // else farm.yaml says it
		f.cmd.Args = append(f.cmd.Args, "--listen", listen)
	}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	var log bytes.Buffer
	f.cmd.Stderr = &log
	if err := f.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	// Its first line says where it is, once it answers.
	late := time.AfterFunc(patience, func() { f.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	late.Stop()
	_, address, found := strings.Cut(strings.TrimSpace(line), "is ready: ")
	if err != nil || !found {
		f.kill()
		f.t.Fatalf("the farm did not start: %q, %v\n%s", line, err, &log)
	}
	f.url = strings.TrimSuffix(address, "/")
}

// stop ends the farm as Ctrl-C does, or harder if that takes too long.
func (f *farm) stop() {
	if f.cmd.Process.Signal(os.Interrupt) != nil {
		f.cmd.Process.Kill() // Windows has no such signal
	}
	late := time.AfterFunc(patience, func() { f.cmd.Process.Kill() })
	f.cmd.Wait()
	late.Stop()
}

// kill ends the farm as a power cut does.
func (f *farm) kill() {
	f.cmd.Process.Kill()
	f.cmd.Wait()
}

// call makes a request of the v3 protocol, or of a path that begins with /, and decodes the answer into to if
// that is not nil.
func (f *farm) call(method, path string, body, to any) {
	f.t.Helper()
	f.callWith(nil, method, path, body, to)
}

// callWith is call with more headers.
func (f *farm) callWith(header http.Header, method, path string, body, to any) {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	if !strings.HasPrefix(path, "/") {
		path = "/api/v3/" + path
	}
	r, err := http.NewRequestWithContext(ctx, method, f.url+path, bytes.NewReader(text))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		f.t.Fatalf("%s %s: %s %s %v", method, path, answer.Status, got, err)
	}
	if to != nil {
		if err := json.Unmarshal(got, to); err != nil {
			f.t.Fatalf("%s %s: %v in %s", method, path, err, got)
		}
	}
}

// submit submits a job of one task that says the message and some that sleep
// for so many seconds, and returns its id. Its status is queued or paused.
func (f *farm) submit(name, message string, sleeps, seconds int, status string) string {
	f.t.Helper()
	var job struct{ ID string }
	f.call("POST", "jobs", map[string]any{
		"name": name, "type": "echo-sleep-test", "priority": 50, "submitter_platform": "linux", "initial_status": status,
		"settings": map[string]any{"message": message, "sleep_repeats": sleeps, "sleep_duration_seconds": seconds},
		"metadata": map[string]string{"project": "Spring"},
	}, &job)
	return job.ID
}

// task returns the id of a task of a job; the first has number 1.
func (f *farm) task(job string, number int) string {
	f.t.Helper()
	var list struct{ Tasks []struct{ ID string } }
	f.call("GET", fmt.Sprintf("jobs/%s/tasks?limit=1&after=%d", job, number-1), nil, &list)
	if len(list.Tasks) == 0 {
		f.t.Fatalf("job %s has no task %d", job, number)
	}
	return list.Tasks[0].ID
}

// patient makes the farm wait for an hour until it takes a worker for lost: those of tests
// say nothing by themselves, and the computer may be slow.
func (f *farm) patient() {
	f.t.Helper()
	f.set(map[string]any{"worker_timeout": "1h"})
}

// film submits a job that renders so many frames in one task, and returns its id.
func (f *farm) film(frames int) string {
	f.t.Helper()
	return f.filmTo(frames, "/out")
}

// filmTo is film with the folder that the frames go to.
func (f *farm) filmTo(frames int, folder string) string {
	f.t.Helper()
	var job struct{ ID string }
	f.call("POST", "jobs", map[string]any{
		"name": "shot 7", "type": "simple-blender-render", "priority": 50, "submitter_platform": "linux",
		"settings": map[string]any{"frames": fmt.Sprintf("1-%d", frames), "chunk_size": frames, "blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png",
			"has_previews": false, "preflight": false, "render_output_root": folder, "add_path_components": 0, "render_output_path": folder + "/######"},
	}, &job)
	return job.ID
}

// quoted is a text as JavaScript has it.
func quoted(text string) string {
	q, _ := json.Marshal(text)
	return string(q)
}
