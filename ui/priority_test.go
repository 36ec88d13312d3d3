package ui_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// mouse moves the mouse, or presses or releases its left button.
func (p *page) mouse(kind string, x, y float64) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventType(kind), X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
	if err != nil {
		p.t.Fatal(err)
	}
}

// middle returns the middle of the first visible element of a selector.
func (p *page) middle(selector string) (x, y float64) {
	p.t.Helper()
	p.see(selector, "")
	var at []float64
	p.eval(fmt.Sprintf("(() => { const e = document.querySelector(%q); e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()", selector), &at)
	return at[0], at[1]
}

// A priority is dragged, changed by the keyboard and typed; undone; and what the farm
// refuses shows as it was, with the reason.
func TestPriorityInTheList(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.submit("shot 7", "hello", 1, 1, "queued")
	p := open(t, f, "/app/jobs")
	x, y := p.middle(".priority")
	p.mouse("mouseMoved", x, y)
	p.mouse("mousePressed", x, y)
	p.mouse("mouseMoved", x, y-50)
	p.see(".priority", "60")
	p.mouse("mouseReleased", x, y-50)
	p.see(".notice", "got priority 60")
	var kept struct{ Priority int }
	if f.call("GET", "jobs/"+job, nil, &kept); kept.Priority != 60 {
		t.Errorf("the job has priority %d", kept.Priority)
	}
	p.click(".notice:last-child button", "Undo")
	p.see(".priority", "50")
	p.do(chromedp.Focus(".jobs tr a.name"))
	p.do(chromedp.KeyEvent(kb.ArrowUp, chromedp.KeyModifiers(chromedp.ModifierAlt)))
	p.see(".priority", "51")
	p.click(".notice:last-child button", "Undo")
	p.see(".priority", "50")
	p.mouse("mousePressed", x, y) // a click is for typing
	p.mouse("mouseReleased", x, y)
	p.see("dialog", "Jobs with a higher one go first")
	p.click("dialog button", "Leave it")

	// Another one deleted it: it cannot be changed any more.
	p.allow("404")
	p.eval("window.fetched = fetch, window.fetch = (url, given) => fetched(String(url).replace('setpriority', 'setpriority-no'), given), true", new(bool))
	p.mouse("mousePressed", x, y)
	p.mouse("mouseMoved", x, y+50)
	p.see(".priority", "40")
	p.mouse("mouseReleased", x, y+50)
	p.see(".notice", "nothing is at")
	p.see(".priority", "50")
}
