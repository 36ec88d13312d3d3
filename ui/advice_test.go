package ui_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// fails has a worker take a task and fail it with a line in its log, and returns the task.
func (w *worker) fails(line string) string {
	w.farm.t.Helper()
	task := w.take()
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"failed","log":`+quoted(line+"\n")+`}`))
	return task
}

// An action is what the farm advises.
type action struct{ Verb, Label, Command string }

// advised is what the farm advises about jobs/ID, tasks/ID or workers/ID.
func (f *farm) advised(what string) []action {
	f.t.Helper()
	var why struct{ Actions []action }
	f.call("GET", "/api/farm/"+what+"/why", nil, &why)
	return why.Actions
}

// The line that the page shows after a click on the advice starts a worker when it is typed, as
// the command of the same advice would.
func TestAdviceOfAComputer(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.submit("waits", "hello", 1, 0, "queued")
	p := open(t, f, "/app/jobs/"+job)
	advised := f.advised("jobs/" + job)
	p.click(".head .why a", advised[0].Label)
	p.see(".workers .empty code", "farm work")
	line := ""
	p.eval("document.querySelector('.workers .empty code:not(p code)').textContent", &line)
	words := strings.Fields(line)
	for _, word := range strings.Fields(advised[0].Command) {
		if !slices.Contains(words, word) {
			t.Errorf("%q is shown, and %q advised", line, advised[0].Command)
		}
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	work := exec.Command(path, append(words[1:], "--home", t.TempDir())...)
	if err := work.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { (&farm{cmd: work}).stop() })
	p.visit("jobs/" + job)
	p.see(".head .row .status", "completed")
}

// adviceOfFrames has some frames of an older .blend, and one with something odd about it.
func adviceOfFrames(p *page) {
	f := p.farm
	job := f.film(6)
	w := f.newWorker("blender")
	task := w.take()
	var frames []string
	for n := 1; n <= 6; n++ {
		source, flags := "2026-11-30T10:00:00Z", ""
		if n <= 2 {
			source = "2026-11-30T09:00:00Z"
		}
		if n == 5 {
			flags = `"not-finite"`
		}
		frames = append(frames, fmt.Sprintf(`{"frame":%d,"wall_ms":2000,"saved":"2026-11-30T10:00:00Z","source":%q,"flags":[%s]}`, n, source, flags))
	}
	p.visit("jobs/" + job)
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"completed","frames":[`+strings.Join(frames, ",")+`]}`))
	p.see(".head .row .status", "completed")
	p.see(".head .why.warn", "frames 1,2 were made from an older .blend")
	p.see(".head .why.warn", "somebody should look at frame 5: pixels that are no numbers")
	p.click(".head .why button", "Render frame 5 again")
	p.click("dialog button", "Render again")
	p.see(".notice", "Frames 5 are rendered again.")
	p.until("!document.querySelector('.head .why.warn').innerText.includes('frame 5')")
	p.see(".head .why.warn", "frames 1,2 were made from an older .blend")
	p.see(".head .row .status", "queued")
}

// set changes keys of the farm's configuration.
func (f *farm) set(changes map[string]any) {
	f.t.Helper()
	var config map[string]any
	f.call("GET", "configuration/file", nil, &config)
	for key, value := range changes {
		config[key] = value
	}
	f.call("PUT", "configuration/file", config, nil)
}

// What the farm advises is a button that does it, with an undo or a question where
// something could be lost; no page shows a command for what the farm itself can do.
func TestAdviceIsDone(t *testing.T) {
	f := startFarm(t, "serve")
	f.set(map[string]any{"worker_timeout": "1h", "blocklist_threshold": 1})
	paused := f.submit("paused", "hello", 1, 1, "paused")
	p := open(t, f, "/app/jobs/"+paused)
	noCommands := func() {
		t.Helper()
		var text string
		p.eval("document.querySelector('main').innerText", &text)
		if strings.Contains(text, "farm jobs ") || strings.Contains(text, "farm workers ") {
			t.Errorf("the page shows a command: %s", text)
		}
	}
	p.click(".head .why a.button, .head .why button", "Resume")
	p.see(".notice", "The job goes on.")
	p.see(".head .row .status", "queued")
	p.click(".notice:last-child button", "Undo")
	p.see(".head .row .status", "paused")
	noCommands()

	// Nobody is there, then somebody sleeps.
	waits := f.submit("waits", "hello", 1, 1, "queued")
	p.visit("jobs/" + waits)
	p.click(".head .why a", "Add a computer")
	p.see(".workers .empty code", "farm work --manager "+f.url+" --task-types misc")
	w := f.newWorker("misc")
	f.call("POST", "worker-mgt/workers/"+w.id+"/setstatus", map[string]any{"status": "asleep", "is_lazy": false}, nil)
	w.post("worker/state-changed", "application/json", []byte(`{"status":"asleep"}`))
	p.visit("jobs/" + waits)
	p.click(".head .why button", "Wake render01")
	p.see(".notice", "is asked to wake up")
	w.post("worker/state-changed", "application/json", []byte(`{"status":"awake"}`))
	p.see(".head .why", "nothing is in the way")

	// It fails, its log is one click away, and it is tried again; the worker is blocked.
	task := w.fails("Error: Cannot render, no camera")
	p.see(".head .row .status", "failed")
	p.see(".head .why", "The scene has no camera")
	noCommands()
	p.click(".head .why a", "Show the log")
	p.see(".task .log", "no camera")
	p.until("location.pathname.endsWith(" + quoted(task) + ")")
	p.click(".task .close", "")
	p.click(".head .why button", "Try the failed tasks again")
	p.see(".notice", "What failed is tried again.")
	p.see(".head .row .status", "queued")
	p.click(".head button", "Cancel…")
	p.click("dialog button", "Cancel the job")
	p.see(".head .row .status", "canceled")
	p.click(".head .why button", "Do it again")
	p.click("dialog button", "Do it again")
	p.see(".head .row .status", "queued")
	f.call("POST", "jobs/"+waits+"/setstatus", map[string]any{"status": "cancel-requested", "reason": "done with"}, nil)

	adviceOfBlocks(p, w)
	adviceOfTags(p, w)
	adviceOfOrder(p, w)
	adviceOfFrames(p)
}

// adviceOfBlocks has a worker blocked, which somebody takes back.
func adviceOfBlocks(p *page, w *worker) {
	f := p.farm
	job := f.submit("blocks", "hello", 1, 1, "queued")
	w.fails("it broke")
	p.visit("jobs/" + job)
	p.see(".head .why", "blocked")
	p.click(".head .why button", "Lift the blocks")
	p.see("dialog", "render01 failed tasks of this job too often")
	p.click("dialog button", "Leave it")
	p.gone("dialog")
	p.click(".head .why button", "Lift the blocks")
	p.click("dialog button", "Lift the blocks")
	p.see(".notice", "The blocks are lifted.")
	p.until("!visible('.head .why').some((node) => node.innerText.includes('is blocked') || node.innerText.includes('blocked on'))")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "cancel-requested", "reason": "done with"}, nil)
}

// adviceOfTags gives a worker the tag that a job wants, and lets a job have only workers with one.
func adviceOfTags(p *page, w *worker) {
	f := p.farm
	var tag struct{ ID string }
	f.call("POST", "worker-mgt/tags", map[string]any{"name": "gpu"}, &tag)
	job := f.submit("tagged", "hello", 1, 1, "queued")
	f.call("POST", "jobs/"+job+"/settag", map[string]any{"id": tag.ID}, nil)
	p.visit("jobs/" + job)
	p.click(".head .why button", "Give render01 the tag gpu")
	p.see(".notice", "carries the tag gpu")
	p.see(".head .why", "nothing is in the way")
	p.click(".notice:last-child button", "Undo")
	p.see(".head .why", "carries tag gpu")
	p.visit("workers/" + w.id)
	p.click(".worker .why button", "Give render01 the tag gpu")
	p.until("visible('.worker .chip[aria-pressed=true]').some((node) => node.textContent === 'gpu')")
	task := w.fails("Found no Cycles device of the specified type")
	p.visit("jobs/" + job + "/" + task)
	p.click(".task .why button", "Choose its workers by a tag")
	p.click("dialog button", "Only gpu")
	p.see(".notice", "Only workers with the tag gpu")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "cancel-requested", "reason": "done with"}, nil)
	f.call("POST", "worker-mgt/workers/"+w.id+"/settags", map[string]any{"tag_ids": []string{}}, nil)
}

// adviceOfOrder puts a job before others, and shows what an idle worker could do.
func adviceOfOrder(p *page, w *worker) {
	f := p.farm
	p.visit("workers/" + w.id)
	p.see(".worker .why", "there is nothing to do")
	p.click(".worker .why a", "Show the paused jobs")
	p.see(".jobs tr a.name", "paused")
	p.until("location.search === '?status=paused'")
	for _, name := range []string{"first", "then"} {
		f.call("POST", "jobs/"+f.submit(name, "hello", 3, 1, "queued")+"/setpriority", map[string]any{"priority": 60}, nil)
	}
	second := f.submit("second", "hello", 3, 1, "queued")
	w.take()
	p.visit("jobs/" + second)
	p.see(".head .why", "waits behind 1 job of higher priority")
	p.click(".head .why button", "Put it first")
	p.see(".notice", "The job has priority 100 now.")
	p.see(".about .facts", "Priority100")
	p.click(".notice:last-child button", "Undo")
	p.see(".about .facts", "Priority50")
}

// A new worker that waits for approval is let in from its page and from the overview.
func TestAdviceApproves(t *testing.T) {
	f := startFarm(t, "serve")
	f.set(map[string]any{"worker_timeout": "1h", "approve_workers": true})
	w := f.newWorkerBehind("misc", http.Header{"X-Forwarded-For": {"192.0.2.9"}})
	p := open(t, f, "/app/workers/"+w.id)
	p.see(".worker .why", "waits for approval")
	p.click(".worker .why button", "Approve render01")
	p.click("dialog button", "Approve")
	p.see(".notice", "is approved")
	p.see(".worker .why", "there is nothing to do")
}
