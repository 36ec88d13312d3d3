package ui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// clicker clicks on everything on a page once that can be clicked on, those that end things
// last. A question is answered with yes, other dialogs are closed.
const clicker = `(async () => {
	const last = /Cancel…|Delete|Remove|Shut down|Sleep now|Reset|Do again/, never = /^Sign out|^Whole screen|^Make a line|^Choose a file|^Close$|^Render something/; // which lead elsewhere, or need a farm that others reach
	const done = new Set(), names = [];
	const pause = (ms) => new Promise((ok) => setTimeout(ok, ms));
	const nameOf = (e) => [e.tagName, (e.getAttribute('aria-label') || e.textContent || e.name || '').replace(/\d+/g, '').trim().slice(0, 60), e.type].join(' ');
	const all = () => [...document.querySelectorAll('main button, main summary, main select, main input[type=checkbox], header button, footer button')].filter((e) => e.checkVisibility() && !e.disabled && !never.test(e.textContent));
	for (let n = 0; n < 200; n++) {
		const left = all().filter((e) => !done.has(nameOf(e)));
		const next = left.find((e) => !last.test(nameOf(e))) ?? left[0];
		if (!next) break;
		const name = nameOf(next);
		done.add(name);
		names.push(name);
		if (next.tagName === 'SELECT') {
			next.selectedIndex = next.options.length - 1;
			next.dispatchEvent(new Event('change', {bubbles: true}));
		} else {
			next.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true, button: 0, pointerId: 1}));
			next.click();
		}
		await pause(40);
		for (let dialog; (dialog = document.querySelector('dialog[open]')); await pause(40)) {
			const yes = [...dialog.querySelectorAll('.actions button')].find((b) => b.textContent !== 'Leave it' && b.textContent !== 'Close');
			const field = dialog.querySelector('input[required]');
			if (field && !field.value) field.value = '1';
			if (yes) yes.click();
			else dialog.close();
		}
	}
	await pause(500);
	return {names, failed: performance.getEntriesByType('resource').filter((e) => e.responseStatus >= 400).map((e) => e.responseStatus + ' ' + e.name)};
})()`

// Whatever can be clicked on, on any page, is clicked on: nothing breaks, no request fails, and
// the console stays empty.
func TestEveryAction(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	out := filepath.Join(f.home, "storage", "renders")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	f.call("POST", "worker-mgt/tags", map[string]any{"name": "gpu", "description": "big cards"}, nil)
	w := f.newWorker("misc")
	failed := f.submit("fails", "hello", 1, 1, "queued")
	w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"failed","log":"Error: Cannot render, no camera\n"}`))
	f.submit("waits", "hello", 2, 1, "paused")
	film := f.filmTo(6, filepath.ToSlash(out))
	blender := f.newWorker("blender")
	task := blender.take()
	for frame := 1; frame <= 3; frame++ {
		blender.saves(task, out, frame, 2000)
	}
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, f, "/app/")
	p.allow("404") // the page may ask about a job while it goes away
	for _, place := range []string{"", "jobs/" + failed + "/" + f.task(failed, 1), "last-rendered", "workers", "workers/" + w.id + "?as=table", "tags", "jobs/" + film, "jobs"} {
		p.do(chromedp.Navigate(f.url + "/app/" + place))
		p.until("visible('h1').length + visible('h1.unseen').length > 0 && !/Reading/.test(document.querySelector('main').innerText)")
		if place != "last-rendered" { // which has nothing but an image
			p.until("visible('main button, main summary').length > 0")
		}
		var got struct{ Names, Failed []string }
		p.eval(clicker, &got)
		for _, request := range got.Failed {
			if strings.HasPrefix(request, "404 ") {
				continue
			}
			t.Errorf("/app/%s: %s", place, request)
		}
		for _, found := range p.violations(string(axe)) {
			t.Errorf("/app/%s with all that can be opened: %s", place, found)
		}
		t.Logf("/app/%s: %s", place, strings.Join(got.Names, " | "))
		if len(got.Names) == 0 {
			t.Errorf("/app/%s: only %q could be clicked on", place, got.Names)
		}
	}
	everyActionOf(t, f, string(axe), "submit", "job-types", "job-types/simple-blender-render", "settings", "notifications", "setup")
}

// everyActionOf clicks on everything of pages on which nothing may be refused: no error of
// the console belongs to the test.
func everyActionOf(t *testing.T, f *farm, axe string, places ...string) {
	t.Helper()
	p := open(t, f, "/app/")
	for _, place := range places {
		p.do(chromedp.Navigate(f.url + "/app/" + place))
		p.until("visible('h1').length > 0 && visible('main button').length > 0 && !/Reading/.test(document.querySelector('main').innerText)")
		var got struct{ Names, Failed []string }
		p.eval(clicker, &got)
		if len(got.Failed) > 0 {
			t.Errorf("/app/%s: %s", place, got.Failed)
		}
		for _, found := range p.violations(axe) {
			t.Errorf("/app/%s with all that can be opened: %s", place, found)
		}
		t.Logf("/app/%s: %s", place, strings.Join(got.Names, " | "))
		if len(got.Names) < 2 { // the keys are on every page
			t.Errorf("/app/%s: only %q could be clicked on", place, got.Names)
		}
		var left bool // what is not saved would ask whether to leave it
		p.eval("(() => { [...document.querySelectorAll('.save-bar button')].find((b) => b.textContent === 'Leave it')?.click(); return true; })()", &left)
		p.gone(".save-bar")
		// What the manager is asked before a question may take a while.
		p.until("(document.querySelector('dialog[open]')?.close(), !document.querySelector('dialog[open]'))")
		p.key("?")
		p.see("dialog", "Keys")
		p.key(kb.Escape)
		p.gone("dialog[open]")
	}
}

// The mouse over the strip chooses frames, the keyboard several jobs, and f shows the wall.
func TestMouseAndKeyboard(t *testing.T) {
	f := startFarm(t, "serve")
	film := f.film(20)
	first := f.submit("first", "hello", 1, 1, "queued")
	second := f.submit("second", "hello", 1, 1, "queued")
	p := open(t, f, "/app/jobs/"+film)
	p.middle(".strip canvas")
	var box []float64
	p.eval("(() => { const b = document.querySelector('.strip canvas').getBoundingClientRect(); return [b.x, b.y, b.width]; })()", &box)
	at := func(frame float64) float64 { return box[0] + (frame-0.5)*box[2]/20 }
	p.mouse("mouseMoved", at(5), box[1]+20)
	p.see(".strip .over", "Frame 5")
	p.mouse("mousePressed", at(5), box[1]+20)
	p.mouse("mouseMoved", at(9), box[1]+20)
	p.mouse("mouseReleased", at(9), box[1]+20)
	p.until("document.querySelector('.choose input').value === '5-9'")
	p.see(".choose", "5 frames")

	p.do(chromedp.Navigate(f.url + "/app/jobs"))
	p.see(".jobs tr a.name", "second")
	p.do(chromedp.Focus(".jobs tr a.name")) // the newest is the first
	p.key(" ")
	p.see(".bulk", "1 chosen")
	p.do(chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(chromedp.ModifierShift)))
	p.see(".bulk", "2 chosen")
	p.click(".bulk button", "Pause")
	for _, job := range []string{first, second} {
		p.until(fmt.Sprintf("document.querySelector('a[href=\"jobs/%s\"]').closest('tr').innerText.includes('paused')", job))
	}
	p.click(".notice:last-child button", "Undo")
	p.until("!document.querySelector('.jobs tbody').innerText.includes('paused')")
	p.key(kb.Escape)
	p.gone(".bulk")
	p.key("f")
	p.until("location.pathname === '/app/'")
}
