package ui_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
	var all map[string]any
	f.call("GET", "/api/farm/notifications", nil, &all)
	for _, said := range []string{"events", "kinds", "may_change"} {
		delete(all, said)
	}
	all["ways"] = []any{map[string]any{"name": way, "kind": "webhook", "url": hook.URL}}
	all["rules"] = []any{map[string]any{"events": []string{"job-failed", "first-failure"}, "ways": []string{way}}}
	f.call("PUT", "/api/farm/notifications", all, nil)

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
