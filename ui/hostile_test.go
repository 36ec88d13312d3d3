package ui_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostileType is a script whose every text is a hostile name.
const hostileType = `const JOB_TYPE = {
  label: NAME,
  description: NAME,
  settings: [{key: "text", type: "string", default: NAME, description: NAME, evalInfo: {description: NAME}, choices: [NAME, "b"]}],
};
function compileJob(job) {}
`

// What scripts, files of the storage, ways, findings and comments are called is text, too.
func TestHostileTexts(t *testing.T) {
	f := &farm{t: t, home: t.TempDir()}
	name := hostileNames[0]
	file := strings.ReplaceAll(name, "/", "") // a folder of the storage
	script := strings.ReplaceAll(hostileType, "NAME", quoted(name))
	f.put("farm.yaml", nil)
	f.put("scripts/hostile.js", []byte(script))
	f.put("scripts/thrown.js", []byte("throw new Error("+quoted(name)+");"))
	f.put("scripts/"+file+".js", []byte("let = = 1;"))
	f.put("storage/"+file+"/"+file+".blend", []byte("BLENDER"))
	f.start("serve", "127.0.0.1:0")
	t.Cleanup(f.stop)
	f.patient()
	f.call("POST", "worker-mgt/tags", map[string]any{"name": name, "description": name}, nil)

	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		http.Error(w, name, http.StatusBadRequest)
	}))
	t.Cleanup(hook.Close)
	way := hostileNames[1]
	f.tellBy(way, hook.URL, "job-failed", "first-failure")

	w := f.newWorker("misc")
	worker := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(w.id+":"+w.password))}}
	finding := map[string]any{"name": "storage-missing", "level": "error", "what": name, "why": name, "fix": name}
	f.callWith(worker, "PUT", "/api/farm/worker/facts", map[string]any{"findings": []any{finding}, "variables": map[string]string{"own": name}}, nil)
	f.submit(name, name, 1, 1, "queued")
	task := w.take()
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"failed","log":`+quoted("Error: "+name)+`}`))
	film := f.film(3)
	f.call("POST", "/api/farm/jobs/"+film+"/comments", map[string]any{"frame": 1, "text": name, "tag": name[:40]}, nil)

	p := open(t, f, "/app/")
	for _, place := range []struct{ path, shows, text string }{
		{"job-types", ".types", name}, {"job-types", ".broken-types", name}, {"job-types/hostile", ".type .form", name}, {"job-types/hostile?as=source", ".type .source", "onerror"},
		{"job-types/thrown", ".type", name}, {"submit", ".storage .file", file}, {"submit?type=hostile", ".storage .file", file},
		{"notifications", ".deliveries", name}, {"notifications", ".deliveries", "to " + way}, {"workers/" + w.id, ".worker .findings", name}, {"workers/" + w.id, ".worker .facts", name},
		{"tags", ".tags", name}, {"jobs/" + film, ".contact .said", name[:40]}, {"settings", ".settings-group", ""}, {"setup", "h1", ""},
	} {
		p.do(chromedp.Navigate(f.url + "/app/" + place.path))
		p.see(place.shows, place.text)
		p.harmless()
	}
	p.visit("submit")
	p.click(".storage .file", file)
	p.see(".storage .file", file+".blend")
	p.harmless()
}

// TestHostileEverywhere has texts of 10,000 characters and others that would do something in all that
// users and workers say of themselves: shown as text, cut in lists, nowhere executed.
func TestHostileEverywhere(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	long := strings.Repeat("ab\u202e🎬<i>\"'&_", 1000)[:10_000]
	long = strings.ToValidUTF8(long, "")
	for _, name := range []string{hostileNames[0], hostileNames[3], long} {
		w := f.newWorker("misc")
		w.post("worker/sign-on", "application/json", []byte(`{"name":`+quoted(short(name, 120))+`,"supported_task_types":["misc"],"software_version":`+quoted(short(name, 100))+`}`))
		w.post("worker/state-changed", "application/json", []byte(`{"status":"awake"}`))
		worker := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(w.id+":"+w.password))}}
		f.callWith(worker, "PUT", "/api/farm/worker/facts", map[string]any{"arch": short(name, 30), "blenders": []any{map[string]any{"version": "4.2.0", "path": "/" + short(name, 200), "devices": []any{map[string]any{"type": "CUDA", "name": short(name, 100)}}}}}, nil)
		var job struct{ ID string }
		f.call("POST", "jobs", map[string]any{"name": short(name, 1000), "type": "echo-sleep-test", "priority": 50, "submitter_platform": "linux",
			"settings": map[string]any{"message": name, "sleep_repeats": 1, "sleep_duration_seconds": 1}, "metadata": map[string]string{"project": name, short(name, 200): "x"}}, &job)
		task := w.take()
		w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"failed","activity":`+quoted(name)+`,"log":`+quoted("Error: "+name+"\n")+`}`))
		f.call("POST", "tasks/"+task+"/setstatus", map[string]any{"status": "queued", "reason": name}, nil)
		w.take()
		w.post("worker/task/"+task, "application/json", []byte(`{"log":`+quoted(name+"\n")+`}`))
		p := open(t, f, "/app/jobs/"+job.ID+"/"+task)
		p.see(".attempts li", "active")
		p.see(".attempts li", short(name, 20))
		p.click(".task summary", "Commands")
		p.click(".more summary", "Settings")
		p.click(".more summary", "Metadata")
		p.see(".more .values", short(name, 20))
		p.harmless()
		for _, place := range []string{"jobs?text=" + url.QueryEscape(short(name, 300)), "workers/" + w.id, "workers?as=table", "", "settings?text=" + url.QueryEscape(short(name, 300)),
			"jobs/" + url.PathEscape(short(name, 60)), "workers/" + url.PathEscape(short(name, 60)), "job-types/" + url.PathEscape(short(name, 60)), url.PathEscape(strings.ReplaceAll(short(name, 60), ".", "")), "submit?folder=" + url.QueryEscape(short(name, 60))} {
			p.allow("404")
			p.allow("400")
			p.do(chromedp.Navigate(f.url + "/app/" + place))
			p.until("visible('h1').length > 0 && !/Reading/.test(document.querySelector('main').innerText)")
			p.harmless()
			p.width(390)
			p.harmless()
			p.width(1440)
		}
	}
}

// short is the beginning of a text, of at most so many bytes, in whole characters.
func short(text string, bytes int) string {
	return strings.ToValidUTF8(text[:min(len(text), bytes)], "")
}

// What is wrong with the manager's computer comes first, whatever the folder is called.
func TestFindingsOfTheManager(t *testing.T) {
	f := &farm{t: t, home: t.TempDir()}
	missing := filepath.Join(f.home, "gone", strings.ReplaceAll(hostileNames[0], "/", ""))
	f.put("farm.yaml", fmt.Appendf(nil, "shared_storage_path: %s\n", quoted(missing)))
	f.start("serve", "127.0.0.1:0")
	t.Cleanup(f.stop)
	p := open(t, f, "/app/")
	p.allow("503") // what room is left in the storage
	p.see(".problems .found", missing)
	p.see(".problems .found", "does not exist")
	p.harmless()
}
