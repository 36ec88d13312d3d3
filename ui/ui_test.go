package ui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// An empty farm says how to begin, with the address it was asked at.
func TestEmptyFarm(t *testing.T) {
	f := startFarm(t, "serve")
	p := open(t, f, "/")
	p.see("h1", "Welcome to your farm")
	p.see(".empty", "farm submit FILE.blend --manager "+f.url)
	p.see(".workers .empty", "farm work --manager "+f.url)
	p.see("#farm-status", "inoperative")
	p.see("#version", ".")
	p.click(".empty a.button", "Submit a file")
	p.see("h1", "Submit")
	p.until("location.pathname === '/app/submit'")
	p.click("nav a", "Jobs")
	p.see(".jobs .empty", "farm submit FILE.blend --manager "+f.url)
	p.click("nav a", "Last rendered")
	p.see(".last .picture", "The last rendered image of the farm appears here")
}

// A job that is submitted while the page is open runs to its end before the
// user's eyes: no reload. Its name is text, whatever it looks like.
func TestJobRunsLive(t *testing.T) {
	const name, message = `<img src=x onerror="alert(1)">`, `hello <b>artists</b>`
	f := startFarm(t, "all")
	p := open(t, f, "/app/jobs")
	p.see(".jobs .empty", "No jobs yet")
	var marked bool
	p.eval("window.mark = true", &marked)

	job := f.submit(name, message, 2, 1, "queued")
	p.see(".jobs tr a.name", name)
	p.see(".jobs tr", "active")
	p.gone(".jobs .empty")
	p.click(".jobs tr a.name", name)
	p.see("h1", name)
	p.until("document.activeElement === document.querySelector('h1')") // opened is where the focus is
	p.see(".tasks tr:nth-child(2)", "active")
	p.see(".head .row .status", "completed")
	p.see(".head .progress", "100%")
	p.see(".tasks tr:nth-child(3)", "completed")
	p.click(".more summary", "Settings")
	p.see(".more .values", message)
	p.click(".more summary", "Metadata")
	p.see(".more .values", "Spring")

	p.do(chromedp.Focus(".tasks tr a.name"))
	p.key(kb.Enter)
	p.see(".task h2", "1. echo")
	p.until("document.activeElement === document.querySelector('.task h2')")
	p.see(".task .log", message)
	p.click(".task summary", "Commands (1)")
	p.see(".task .command-shown", message)
	p.until("visible('.log-head a[href*=\"/job-files/\"]').length === 2 && visible('.attempts a[href*=\"/job-files/\"]').length === 1")
	p.until(fmt.Sprintf("location.pathname === '/app/jobs/%s/%s'", job, f.task(job, 1)))
	p.until("window.mark === true && document.title.includes('onerror')")
	p.key(kb.Escape)
	p.gone(".task")
	p.until("document.activeElement === document.querySelector('.tasks tr a.name')") // and goes back to where it was
	p.key(kb.Escape)
	p.see(".jobs tr a.name", name)
	p.until("location.pathname === '/app/jobs' && window.mark === true")
}

// The log of a task that is open grows while the task runs.
func TestLogGrows(t *testing.T) {
	f := startFarm(t, "all")
	job := f.submit("a job", "hello", 1, 1, "paused")
	p := open(t, f, "/app/jobs/"+job+"/"+f.task(job, 2))
	p.see(".task", "Nothing is logged yet.")
	p.click(".head button", "Resume")
	p.see(".task .log", "Task assigned to worker")
	p.see(".task .log", "active -> completed")
	var lines []string
	p.eval("document.querySelector('.log').textContent.trim().split('\\n')", &lines)
	seen := map[string]bool{}
	for _, line := range lines {
		if strings.Contains(line, "->") && seen[line] {
			t.Errorf("the log shows %q twice", line)
		}
		seen[line] = true
	}
}

func TestJobActions(t *testing.T) {
	f := startFarm(t, "all")
	job := f.submit("shot 7", "hello", 60, 3, "queued")
	p := open(t, f, "/app/jobs/"+job)
	p.see(".head .row .status", "active")

	p.click(".head button", "Pause")
	p.see(".head .row .status", "paused")
	p.see(".tasks tr:nth-child(4)", "paused")
	p.click(".head button", "Resume")
	p.see(".head .row .status", "active")

	p.click(".head button", "Cancel…")
	p.see("dialog", "Cancel “shot 7”?")
	p.click("dialog button", "Leave it")
	p.gone("dialog")
	p.see(".head .row .status", "active")
	p.click(".head button", "Cancel…")
	p.click("dialog button", "Cancel the job")
	p.see(".head .row .status", "canceled")
	p.see(".tasks tr:nth-child(4)", "canceled")

	p.click(".head button", "Requeue")
	p.see(".head .row .status", "active")

	p.click(".head button", "Priority …")
	p.do(chromedp.SetValue(chromedp.CSS("dialog input"), "77"))
	p.click("dialog button", "Set")
	p.see(".notice", "got priority 77")
	p.see(".about .facts", "Priority77")
	p.click(".notice:last-child button", "Undo")
	p.see(".about .facts", "Priority50")
	p.click(".more summary", "Log of changes")
	p.see(".changes", "Priority changed from 50 to 77")

	p.allow("404") // the page may ask about the job while it goes away
	p.click(".head button", "Delete…")
	p.click("dialog button", "Delete the job")
	p.see(".job", "This job was deleted.")
	p.click("a.back", "All jobs")
	p.see(".jobs .empty", "No jobs yet")
}

func TestTaskActions(t *testing.T) {
	f := startFarm(t, "all")
	job := f.submit("shot 7", "hello", 1, 60, "queued")
	p := open(t, f, "/app/jobs/"+job+"/"+f.task(job, 2))
	p.see(".task .row .status", "active")
	p.click(".task button", "Cancel…")
	p.click("dialog button", "Cancel the task")
	p.see(".task .row .status", "canceled")
	p.see(".head .row .status", "canceled")
	p.click(".task button", "Requeue")
	p.see(".task .row .status", "active")
	p.see(".tasks tr[aria-selected=true]", "active")
}

func TestWorkerActions(t *testing.T) {
	f := startFarm(t, "all")
	p := open(t, f, "/app/workers?as=table")
	p.see(".workers td", "awake")
	p.see(".workers td.c-types", "blender")
	p.see(".workers td.c-types", "CPU")
	p.see(".workers td.c-types", "Blender ")
	p.see(".workers td.c-time", "here") // a healthy worker is not "58 s ago"
	p.click(".workers a.name", "")
	p.see(".worker .facts", "Blender")
	p.until("document.activeElement === document.querySelector('.worker h2')")
	p.click(".worker button", "Sleep")
	p.see(".worker .row .status", "asleep")
	p.see("#farm-status", "asleep")
	p.click(".worker button", "Wake up")
	p.see(".worker .row .status", "awake")
	p.click(".worker summary", "Log of changes")
	p.see(".worker .changes", "asleep")
	p.click(".worker button", "Shut down…")
	p.click("dialog button", "After its task")
	p.see(".worker .row .status", "offline")
	p.click(".worker button", "Remove…")
	p.click("dialog button", "Remove")
	p.see(".workers .empty", "No workers yet")
}

// What waits says why, and says another thing when the farm changes: no reload.
func TestWhyItWaits(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	job := f.submit("waits", "hello", 1, 1, "queued")
	p := open(t, f, "/app/jobs/"+job)
	p.see(".head .why", "the farm has no workers")
	advised := f.advised("jobs/" + job)
	if len(advised) != 1 || advised[0].Command != "farm work --task-types misc" {
		t.Errorf("%+v", advised)
	}
	p.see(".head .why .advice", advised[0].Label)
	w := f.newWorker("blender")
	p.see(".head .why", "no worker does tasks of type misc")
	p.click("nav a", "Workers")
	p.click(".filter button", "Table")
	p.see(".workers td.c-task", "jobs wait for workers that do misc tasks; it does only blender")
	f.call("POST", "worker-mgt/workers/"+w.id+"/setstatus", map[string]any{"status": "asleep", "is_lazy": false}, nil)
	p.see(".workers td.c-task", "it is asked to go to sleep")
	w.post("worker/state-changed", "application/json", []byte(`{"status":"asleep"}`))
	p.see(".workers td.c-task", "it is asleep")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "pause-requested", "reason": "lunch"}, nil)
	p.click("nav a", "Jobs")
	p.click(".jobs tr a.name", "waits")
	p.see(".head .why", "(lunch)")
	misc := f.newWorker("misc")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "queued", "reason": ""}, nil)
	p.see(".head .why", "nothing is in the way")
	misc.take()
	p.until("visible('.head .why').length === 0")
}

// A task's failure is explained while its page is open.
func TestWhyItFailed(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.submit("fails", "hello", 1, 1, "queued")
	task := f.task(job, 1)
	p := open(t, f, "/app/jobs/"+job+"/"+task)
	p.see(".task .row .status", "queued")
	w := f.newWorker("misc")
	w.take()
	p.see(".task .row .status", "active")
	w.post("worker/task/"+task, "application/json", []byte(`{"taskStatus":"failed","activity":"Failed: command exited abnormally with code 1","log":"Error: Cannot render, no camera\n"}`))
	p.see(".task .row .status", "failed")
	p.see(".task .why", "Add one in Blender, or name another scene")
	p.see(".task .why .line", "Error: Cannot render, no camera")
	p.see(".task .log .decided", "Error: Cannot render, no camera")
	p.see(".head .why", "The scene has no camera")
	p.click("nav a", "Overview")
	p.see(".problems .reason", "The scene has no camera")
	p.see(".problems .line", "Error: Cannot render, no camera")
	p.click(".problems a", "1 task failed")
	p.see(".tasks tr[data-index]", "echo")
	p.until("visible('.tasks tr[data-index]').length === 1")
	p.click(".tasks a.name", "echo")
	f.call("POST", "jobs/"+job+"/setstatus", map[string]any{"status": "requeueing", "reason": "there is one now"}, nil)
	p.see(".task .row .status", "queued")
	p.until("!document.querySelector('.task').innerText.includes('Add one in Blender')")
}

// An address can be sent to a colleague, and the browser's buttons work.
func TestAddresses(t *testing.T) {
	f := startFarm(t, "all")
	job := f.submit("shot 7", "hello", 1, 0, "paused")
	p := open(t, f, "/app/jobs/"+job)
	p.see("h1", "shot 7")
	p.click(".tasks tr a.name", "sleep")
	p.see(".task h2", "2. sleep")
	p.do(chromedp.NavigateBack())
	p.gone(".task")
	p.see("h1", "shot 7")
	p.click("nav a", "Workers")
	p.see("h1", "Workers")
	p.gone(".job")
	p.click("nav a", "Last rendered")
	p.see(".picture", "appears here")
	p.do(chromedp.NavigateBack(), chromedp.NavigateBack())
	p.see("h1", "shot 7")

	p.allow("404")
	p.do(chromedp.Navigate(f.url + "/app/jobs/00000000-0000-4000-8000-000000000000"))
	p.see(".job", "There is no such job")
	p.do(chromedp.Navigate(f.url + "/app/jobs/" + job + "/00000000-0000-4000-8000-000000000000"))
	p.see(".task", "There is no such task")
	p.see("h1", "shot 7")
}

// Of the tasks of a big job only those near the view are there, each is an address away,
// and the one that failed is found with one click.
func TestBigJob(t *testing.T) {
	const tasks = 5000
	f := startFarm(t, "serve")
	job := f.submit("big", "hello", tasks-1, 1, "queued")
	w := f.newWorker("misc")
	w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"failed","activity":"it broke"}`))
	p := open(t, f, "/app/jobs/"+job)
	const rows = "document.querySelectorAll('.tasks tr[data-index]').length"
	p.see(".tasks tr", "echo")
	p.until("document.querySelector('.tasks table').ariaRowCount === '5001' && " + rows + " < 80")
	p.eval("document.querySelector('.tasks .scroll').scrollTop = 1e9", new(float64))
	p.see(".tasks tr[data-index]", "5000")
	p.until(rows + " < 80")
	p.click(".tasks .chip", "to be retried")
	p.until("visible('.tasks tr[data-index]').length === 1")
	p.see(".tasks tr[data-index]", "echo")
	p.until("location.search === '?tasks=soft-failed'")
	p.do(chromedp.Navigate(f.url + "/app/jobs/" + job + "/" + f.task(job, 3750)))
	p.see(".tasks tr[aria-selected=true]", "3750")
	p.see(".task h2", "3750. sleep")
}

// Images appear as they are rendered, of the job and of the farm.
func TestLastRendered(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.submit("shot 7", "hello", 1, 1, "queued")
	f.submit("another", "hello", 1, 1, "paused")
	w := f.newWorker("misc")
	task := w.take()
	p := open(t, f, "/app/jobs/"+job)
	p.see(".about .picture", "appears here")
	shown := "visible('.picture img').map((image) => image.naturalWidth + 'x' + image.naturalHeight).join()"
	w.produce(task, 32, 18)
	p.until(shown + " === '32x18'")
	first := ""
	p.eval("document.querySelector('.about img').src", &first)
	w.produce(task, 64, 36)
	p.until(shown + " === '64x36'")
	p.until(fmt.Sprintf("document.querySelector('.about img').src !== %q", first))

	p.click("nav a", "Last rendered")
	p.until(shown + " === '64x36'")
	p.click(".last a", "shot 7")
	p.see("h1", "shot 7")
	p.click("a.back", "All jobs")
	p.click(".jobs a.name", "another")
	p.see("h1", "another")
	p.see(".about .picture", "appears here")
	p.click("nav a", "Overview")
	p.until(shown + " === '64x36'")
}

// From the first frame on a job says when it will be done.
func TestTimeLeft(t *testing.T) {
	f := startFarm(t, "serve")
	job := f.film(10)
	w := f.newWorker("blender")
	task := w.take()
	p := open(t, f, "/app/jobs/"+job)
	p.see(".about .facts", "0 of 10")
	p.until(`!document.querySelector('.about .facts').innerText.includes('Done about')`)
	saved := func(frame int) {
		report := fmt.Sprintf(`{"taskStatus":"active","steps_completed":%d,"frames":[{"frame":%d,"wall_ms":60000,"saved":%q}]}`, frame, frame, time.Now().UTC().Format(time.RFC3339))
		w.post("worker/task/"+task, "application/json", []byte(report))
	}
	saved(1)
	p.see(".about .facts", "1 of 10")
	p.until(`/Done about\s*[A-Za-z0-9: -]+–[A-Za-z0-9: -]+/.test(document.querySelector('.about .facts').innerText)`)
	f.call("POST", "jobs/"+job+"/setstatus", map[string]string{"status": "paused", "reason": "the test"}, nil)
	p.until(`!document.querySelector('.about .facts').innerText.includes('Done about')`)
}

// When the manager dies and comes back, the page says so, and goes on.
func TestConnectionLost(t *testing.T) {
	f := startFarm(t, "serve")
	f.submit("before", "hello", 1, 1, "paused")
	p := open(t, f, "/app/jobs")
	p.see(".jobs tr", "before")
	p.allow("net::ERR_")
	f.kill()
	p.see("#farm-status", "connection lost")
	f.start("serve", strings.TrimPrefix(f.url, "http://"))
	f.submit("after", "hello", 1, 1, "paused")
	p.see("#farm-status", "inoperative")
	p.see(".jobs tr", "after")
	p.see(".jobs tr", "before")
}

// No page is wider than a phone, and none needs a mouse.
func TestNarrow(t *testing.T) {
	f := startFarm(t, "all")
	job := f.submit(strings.Repeat("a_very_long_name_", 20), "hello", 30, 0, "paused")
	p := open(t, f, "/app/")
	for _, place := range []string{"/app/", "/app/jobs/" + job, "/app/jobs/" + job + "/" + f.task(job, 2), "/app/jobs", "/app/workers", "/app/workers?as=table", "/app/tags", "/app/settings", "/app/job-types/simple-blender-render", "/app/submit", "/app/last-rendered"} {
		for _, pixels := range []int64{320, 390, 800, 1100, 1440} {
			p.width(pixels)
			p.do(chromedp.Navigate(f.url + place))
			p.see("#farm-status", "i")
			p.until("visible('.card').length > 0 && visible('h1').length + visible('h1.unseen').length > 0")
			p.until("!location.pathname.includes('/jobs/') || visible('.tasks tbody tr').length > 0")
			var over int
			p.eval("document.documentElement.scrollWidth - innerWidth", &over)
			if over > 0 {
				t.Errorf("%s at %d pixels is %d too wide", place, pixels, over)
			}
		}
	}
	var unnamed []string
	p.eval(`[...document.querySelectorAll('button, a[href], input')].filter((node) => !node.textContent.trim()
		&& !node.getAttribute('aria-label') && !node.closest('label')?.textContent.trim() && !node.querySelector('[alt]')).map((node) => node.outerHTML)`, &unnamed)
	if len(unnamed) > 0 {
		t.Errorf("controls without a name: %q", unnamed)
	}
}
