package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// tellBy has the farm tell of events by a webhook of a name.
func (f *farm) tellBy(way, url string, events ...string) {
	f.t.Helper()
	var all map[string]any
	f.call("GET", "/api/farm/notifications", nil, &all)
	for _, said := range []string{"events", "kinds", "may_change"} {
		delete(all, said)
	}
	all["ways"] = []any{map[string]any{"name": way, "kind": "webhook", "url": url}}
	if len(events) > 0 {
		all["rules"] = []any{map[string]any{"events": events, "ways": []string{way}}}
	}
	f.call("PUT", "/api/farm/notifications", all, nil)
}

// A way is added, tested and used by a rule; what it sent can be seen, and its secret
// is shown to nobody.
func TestNotifications(t *testing.T) {
	got := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer hook.Close()
	f := startFarm(t, "all")
	p := open(t, f, "/app/")
	p.click("nav a", "Notifications")
	p.see(".deliveries", "Nothing yet.")
	p.click(".ways button", "Add a way")
	p.fill(`.way input[aria-label="Name of the way"]`, "pipeline")
	p.allow("400 (Bad Request)")
	p.click(".save-bar button", "Save")
	p.see(".save-bar .bad", "pipeline")
	p.fill("#n-0-url", hook.URL+"/hook")
	p.fill("#n-0-secret", "xyzzy")
	p.click(".rules button", "Add a rule")
	p.click(`.rule [aria-label="Events"] .chip`, "job-completed")
	p.fill(`.rule input[aria-label="Names of jobs"]`, "shot*")
	p.click(".save-bar button", "Save")
	p.see(".notice", "Saved.")
	p.gone(".save-bar")
	if text := f.file("farm.yaml"); !strings.Contains(text, "xyzzy") || !strings.Contains(text, "job-completed") {
		t.Errorf("farm.yaml: %s", text)
	}
	p.do(chromedp.Reload())
	p.see(".way .form-about", "shown to nobody")
	p.until(`document.getElementById('n-0-secret').value === ''`)
	p.click(".way button", "Test")
	p.see(".notice", "“pipeline” took the message.")
	<-got
	job := f.submit("shot 7", "hello", 1, 0, "queued")
	if body := <-got; !strings.Contains(body, job) {
		t.Errorf("the message: %s", body)
	}
	p.click(".deliveries button", "Look again")
	p.see(".deliveries .plain-list", "job-completed to pipeline")
	p.see(".deliveries a", "shot 7")
	p.click(`.way button[aria-label="Remove pipeline"]`, "")
	p.click(`.rule button[aria-label="Remove this rule"]`, "")
	p.fill("#n-digest", "08:15")
	p.click(".save-bar button", "Save")
	p.gone(".save-bar")
	if text := f.file("farm.yaml"); strings.Contains(text, "xyzzy") || !strings.Contains(text, "08:15") {
		t.Errorf("farm.yaml: %s", text)
	}

	// This browser tells of jobs, once somebody wants that. One without a screen shows nothing,
	// so what would be shown is collected.
	var ready bool
	p.eval(`(() => { window.told = []; window.Notification = class { constructor(title, { body }) { told.push(title + ': ' + body); } static get permission() { return 'granted'; } }; return true; })()`, &ready)
	p.fill("#tell", "all")
	p.until(`document.getElementById('tell').value === 'all'`)
	f.submit("told of", "hello", 1, 0, "queued")
	p.until(`told.includes('told of: The job is completed.')`)
	p.fill("#tell", "mine")
	f.submit("of others", "hello", 1, 0, "queued")
	p.click("nav a", "Jobs")
	p.see(".jobs tr", "of others")
	p.until("visible('.jobs tr').some((row) => row.innerText.includes('of others') && row.innerText.includes('completed')) && !told.some((text) => text.includes('of others'))")
}
