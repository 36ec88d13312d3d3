package cmd

import (
	"os"
	"path/filepath"
	"testing"
)

// damagingType removes a texture of its file when Blender has opened it.
const damagingType = `
var JOB_TYPE = {label: "Damaging", settings: [{key: "blendfile", type: "string", required: true}, {key: "render_output_root", type: "string", required: true}]};
function compileJob(job) {
	var task = author.Task("render", "blender");
	task.addCommand(author.Command("blender-render", {exe: "{blender}", exeArgs: "{blenderArgs}", argsBefore: [], blendfile: job.settings.blendfile,
		args: ["--python-expr", "import bpy, os; os.remove(bpy.path.abspath('//noise.png'))", "--render-output", job.settings.render_output_root + "/######",
			"--render-format", "PNG", "--render-frame", "1"]}, 1));
	job.addTask(task);
}`

// TestMirrorDamagedByTheTask renders with a mirror what damages the mirror each time: it
// is tried a few times, and fails.
func TestMirrorDamagedByTheTask(t *testing.T) {
	t.Parallel()
	st := newServeTest(t)
	file := texturedScene(t, t.TempDir())
	if err := os.MkdirAll(filepath.Join(st.home, "scripts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(st.home, "scripts", "damaging.js"), []byte(damagingType), 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(st.home, "storage", "renders", "damaged")
	if status := st.run(t, t.Context(), "submit", file, "--upload", "--no-wait", "--type", "damaging", "--output", root, "--manager", st.url); status != exitOK {
		t.Fatalf("exit status %d: %s", status, st.err.String())
	}
	w := st.startWorker(t, t.TempDir(), st.url, "--storage", "mirror")
	if err := w.await("That was so 4 times in a row"); err != nil {
		t.Fatal(err)
	}
	w.awaitCount(t, "task given back", 3)
	if left, _ := filepath.Glob(filepath.Join(root, "*")); len(left) > 0 {
		t.Errorf("frames without their texture are in the storage: %v", left)
	}
}
