package ui_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The frames of a job are seen as they arrive, larger on a click, and chosen to be
// rendered again.
func TestContactSheet(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	out := filepath.Join(f.home, "storage", "renders")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	job := f.filmTo(6, filepath.ToSlash(out))
	w := f.newWorker("blender")
	task := w.take()
	saved := func(frame int) { w.saves(task, out, frame, 1000*frame) }
	saved(1)
	p := open(t, f, "/app/jobs/"+job)
	const shown = "visible('.contact img').filter((image) => image.naturalWidth === 320).length"
	p.until(shown + " === 1")
	p.see(".frames .card-head", "1 of 6 frames, 1.0 s each")
	saved(2)
	saved(3)
	p.until(shown + " === 3")
	p.see(".frames .card-head", "3 of 6 frames, 2.0 s each")
	p.click(".contact button", "")
	p.see(".viewer", "Frame 1 · completed · 1.0 s")
	p.until("document.querySelector('.viewer img').naturalWidth === 640")
	p.key(kb.ArrowRight)
	p.see(".viewer", "Frame 2")
	p.key(" ")
	p.see(".viewer button", "Stop")
	p.until("visible('.viewer button').some((node) => node.textContent === 'Stop') && document.querySelector('.viewer img').naturalWidth === 640") // it becomes sharp while it plays
	p.see(".viewer", "Frame 3")
	p.click(".viewer button", "Stop")
	p.click(".viewer button", "Compare")
	p.until("document.querySelectorAll('.viewer .compare img').length === 2 && [...document.querySelectorAll('.viewer .compare img')].every((image) => image.naturalWidth === 640)")
	p.eval("(() => { const s = document.querySelector('.compare input'); s.value = 20; return s.dispatchEvent(new Event('input', {bubbles: true})); })()", new(bool))
	p.until("document.querySelector('.compare img:last-child').style.clipPath.includes('20%')")
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range p.violations(string(axe)) {
		t.Errorf("comparing frames: %s", found)
	}
	p.click(".viewer button", "Compare")
	p.gone(".viewer .compare")
	comment := `<b>too dark</b> \u202e🎬`
	p.do(chromedp.SetValue(chromedp.CSS(".comments input[name=text]"), comment), chromedp.SetValue(chromedp.CSS(".comments input[name=tag]"), "redo"))
	p.click(".comments button", "Comment")
	p.see(".comments .said", "<b>too dark</b>")
	p.see(".contact .said", "redo")
	p.click(".viewer button", "Close")
	p.gone(".viewer")
	other := open(t, f, "/app/jobs/"+job) // what others write arrives by itself
	other.see(".contact .said", "redo")
	f.call("POST", "/api/farm/jobs/"+job+"/comments", map[string]any{"frame": 1, "text": "fine", "tag": "approved"}, nil)
	other.see(".contact .said", "approved")
	p.see(".contact .said", "approved")
	for frame := 4; frame <= 6; frame++ {
		saved(frame)
	}
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed"}`))
	p.see(".head .row .status", "completed")
	p.click(".contact input", "")
	p.until("document.querySelector('.choose input').value === '1'")
	p.click(".choose button", "Render again …")
	p.click("dialog button", "Render again")
	p.see(".notice", "Frames 1 are rendered again.")
}

// Which frames are chosen, which one is open and what it is compared with are in the address,
// and the browser's buttons work.
func TestAddressOfFrames(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	out := filepath.Join(f.home, "storage", "renders")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	job := f.filmTo(6, filepath.ToSlash(out))
	w := f.newWorker("blender")
	task := w.take()
	for frame := 1; frame <= 4; frame++ {
		w.saves(task, out, frame, 1000)
	}
	p := open(t, f, "/app/jobs/"+job+"?frames=2-3&frame=3&compare=1")
	p.see(".viewer", "Frame 3 · completed")
	p.until("document.querySelector('.viewer select').value === '1' && document.querySelectorAll('.viewer .compare img').length === 2")
	p.until("document.querySelector('.choose input').value === '2-3'")
	p.key(kb.ArrowRight)
	p.see(".viewer", "Frame 4")
	p.until("location.search === '?frames=2-3&compare=1&frame=4'")
	p.click(".viewer button", "Close")
	p.until("location.search === '?frames=2-3'")
	p.fill(".choose input", "1,4-5")
	p.until("new URLSearchParams(location.search).get('frames') === '1,4-5'")
	p.do(chromedp.Reload())
	p.until("document.querySelector('.choose input')?.value === '1,4-5' && visible('.contact .wanted').length === 3")
	p.click(".contact button", "")
	p.see(".viewer", "Frame 1")
	p.until("location.search.endsWith('&frame=1')")
	p.do(chromedp.NavigateBack())
	p.gone(".viewer")
	p.do(chromedp.NavigateForward())
	p.see(".viewer", "Frame 1")
	p.key(kb.Escape)
	p.gone(".viewer")

	// A range in the sheet with Shift, another one in the strip with Ctrl.
	p.click(".choose button", "Clear")
	p.until("location.search === ''")
	var clicked bool
	p.eval(`(() => {
		const boxes = document.querySelectorAll('.contact input');
		boxes[1].click();
		boxes[3].dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, shiftKey: true}));
		return true;
	})()`, &clicked)
	p.until("document.querySelector('.choose input').value === '2-4'")
	p.middle(".strip canvas")
	p.eval(`(() => {
		const strip = document.querySelector('.strip canvas'), box = strip.getBoundingClientRect();
		const on = (kind) => strip.dispatchEvent(new PointerEvent(kind, {bubbles: true, button: 0, pointerId: 1, ctrlKey: true, clientX: box.right - 5, clientY: box.y + 5}));
		strip.setPointerCapture = () => {};
		on('pointerdown');
		on('pointercancel');
		return true;
	})()`, &clicked)
	p.until("document.querySelector('.choose input').value === '2-4,6'")
	p.until("location.search === '?frames=' + encodeURIComponent('2-4,6')")
}
