package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
	"renderfarm/farm/programs"
)

// A submitTest is a farm of one computer that a test submits to.
type submitTest struct {
	home     string
	command  []string
	env      []string // NAME=VALUE, besides that of the test
	url      string
	farm     *process
	out, err bytes.Buffer
}

// newSubmitTest starts manager and worker. Without Blender and FFmpeg there is
// nothing to test.
func newSubmitTest(t *testing.T) *submitTest {
	t.Helper()
	if _, err := programs.FFmpeg(t.Context(), ""); err != nil {
		t.Skip(err)
	}
	return startSubmitTest(t, nil, "all")
}

// newServeTest starts a manager, and no worker.
func newServeTest(t *testing.T, env ...string) *submitTest {
	t.Helper()
	return startSubmitTest(t, env, "serve")
}

func startSubmitTest(t *testing.T, env []string, command ...string) *submitTest {
	t.Helper()
	blendertest.Find(t)
	st := &submitTest{home: t.TempDir(), command: command, env: env}
	t.Cleanup(func() {
		if err := st.farm.kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			written, _ := st.farm.out.look()
			t.Logf("farm:\n%s\nsubmit:\n%s", written, st.err.String())
		}
	})
	st.start(t)
	return st
}

// start runs the farm, for the first time or after a crash.
func (st *submitTest) start(t *testing.T) {
	t.Helper()
	p, err := startProcess("farm", st.home, slices.Concat(os.Environ(), st.env, []string{"NO_COLOR=1"}), append(st.command, "--home", st.home, "--listen", "127.0.0.1:0")...)
	if err != nil {
		t.Fatal(err)
	}
	st.farm = p
	if err := p.await("is ready: "); err != nil {
		t.Fatal(err)
	}
	written, _ := p.out.look()
	_, after, _ := strings.Cut(written, "is ready: ")
	st.url = strings.TrimSuffix(strings.Fields(after)[0], "/")
}

// run runs a command line against the farm, and returns its exit status.
func (st *submitTest) run(t *testing.T, ctx context.Context, args ...string) int {
	t.Helper()
	s := testSession(t, nil)
	st.out.Reset()
	st.err.Reset()
	s.out, s.errOut = &st.out, &st.err
	return run(ctx, s, append(args, "--home", st.home))
}

// scene returns a copy of the tiny scene, outside of the farm's storage.
func scene(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "scenes", "tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "my scene.blend")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSubmitRenders goes from a file to frames and a video.
func TestSubmitRenders(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	if status := st.run(t, t.Context(), "submit", scene(t, t.TempDir()), "--frames", "1-3", "--chunk-size", "2", "--json"); status != exitOK {
		t.Fatal(status)
	}
	var answer submitAnswer
	if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	frames, err := filepath.Glob(filepath.Join(answer.Frames, "*.png"))
	if err != nil || len(frames) != 3 || answer.Files != 3 || answer.Status != "completed" || !strings.Contains(answer.Frames, filepath.Join("storage", "renders", "my scene")) {
		t.Errorf("%+v, %q, %v", answer, frames, err)
	}
	if _, err := os.Stat(answer.Video); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Uploaded 1 file", "0/3 frames", "3/3 frames  completed"} {
		if !strings.Contains(st.err.String(), want) {
			t.Errorf("%q was not said", want)
		}
	}
}

// TestSubmitFormatWithoutAlpha asks for formats that have neither the alpha nor the
// depth of the scene's own. Before 5.0 Blender's command line alone makes BMP files
// of it that are cut short where lines are no whole number of 4 bytes, and no Cineon
// files at all.
func TestSubmitFormatWithoutAlpha(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	file := scene(t, t.TempDir())
	const change = "import bpy; r = bpy.context.scene.render; r.film_transparent = True; r.image_settings.file_format = 'PNG'; " +
		"r.image_settings.color_mode = 'RGBA'; r.resolution_x, r.resolution_y, r.resolution_percentage = 63, 47, 100; bpy.ops.wm.save_mainfile()"
	if out, err := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", file, "--python-exit-code", "1", "--python-expr", change).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, format := range []string{"BMP", "JPEG", "CINEON"} {
		if status := st.run(t, t.Context(), "submit", file, "--frames", "1", "--format", format); status != exitOK {
			t.Fatalf("%s: exit status %d", format, status)
		}
	}
}

// TestSubmitInPlace uses a file in the storage, and hands it in without waiting.
func TestSubmitInPlace(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	file := scene(t, filepath.Join(st.home, "storage"))
	if status := st.run(t, t.Context(), "submit", file, "--paused"); status != exitOK || !strings.Contains(st.err.String(), "farm jobs resume") {
		t.Fatal(status)
	}
	id := farm.JobID(strings.TrimSpace(st.out.String()))
	if status := st.run(t, t.Context(), "jobs", "show", string(id), "--json"); status != exitOK || !strings.Contains(st.out.String(), file) {
		t.Errorf("%d: %s", status, st.out.String())
	}
	if _, err := os.Stat(filepath.Join(st.home, "storage", "submitted")); err == nil {
		t.Error("the file was copied")
	}
	for says, args := range map[string][]string{
		"it has blender-script, echo-sleep-test, render-and-encode, ": {"--type", "nothing"}, "there is no tag": {"--tag", "nowhere"}, "no scene": {"--scene", "nowhere"},
	} {
		if status := st.run(t, t.Context(), append([]string{"submit", file}, args...)...); status != exitNotFound || !strings.Contains(st.err.String(), says) {
			t.Errorf("%v: %d: %s", args, status, st.err.String())
		}
	}
}

// TestSubmitRefused leaves no copy behind when the manager does not take the job.
func TestSubmitRefused(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	if status := st.run(t, t.Context(), "submit", scene(t, t.TempDir()), "--set", "add_path_components=33"); status != exitFailed || !strings.Contains(st.err.String(), "add_path_components") {
		t.Errorf("%d: %s", status, st.err.String())
	}
	if left, err := os.ReadDir(filepath.Join(st.home, "storage", farm.CopiesFolder)); err == nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestSubmitFails tells what failed, why, and what to do.
func TestSubmitFails(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	if err := os.MkdirAll(filepath.Join(st.home, "scripts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(st.home, "scripts", "failing.js"), []byte(failingType), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := st.run(t, t.Context(), "submit", scene(t, t.TempDir()), "--type", "failing"); status != exitJobFailed {
		t.Error(status)
	}
	for _, want := range []string{"Task 1 (doomed) failed on ", "    ", "farm jobs log ", "farm jobs requeue "} {
		if !strings.Contains(st.err.String(), want) {
			t.Errorf("%q was not said", want)
		}
	}
}

const failingType = `
var JOB_TYPE = { label: "Failing", settings: [{ key: "blendfile", type: "string", required: true }] };
function compileJob(job) {
	var task = author.Task("doomed", "misc");
	task.addCommand(author.Command("exec", { exe: "farm-has-no-such-program", args: [] }));
	job.addTask(task);
}`

// TestSubmitInterrupted leaves the job alone.
func TestSubmitInterrupted(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	file := scene(t, t.TempDir())
	p, err := startProcess("submit", st.home, append(os.Environ(), "NO_COLOR=1", "FARM_HOME="+st.home), "submit", file, "--frames", "1-10")
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	if err := p.await("0/10 frames"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	status, err := p.end()
	said, _ := p.out.look()
	if err != nil || status != exitInterrupted || !strings.Contains(said, "The job goes on") {
		t.Errorf("%d, %v: %s", status, err, said)
	}
	if status := st.run(t, t.Context(), "jobs", "list"); status != exitOK || !strings.Contains(st.out.String(), "active") {
		t.Errorf("%d: %s", status, st.out.String())
	}
}
