package ui_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// What a job at work tells at a glance: how fast it is, and how long it takes yet.
func TestOverviewOfWork(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	f.film(10)
	w := f.newWorker("blender")
	task := w.take()
	w.post("worker/task/"+task, "application/json", fmt.Appendf(nil, `{"taskStatus":"active","steps_completed":1,"frames":[{"frame":1,"wall_ms":60000,"saved":%q}]}`, time.Now().UTC().Format(time.RFC3339)))
	p := open(t, f, "/app/")
	p.until(`/\d+–\d+ min left · [A-Z0-9a-z: -]+–[A-Za-z0-9: -]+/.test(document.querySelector('.now .tile')?.innerText)`)
	p.until(`/render01 · [56]\d(\.\d)? frames\/h/.test(document.querySelector('.now .tile')?.innerText)`)
	p.click("nav a", "Jobs")
	p.until(`visible('.jobs td.c-left').some((node) => /^\d+–\d+ min$/.test(node.innerText))`)

	// A task that is stuck, as the manager tells it.
	var ready bool
	p.eval(`(() => {
		window.fetched = fetch;
		window.fetch = async (url, given) => {
			if (!String(url).endsWith('/api/farm/now')) return fetched(url, given);
			const now = await (await fetched(url, given)).json();
			now.stuck = [{id: 't', job_id: 'j', job_name: 'shot <b>7</b>', name: 'render-1-10', index_in_job: 1, worker: {name: 'render01'}, seconds: 400, usual_seconds: 60, silent_seconds: 150}];
			return Response.json(now);
		};
		return true;
	})()`, &ready)
	p.click("nav a", "Overview")
	p.see(".problems .stuck", "shot <b>7</b> – render-1-10")
	p.see(".problems .stuck", "render01 has said nothing for 3 min, 2.5 times what such tasks take.")
}

// A wall has an address, shows nothing that is to be clicked on, in letters that are read from
// afar, and uses its width; so does a very wide window.
func TestWall(t *testing.T) {
	f := startFarm(t, "serve")
	w := f.newWorker("misc")
	f.submit("fails", "hello", 1, 1, "queued")
	w.fails("Error: Cannot render, no camera")
	f.submit("runs", "hello", 1, 1, "queued")
	w.take()
	p := open(t, f, "/app/?wall")
	p.see(".problems", "fails")
	p.see(".now", "runs")
	p.until("visible('nav, footer, header button, header a.button, .advice').length === 0 && visible('#farm-status').length === 1")
	letters := func() (size float64) {
		p.eval("parseFloat(getComputedStyle(document.querySelector('.tile .name')).fontSize)", &size)
		return size
	}
	if size := letters(); size < 16 {
		t.Errorf("the letters of a wall are %.1f pixels", size)
	}
	p.key(kb.Escape)
	p.see("nav", "Jobs")
	p.until("location.search === ''")
	usual := letters()
	p.key("f")
	p.until("location.search.startsWith('?wall') && visible('nav').length === 0")
	p.key("f")
	p.see("nav", "Jobs")

	p.width(3840)
	p.until("document.querySelector('main').clientWidth > 3700")
	p.until(`(() => {
		const problems = document.querySelector('.problems').getBoundingClientRect(), now = document.querySelector('.now').getBoundingClientRect();
		return problems.right < now.left && now.right > 3600;
	})()`)
	if size := letters(); size < 1.4*usual {
		t.Errorf("the letters of 4K are %.1f pixels, in other windows %.1f", size, usual)
	}
	p.visit("jobs")
	p.see(".jobs tr[data-index]", "runs")
	var row, scale float64 // rows grow with their letters
	p.eval("document.querySelector('.jobs tr[data-index]').getBoundingClientRect().height", &row)
	p.eval("parseFloat(getComputedStyle(document.documentElement).fontSize) / 14", &scale)
	if row < 40*scale {
		t.Errorf("a row is %.0f pixels high where letters are %.1f times as large as usual", row, scale)
	}
}

// What happened is kept, as those who looked away want to know, each with a way to it.
func TestWhatHappened(t *testing.T) {
	f := startFarm(t, "serve")
	p := open(t, f, "/app/tags")
	p.see("#farm-status", "inoperative")
	p.click("footer button", "What happened")
	p.see(".happened", "Nothing yet")
	job := f.submit("shot 7", "hello", 1, 1, "queued")
	gone := f.submit("gone", "hello", 1, 1, "paused")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "pause-requested", "reason": "lunch"}, nil)
	p.see(".happened li", "shot 7: paused")
	f.call("DELETE", "jobs/"+gone, nil, nil)
	p.see(".happened li", "gone was deleted")
	w := f.newWorker("misc")
	w.post("worker/state-changed", "application/json", []byte(`{"status":"asleep"}`))
	p.see(".happened li", "render01: asleep")
	p.click(".happened a", "shot 7: paused")
	p.gone(".happened")
	p.see("h1", "shot 7")
}

// Of many failed jobs the last ones say why, and the others take a line each: what renders is
// still in view.
func TestManyFailedJobs(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	w := f.newWorker("misc")
	for i := range 5 {
		f.submit(fmt.Sprint("fails ", i), "hello", 1, 1, "queued")
		w.fails("Error: Cannot render, no camera")
	}
	p := open(t, f, "/app/")
	p.until("visible('.problems > ul > li').length === 5 && visible('.problems .line').length === 3")
	p.see(".problems li:first-child", "fails 4")
	p.until("document.querySelector('.problems li:nth-child(3) .line') && !document.querySelector('.problems li:nth-child(4) .line')")
}

// A job whose worker is between two tasks does not wait for workers.
func TestHeadlineBetweenTasks(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	f.submit("runs", "hello", 3, 1, "queued")
	w := f.newWorker("misc")
	task := w.take()
	p := open(t, f, "/app/")
	p.see("h1", "1 job at work on 1 of 1 worker")
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed"}`))
	p.until("document.querySelector('h1').textContent === '1 job at work'")
	p.see(".now .tile", "runs")
}
