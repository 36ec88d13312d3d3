package ui_test

import (
	"fmt"
	"net/http"
	"testing"
)

// An open page makes at most one request a second by itself, however many workers idle
// and however much happens, and what it shows is true all the same.
func TestRequestsOfAnOpenPage(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	var idle []*worker
	for range 40 {
		idle = append(idle, f.newWorker("misc"))
	}
	w := f.newWorker("misc")
	job := f.submit("many", "hello", 400, 1, "queued")
	done := 0
	for _, place := range []struct{ path, selector, how string }{
		{"/app/", ".now .progress", "steps"}, {"/app/jobs", ".jobs .c-progress", "steps"}, {"/app/workers", ".worker-tile", ""}, {"/app/jobs/" + job, ".about .facts", "text"},
	} {
		path := place.path
		p := open(t, f, path)
		p.see("#farm-status", "i")
		p.until("visible('.card').length > 0 && !/Reading/.test(document.querySelector('main').innerText)")
		// What is fetched at the beginning is over once nothing more comes for a while.
		const asked = "performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'fetch' || e.initiatorType === 'img').length"
		var began struct{ At, Requests float64 }
		p.eval(fmt.Sprintf(`(async () => {
			for (let n = -1; n !== %s;) { n = %s; await new Promise((done) => setTimeout(done, 2500)); }
			return {at: performance.now(), requests: %s};
		})()`, asked, asked, asked), &began)
		for n := range 30 {
			for _, i := range idle[:10] { // how busy they are comes with their requests, and with the events
				i.header = http.Header{"Farm-Load": {fmt.Sprintf(`{"cpu":%d}`, n)}}
				i.post("worker/state-changed", "application/json", []byte(`{"status":"awake"}`))
			}
			task := w.take()
			w.post("worker/task/"+task, "application/json", []byte(`{"activity":"on it","log":"a line\n"}`))
			w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed"}`))
			done++
		}
		var now struct{ At, Requests float64 }
		p.eval(fmt.Sprintf(`new Promise((done) => setTimeout(() => done({at: performance.now(), requests: %s}), 4000))`, asked), &now)
		most := (now.At-began.At)/1000 + 1
		if got := now.Requests - began.Requests; got > most {
			t.Errorf("%s: %.0f requests in %.1f s", path, got, (now.At-began.At)/1000)
		}
		switch place.how { // it is true all the same
		case "steps":
			p.until(fmt.Sprintf("visible(%q).some((node) => node.outerHTML.includes('%d of 401 steps'))", place.selector, done))
		case "text":
			p.see(place.selector, fmt.Sprintf("%d of 401", done))
		}
		t.Logf("%s: %.0f requests in %.1f s", path, now.Requests-began.Requests, (now.At-began.At)/1000)
	}
}
