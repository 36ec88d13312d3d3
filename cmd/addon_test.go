package cmd

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendertest"
)

// oddType has settings that Blender could not have under their own names.
const oddType = `
var JOB_TYPE = { label: "Odd", settings: [
	{ key: "my-key", type: "string", default: "k" },
	{ key: "class", type: "int32", default: 7, propargs: { min: 0, max: 10, subtype: "ANGLE" } },
	{ key: "kind", type: "string", choices: ["a", "b c", "ü"], default: "b c" },
	{ key: "small", type: "int32", default: 1, propargs: { min: 5 } },
	{ key: "made", type: "string", eval: "settings['my-key'] + str(settings['class'])", editable: false },
	{ key: "broken", type: "string", eval: "no python", description: "fails when it is evaluated, and is hidden", visible: "visible" },
] };
function compileJob(job) {
	if (job.settings["class"] !== 9 || job.settings.made !== "k9") throw "settings are " + JSON.stringify(job.settings);
	var task = author.Task("echo", "misc");
	task.addCommand(author.Command("echo", { message: job.settings.kind }));
	job.addTask(task);
}`

// TestAddon installs the add-on that a manager serves in a Blender without a
// window, and submits with it. addon/tests/in_blender.py is the script.
func TestAddon(t *testing.T) {
	t.Parallel()
	st := newSubmitTest(t)
	blender := blendertest.Find(t)
	if err := os.MkdirAll(filepath.Join(st.home, "scripts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(st.home, "scripts", "odd.js"), []byte(oddType), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	zip := filepath.Join(dir, "farm-addon.zip")
	download(t, st.url+"/farm-addon.zip", zip)
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*patienceOfTests)
	defer cancel()
	c := exec.CommandContext(ctx, blender, "-b", "--factory-startup", "--python-exit-code", "9", "--python", filepath.Join("..", "addon", "tests", "in_blender.py"),
		"--", zip, scene(t, work), st.home, "http://127.0.0.1:1") // where nobody listens
	c.Env = append(os.Environ(), "BLENDER_USER_RESOURCES="+filepath.Join(dir, "blender"), "FARM_MANAGER=")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkAddonJob(t, st)
}

// TestAddonFromAway submits the nasty project with the add-on, to a worker that
// cannot see its folder, and gets the same pictures as at home.
func TestAddonFromAway(t *testing.T) {
	t.Parallel()
	n := newNastyProject(t, 2, 4)
	st := newServeTest(t)
	p, err := startCommand("worker", hiddenFrom(t, n.dir, "work", "--home", filepath.Join(t.TempDir(), "worker"), "--manager", st.url))
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	dir := t.TempDir()
	zip := filepath.Join(dir, "farm-addon.zip")
	download(t, st.url+"/farm-addon.zip", zip)
	renders := filepath.Join(st.home, "storage", "renders")

	ctx, cancel := context.WithTimeout(t.Context(), 2*patienceOfTests)
	defer cancel()
	c := exec.CommandContext(ctx, n.blender, "-b", "--factory-startup", "--python-exit-code", "9", "--python", filepath.Join("..", "addon", "tests", "from_away.py"),
		"--", zip, n.file, "2,4", renders)
	c.Env = append(os.Environ(), "BLENDER_USER_RESOURCES="+filepath.Join(dir, "blender"), "FARM_MANAGER=")
	if out, err := c.CombinedOutput(); err != nil {
		written, _ := p.out.look()
		t.Fatalf("%v\n%s\n%s", err, out, written)
	}
	last, err := filepath.Glob(filepath.Join(renders, "from away", "*", "*0004.png"))
	if err != nil || len(last) != 1 {
		t.Fatalf("frame 4 is %q, %v", last, err)
	}
	n.compare(t, readFrames(t, filepath.Dir(last[0]), 2, 4))
}

// checkAddonJob looks whether the job is the one that the script submitted.
func checkAddonJob(t *testing.T, st *submitTest) {
	t.Helper()
	client, err := api.New(st.url)
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.FetchJobs(t.Context(), api.JobsQuery{})
	if err != nil {
		t.Fatal(err)
	}
	jobs := list.Jobs
	if len(jobs) != 2 {
		t.Fatalf("there are %d jobs", len(jobs))
	}
	if odd := jobs[0]; odd.Status != farm.JobPaused.String() || odd.Type != "odd" {
		t.Errorf("the first job is %+v", odd)
	}
	job := jobs[1]
	if job.Name != "from Blender" || job.Priority != 77 || job.Status != farm.JobCompleted.String() || job.Settings["frames"] != "2-3" {
		t.Errorf("the job is %+v", job)
	}
	if blend := job.Settings["blendfile"]; blend != "{jobs}/from Blender/my scene.blend" || job.Storage == nil || job.Storage.ShamanCheckoutID != "from Blender" {
		t.Errorf("the farm's copy is %q, %+v", blend, job.Storage)
	}
}

// download saves what is at an address as a file.
func download(t *testing.T, url, path string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, res.StatusCode, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
