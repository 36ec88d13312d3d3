package ui_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A task tells who had it, when and how that ended, with the logs of the last two attempts.
// Its log has the line that decided in view, with what it means and what to do, what programs
// colour, and marks what is looked for.
func TestAttemptsAndReason(t *testing.T) {
	f := startFarm(t, "serve")
	f.set(map[string]any{"worker_timeout": "1h", "task_fail_after_softfail_count": 2})
	job := f.submit("fails", "hello", 1, 1, "queued")
	task := f.task(job, 1)
	p := open(t, f, "/app/jobs/"+job+"/"+task)
	p.see(".task", "Nothing is logged yet.")
	p.gone(".attempts")
	first := f.newWorker("misc")
	first.take()
	p.see(".attempts li", "active")
	log := strings.Repeat("Fra:1 Mem:12.00M\n", 300) + "\x1b[31mred words\x1b[0m and \x1b[1;32mgreen ones\x1b[K\nWarning: a texture is large\nError: Cannot render, no camera\n" +
		strings.Repeat("Blender quit after the mistake\n", 40) + "Error: Cannot render <b>anything</b>\n"
	first.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"failed","activity":"it broke","log":`+quoted(log)+`}`))
	p.see(".attempts li .reason", "The scene has no camera")
	p.see(".log .decided", "Error: Cannot render, no camera")
	p.see(".log .explains", "Add one in Blender, or name another scene")
	p.see(".log .in-red", "red words")
	p.see(".log .in-green", "green ones")
	p.see(".log .warns", "a texture is large")
	p.see(".log .bad", "<b>anything</b>")
	p.until("!document.querySelector('.log').textContent.includes('\\u001b')")
	const inView = `(() => { const box = document.querySelector('.log'), line = box.querySelector('.decided');
		return line.offsetTop > box.scrollTop && line.offsetTop < box.scrollTop + box.clientHeight; })()`
	p.until(inView)
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, dark := range []bool{false, true} {
		p.dark(dark)
		for _, found := range p.violations(string(axe)) {
			t.Errorf("a failed task, dark %v: %s", dark, found)
		}
	}
	p.dark(false)
	p.eval("(() => { const box = document.querySelector('.log'); box.scrollTop = 0; return 1; })()", new(int))
	p.until("!" + inView)
	p.click(".log-head button", "To the reason")
	p.until(inView)
	p.fill(".log-head input[type=search]", "CANNOT RENDER")
	p.until("visible('.log mark').length === 2 && visible('.log mark')[0].textContent === 'Cannot render'")
	p.see(".task .hint", "2 of ")
	p.see(".log .explains", "Add one in Blender")
	p.fill(".log-head input[type=search]", "")
	p.until("document.querySelectorAll('.log mark').length === 0")
	p.click(".log-head label", "Wrap")
	p.until("document.querySelector('.log').classList.contains('flat')")
	p.click(".log-head label", "Follow")
	p.until("(() => { const b = document.querySelector('.log'); return b.scrollTop + b.clientHeight > b.scrollHeight - 30; })()")

	f.call("POST", "tasks/"+task+"/setstatus", map[string]any{"status": "queued", "reason": "there is one now"}, nil)
	p.until("visible('.log .explains').length === 0")
	second := f.newWorker("misc")
	second.take()
	second.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed","log":"a camera\n"}`))
	p.until("visible('.attempts li').length === 2")
	p.see(".attempts li:first-child", "completed")
	p.see(".attempts li:last-child", "The scene has no camera")
	var before string
	p.eval("document.querySelector('.attempts li:last-child a[target]').href", &before)
	answer, err := http.Get(before)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "Error: Cannot render, no camera") {
		t.Errorf("the log of the first attempt: %s %.100q, %v", answer.Status, text, err)
	}
	p.do(chromedp.Reload())
	p.until("visible('.attempts li').length === 2")
	p.click(".attempts li:last-child a", "render01")
	p.until("location.pathname === '/app/workers/" + first.id + "'")
}
