package ui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"renderfarm/farm/blendertest"
)

// put writes a file into the farm's home.
func (f *farm) put(name string, content []byte) {
	f.t.Helper()
	path := filepath.Join(f.home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

const brokenScript = `const JOB_TYPE = {
  label: "Broken",
  settings: [],
};
function compileJob(job) {
  let x = = 1;
}
`

// Job types are listed with their scripts and forms, those with a mistake with the line;
// a correction needs no restart.
func TestJobTypes(t *testing.T) {
	f := startFarm(t, "serve")
	f.put("scripts/broken_type.js", []byte(brokenScript))
	p := open(t, f, "/app/")
	p.click("nav a", "Job types")
	p.until("document.activeElement === document.querySelector('h1')")
	p.see(".types a.name", "Simple")
	p.see(".broken-types .reason", "broken_type.js")
	p.click(".broken-types a.name", "broken_type.js")
	p.see(".type h2", "broken_type.js")
	p.until("document.activeElement === document.querySelector('.type h2')")
	p.see(".type .source .bad-line", "let x = = 1;")
	p.key("\x1b")
	p.gone(".type")
	f.put("scripts/broken_type.js", []byte(strings.Replace(brokenScript, "= =", "=", 1)))
	p.click("button", "Look again")
	p.gone(".broken-types")
	p.see(".types a.name", "Broken")
	p.visit("job-types/simple-blender-render")
	p.see(".type .form label", "Frames")
	p.click(".type .chip", "Script")
	p.see(".type .source", "JOB_TYPE")
	p.until("location.search === '?as=source'")
	p.click(".type a.button", "Submit a file as this")
	p.see("h1", "Submit")
	p.until("location.pathname === '/app/submit' && location.search === '?type=simple-blender-render'")
}

// A file of the storage becomes a job: found in its folder, with settings made from the
// job type, and whatever a name looks like.
func TestSubmitFromStorage(t *testing.T) {
	f := startFarm(t, "serve")
	scene, err := os.ReadFile("../testdata/scenes/tiny.blend")
	if err != nil {
		t.Fatal(err)
	}
	const hostile = `<img src=x onerror=hacked=1> "quoted" 'n שלום`
	f.put("storage/shots/"+hostile+"/a & b.blend", scene)
	f.put("storage/shots/notes.txt", []byte("no scene"))
	f.tellBy("td", "http://127.0.0.1:9/told")
	p := open(t, f, "/app/submit")
	p.click(".storage .file", "shots")
	p.until("location.search.includes('folder=shots')")
	p.until("!visible('.file').some((node) => node.textContent.includes('notes.txt'))")
	p.click(".storage .file", "quoted")
	p.click(".storage .file", "a & b.blend")
	p.see(".describe-job h2", "a & b.blend")
	p.until("document.getElementById('setting-frames')?.value !== ''") // what the file says
	p.until("!visible('.describe-settings [role=status]').length && window.hacked === undefined")
	p.fill("#job-name", "from the browser")
	p.fill("#setting-frames", "what")
	p.allow("400 (Bad Request)")
	p.see(".why.bad", "frames")
	p.fill("#setting-frames", "2-4")
	p.gone(".why.bad")
	p.fill("#setting-chunk_size", "2")
	p.fill("#job-priority", "66")
	p.click("#job-paused", "")
	p.until("!document.querySelector('.describe button.strong').disabled && !visible('.describe-settings [role=status]').length")
	p.fill("#job-notify", "nobody")
	p.click(".describe button.strong", "Submit")
	p.see(".why.bad", "nobody")
	p.fill("#job-notify", "td")
	p.until("!document.querySelector('.describe button.strong').disabled")
	p.click(".describe button.strong", "Submit")
	p.see("h1", "from the browser")
	p.see(".head .row .status", "paused")
	p.see(".about .facts", "Priority66")
	p.see(".tasks", "render-2,3")
	p.click(".more summary", "Settings")
	p.see(".more .values", "a & b.blend")
	p.click(".more summary", "Metadata")
	p.see(".more .values", "farm.notify")
	p.do(chromedp.NavigateBack())
	p.see(".storage .file", "a & b.blend") // the folder is in the address
}

// withMissingImage makes a scene that needs an image which is not there.
const withMissingImage = `
import bpy, sys
image = bpy.data.images.new("wood", 4, 4)
image.source = "FILE"
image.filepath = "//textures/wood.png"
material = bpy.data.materials.new("wood")
material.use_nodes = True
material.node_tree.nodes.new("ShaderNodeTexImage").image = image
bpy.data.objects["Cube"].data.materials.append(material)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`

// A file of this computer is sent, with progress and a way to stop; what it misses is
// listed, and is a job only if somebody says so.
func TestSubmitFromThisComputer(t *testing.T) {
	blender := blendertest.Find(t)
	f := startFarm(t, "serve")
	file := filepath.Join(t.TempDir(), "küche.blend")
	make := exec.CommandContext(t.Context(), blender, "-b", "--factory-startup", "--python-exit-code", "9", "--python-expr", withMissingImage, "--", file)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make the scene: %v\n%s", err, out)
	}
	p := open(t, f, "/app/submit")
	p.see(".drop-zone", "Drop a .blend here")
	choose := func(name string) {
		t.Helper()
		p.do(chromedp.SetUploadFiles(chromedp.CSS(".drop input[type=file]"), []string{name}))
	}
	other := filepath.Join(filepath.Dir(file), "notes.txt")
	if err := os.WriteFile(other, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.allow("400 (Bad Request)")
	choose(other)
	p.see(".notice", "is no .blend file")

	// On a slow line it is seen how far it is, and can be stopped.
	p.upload(20_000)
	choose(file)
	p.see(".sending", "küche.blend")
	p.click(".sending button", "Cancel")
	p.see(".drop-zone", "Drop a .blend here")
	p.upload(-1)

	choose(file)
	p.see(".describe-job h2", "küche.blend")
	p.see(".missing h2", "1 file is missing")
	p.see(".missing .path", "wood.png")
	p.until("document.querySelector('.describe button.strong').disabled")
	p.click(".missing input", "")
	p.until("!document.querySelector('.describe button.strong').disabled")
	p.click(".describe button.strong", "Submit")
	p.see("h1", "küche")
	p.see(".head .row .status", "queued")
	left, err := filepath.Glob(filepath.Join(f.home, "uploads", "*", "*.blend"))
	if err != nil || len(left) > 0 {
		t.Errorf("files that were sent are left: %v, %v", left, err)
	}
	hostileSubmissions(t, f)
}

// upload makes the line so fast upwards, in bytes a second; -1 is as fast as can be.
func (p *page) upload(bytesPerSecond float64) {
	p.t.Helper()
	rules := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{UploadThroughput: bytesPerSecond, DownloadThroughput: -1}}}
	_, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, rules)
	if err != nil {
		p.t.Fatal(err)
	}
}

// hostileSubmissions tries what a page would not do: files of the manager's computer are
// in no job, whatever a scene names.
func hostileSubmissions(t *testing.T, f *farm) {
	t.Helper()
	for _, path := range []string{"../farm.yaml", "/etc/passwd", "jobs/../../farm.db"} {
		text, _ := json.Marshal(map[string]string{"path": path})
		answer, err := http.Post(f.url+"/api/farm/submissions", "application/json", bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, fmt.Sprint(answer.Status))
		}
	}
}
