package ui_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// violations is what axe-core finds on a page that is open: rules, and where each is broken.
func (p *page) violations(axe string) (found []string) {
	p.t.Helper()
	p.eval(axe+`; axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) =>
		v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join('; ')))`, &found)
	return found
}

// Every page passes axe-core, in light and in dark, on a desk and on a phone: names of
// controls, contrast, headings, roles.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	f := startFarm(t, "serve")
	f.patient()
	var tag struct{ ID string }
	f.call("POST", "worker-mgt/tags", map[string]any{"name": "gpu", "description": "big cards"}, &tag)
	w := f.newWorker("misc")
	failed := f.submit("fails", "hello", 1, 1, "queued")
	w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"failed","log":"Error: Cannot render, no camera\n"}`))
	f.submit("waits", "hello", 1, 1, "paused")
	film := f.film(3)
	blender := f.newWorker("blender")
	blender.post("worker/task/"+blender.take(), "application/json", []byte(`{"taskStatus":"active","steps_completed":1,"frames":[{"frame":1,"wall_ms":60000,"saved":"2026-11-30T10:00:00Z"}]}`))
	blender.produce(f.task(film, 1), 32, 18)
	p := open(t, f, "/app/")
	for _, place := range []struct {
		path, shows string
		phone       bool // where a phone shows something else than a desk
	}{

		{"", ".problems", true}, {"jobs", ".jobs tr[data-index]", true}, {"jobs/" + failed + "/" + f.task(failed, 1), ".task .log", true},
		{"jobs/" + film, ".strip", false}, {"workers", ".worker-tile", false}, {"workers/" + w.id + "?as=table", ".worker .facts", true}, {"tags", ".tags li", false}, {"settings", ".settings-group", true}, {"notifications", ".mail", true}, {"job-types/simple-blender-render", ".type .form", true}, {"submit", ".drop-zone", true}, {"setup", "h1", true}, {"last-rendered", ".picture img", false},
	} {
		p.do(chromedp.Navigate(f.url + "/app/" + place.path))
		p.see("#farm-status", "i")
		for _, as := range []struct {
			name   string
			pixels int64
			dark   bool
		}{{"light", 1440, false}, {"dark", 1440, true}, {"phone", 390, false}} {
			if as.name == "phone" && !place.phone {
				continue
			}
			p.width(as.pixels)
			p.dark(as.dark)
			p.until(fmt.Sprintf("visible(%q).length > 0 && visible('h1').length === 1", place.shows))
			for _, found := range p.violations(string(axe)) {
				t.Errorf("/app/%s, %s: %s", place.path, as.name, found)
			}
		}
	}
	p.dark(false)
	p.key("?")
	p.see("dialog", "Keys")
	for _, found := range p.violations(string(axe)) {
		t.Errorf("the keys: %s", found)
	}
}

// hostileNames would be executed where a page makes markup or code of them, or break out of it.
var hostileNames = []string{
	`<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`,
	`"'><svg onload=window.hacked=1>`, "${window.hacked=1}`", "🎬🔥 \u202etxt.exe\u202c שלום", strings.Repeat("long_", 200),
}

// harmless waits until nothing of hostileNames became a part of the page or was executed,
// and nothing is wider than the window.
func (p *page) harmless() {
	p.t.Helper()
	p.until("window.hacked === undefined && document.querySelectorAll('main script, main svg, main img[src=x]').length === 0")
	p.until("document.documentElement.scrollWidth <= innerWidth")
}

// Whatever a user or a worker can write is shown as text, and moves nothing out of place.
func TestHostileNames(t *testing.T) {
	f := startFarm(t, "serve")
	names := hostileNames
	f.patient()
	w := f.newWorker("misc")
	var places []string
	for _, name := range names {
		f.call("POST", "worker-mgt/tags", map[string]any{"name": name[:min(len(name), 60)], "description": name[:min(len(name), 200)]}, nil)
		job := f.submit(name, strings.Repeat(name, 10000/len(name)), 1, 1, "queued")
		w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"failed","activity":`+quoted(name)+`,"log":`+quoted("Error: "+strings.Repeat(name, 10000/len(name))+"\n")+`}`))
		f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "cancel-requested", "reason": name[:min(len(name), 100)]}, nil)
		places = append(places, "jobs/"+job+"/"+f.task(job, 1))
	}
	p := open(t, f, "/app/jobs")
	for i, place := range append(places, "jobs", "", "workers", "tags") {
		p.do(chromedp.Navigate(f.url + "/app/" + place))
		p.until("visible('.card').length > 0 && !/Reading/.test(document.querySelector('main').innerText)")
		if i < len(names) {
			p.until(fmt.Sprintf("document.querySelector('h1').textContent === %s", quoted(names[i])))
			p.see(".task .log", "Error: "+names[i][:8])
			p.click(".more summary", "Settings")
			p.click(".more summary", "Log of changes")
			p.see(".changes", names[i][:8])
		}
		p.harmless()
	}
}
