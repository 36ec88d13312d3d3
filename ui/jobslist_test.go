package ui_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// submitAs is submit on behalf of somebody.
func (f *farm) submitAs(user, name string) string {
	f.t.Helper()
	var job struct{ ID string }
	f.callWith(http.Header{"Farm-User": {user}}, "POST", "jobs", map[string]any{
		"name": name, "type": "echo-sleep-test", "priority": 50, "submitter_platform": "linux", "initial_status": "paused",
		"settings": map[string]any{"message": "hello", "sleep_repeats": 1, "sleep_duration_seconds": 1},
	}, &job)
	return job.ID
}

// Everybody finds their own jobs with one click, which is a step to go back from, and an address.
func TestJobsOfASubmitter(t *testing.T) {
	f := startFarm(t, "serve")
	f.submitAs("anna", "hers")
	his := f.submitAs(hostileNames[0][:60], "his")
	p := open(t, f, "/app/jobs")
	p.see(".jobs tr", "hers")
	p.click(".filter .chip", "anna")
	p.until("location.search === '?submitter=anna' && visible('.jobs tr[data-index]').length === 1")
	p.see(".jobs tr .quiet", "anna")
	p.do(chromedp.NavigateBack())
	p.until("location.search === '' && visible('.jobs tr[data-index]').length === 2")
	p.do(chromedp.NavigateForward())
	p.until("visible('.jobs tr[data-index]').length === 1")
	for i := range 10 { // more than there is room for as chips
		f.submitAs(fmt.Sprintf("artist %d", i), "another")
	}
	p.see(".filter select", "4 more …")
	p.fill(`.filter select[aria-label^="Submitted by"]`, "artist 9")
	p.until("new URLSearchParams(location.search).getAll('submitter').join() === 'anna,artist 9' && visible('.jobs tr[data-index]').length === 2")
	p.visit("jobs/" + his)
	p.see(".about .facts", hostileNames[0][:60])
	p.harmless()
}

// What is chosen is what is seen: a job that goes is not chosen any more, nor is what another
// filter hides; and a range begins where the job is now.
func TestChosenJobs(t *testing.T) {
	f := startFarm(t, "serve")
	for _, name := range []string{"a", "b", "c"} {
		f.submit(name, "hello", 1, 1, "paused")
	}
	p := open(t, f, "/app/jobs?sort=name")
	p.see(".jobs tr[data-index='2'] a.name", "c")
	p.click(`.jobs input[aria-label="Choose b"]`, "")
	p.click(`.jobs input[aria-label="Choose c"]`, "")
	p.see(".bulk", "2 chosen")
	var job string
	p.eval("document.querySelector('.jobs tr[data-index=\"2\"] a.name').pathname.split('/').pop()", &job)
	f.call("DELETE", "jobs/"+job, nil, nil)
	p.see(".bulk", "1 chosen")
	f.submit("aa", "hello", 1, 1, "paused")
	p.see(".jobs tr[data-index='1'] a.name", "aa")
	var clicked bool
	p.click(".bulk button", "Clear")
	p.click(`.jobs input[aria-label="Choose b"]`, "")
	p.eval(`document.querySelector('.jobs input[aria-label="Choose aa"]').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, shiftKey: true}))`, &clicked)
	p.see(".bulk", "2 chosen")
	p.click("th button", "Prio")
	p.until("new URLSearchParams(location.search).get('sort') === '-priority'")
	p.see(".bulk", "2 chosen")
	p.until("new URLSearchParams(location.search).get('chosen')?.split(',').length === 2")
	p.do(chromedp.Reload()) // as whoever gets the address
	p.see(".bulk", "2 chosen")
	p.until("visible('.jobs tr[aria-selected=true]').map((row) => row.querySelector('a.name').textContent).sort().join() === 'aa,b'")
	p.click(".bulk button", "Choose all 3")
	p.see(".bulk", "3 chosen")
	p.fill("#search", "c")
	p.gone(".bulk")
	p.until("!new URLSearchParams(location.search).has('chosen')")
}

// What is not in a list any more is not chosen in it either: tasks of another status than
// those that are shown, and workers that were removed.
func TestChosenOfAList(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.submit("tasks", "hello", 3, 1, "paused")
	p := open(t, f, "/app/jobs/"+job)
	p.see(".tasks tr[data-index='2']", "")
	p.click(".tasks tr[data-index='1'] input", "")
	p.see(".bulk", "1 chosen")
	p.click(".tasks .chip", "paused")
	p.gone(".bulk")
	gone := f.newWorker("no-such-type")
	f.newWorker("no-such-type")
	p.do(chromedp.Navigate(f.url + "/app/workers?as=table"))
	p.see(".workers tbody tr:nth-child(2)", "")
	p.click(".workers tbody tr:nth-child(1) input", "")
	p.click(".workers tbody tr:nth-child(2) input", "")
	p.see(".bulk", "2 chosen")
	f.call("DELETE", "worker-mgt/workers/"+gone.id, nil, nil)
	p.see(".bulk", "1 chosen")
}

// A job that the manager refuses to change shows again as it is, with the reason.
func TestRefusedActionIsTakenBack(t *testing.T) {
	f := startFarm(t, "serve")
	f.submit("refused", "hello", 1, 1, "queued")
	p := open(t, f, "/app/jobs")
	p.allow("404")
	p.see(".jobs tr", "queued")
	var ready bool
	p.eval(`(() => {
		window.fetched = fetch;
		window.fetch = async (url, given) => {
			if (!String(url).includes('setstatus')) return fetched(url, given);
			await new Promise((go) => { window.goOn = go; });
			return fetched(String(url).replace('setstatus', 'setstatus-no'), given);
		};
		return true;
	})()`, &ready)
	p.click(`.jobs input[aria-label="Choose refused"]`, "")
	p.click(".bulk button", "Pause")
	p.see(".jobs tr[data-index]", "pausing") // at once
	p.eval("window.goOn(), true", &ready)
	p.see(".notice", "nothing is at")
	p.see(".jobs tr[data-index]", "queued")
	p.click("footer button", "What happened")
	p.see(".happened li", "nothing is at")
}

// Jobs far down the list move as those at its top do.
func TestFarDownTheList(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	f.submit("the oldest", "hello", 49, 0, "queued")
	for i := range 160 {
		f.submit(fmt.Sprint("job ", i), "hello", 1, 1, "paused")
	}
	w := f.newWorker("misc")
	p := open(t, f, "/app/jobs")
	p.see(".jobs tr a.name", "job 159")
	p.eval("document.querySelector('.jobs .scroll').scrollTop = 1e9", new(float64))
	p.see(".jobs tr a.name", "the oldest")
	for done := 1; done <= 3; done++ {
		w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"completed"}`))
		p.until(fmt.Sprintf("visible('.jobs .progress').some((node) => node.title === '%d of 50 steps')", done))
	}
}
