package ui_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	benchJobs    = flag.Int("web-jobs", 0, "measure the page with so `many` jobs; see make web-bench")
	benchTasks   = flag.Int("web-tasks", 100_000, "tasks of the largest job")
	benchWorkers = flag.Int("web-workers", 300, "workers that are busy")
	benchMinutes = flag.Float64("web-minutes", 10, "`minutes` in which memory has to stay flat")
)

// watcher runs before a page does: it notes when the page can be used, and long tasks.
const watcher = `(() => {
	const tasks = []; window.ready = 0;
	window.longest = (since) => Math.max(0, ...tasks.filter((e) => e.startTime >= since).map((e) => e.duration));
	new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({type: 'longtask', buffered: true});
	const look = () => { if (document.querySelector(window.readyWhen ?? 'main a.name')) window.ready = performance.now(); else requestAnimationFrame(look); };
	look();
})()`

// A figure is what was measured, and what it should be at most.
type figure struct {
	what       string
	got, most  float64
	unit, more string
}

// TestWebBench measures the page against a large farm. It prints a table, and fails for
// what is missed by more than half, as the machine may be busy.
func TestWebBench(t *testing.T) {
	if *benchJobs == 0 {
		t.Skip("measures when told of how many jobs: make web-bench")
	}
	f := largeFarm(t, *benchJobs)
	film := f.longFilm(*benchTasks)
	f.busyWorkers(film, *benchWorkers)
	p := open(t, f, "/app/tags")
	if _, err := chromedp.Call(p.ctx, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: watcher}); err != nil {
		t.Fatal(err)
	}
	var figures []figure
	note := func(what string, got, most float64, unit, more string) {
		figures = append(figures, figure{what, got, most, unit, more})
		t.Logf("%-58s %8.0f %s, target %.0f %s", what, got, unit, most, more)
	}
	for _, place := range []struct{ name, path string }{{"overview", ""}, {"jobs", "jobs"}, {"the largest job", "jobs/" + film}, {"workers", "workers"}, {"workers as a table", "workers?as=table"}} {
		first, ready, longest := p.loads(place.path)
		note(place.name+": first contentful paint", first, 300, "ms", "")
		note(place.name+": interactive", ready, 500, "ms", fmt.Sprintf("(longest task %.0f ms)", longest))
	}
	for _, place := range []struct{ name, path, box string }{{"jobs", "jobs", ".jobs .scroll"}, {"tasks of the largest job", "jobs/" + film, ".tasks .scroll"}} {
		blank, longest := p.scrolls(place.path, place.box)
		note("scrolling through "+place.name+": rows are blank for", blank, 200, "ms", fmt.Sprintf("(longest task %.0f ms)", longest))
	}
	flooded := f.flooded(film)
	for _, path := range []string{"", "jobs", "jobs/" + film, "workers", "workers?as=table"} {
		p.do(chromedp.Navigate(flooded.url + "/app/" + path))
		p.until("window.ready > 0")
		var got struct{ Longest, Frames float64 }
		p.eval(`new Promise((done) => { const began = performance.now(); let frames = 0; const count = () => { frames++; requestAnimationFrame(count); }; requestAnimationFrame(count);
			setTimeout(() => done({longest: longest(began), frames: frames / 10}), 10000); })`, &got)
		note("5,000 events/s on /app/"+strings.Replace(path, film, "JOB", 1)+": longest task", got.Longest, 100, "ms", fmt.Sprintf("(%.0f frames/s)", got.Frames))
	}
	p.do(chromedp.Navigate(flooded.url + "/app/jobs/" + film))
	p.until("window.ready > 0")
	began, end := p.heapAfter(time.Duration(*benchMinutes/5*float64(time.Minute))), 0.0
	for range 4 {
		end = p.heapAfter(time.Duration(*benchMinutes / 5 * float64(time.Minute)))
		var shown []float64
		p.eval("[document.querySelectorAll('*').length, document.querySelectorAll('.tasks tr[data-index]').length]", &shown)
		t.Logf("%.1f MB, %.0f elements, %.0f rows of tasks", end/1e6, shown[0], shown[1])
		if shown[1] == 0 {
			t.Error("the page shows no tasks any more")
		}
	}
	note(fmt.Sprintf("memory after %.1f minutes of that, from %.1f MB", *benchMinutes, began/1e6), end/1e6, began/1e6+5, "MB", "")
	for _, g := range figures {
		if g.got > 1.5*g.most {
			t.Errorf("%s: %.0f %s, target %.0f %s", g.what, g.got, g.unit, g.most, g.more)
		}
	}
}

// loads opens a page five times, and returns the medians of when something was to be
// seen and when the page could be used, and the longest task, in milliseconds.
func (p *page) loads(path string) (first, ready, longest float64) {
	p.t.Helper()
	var all [3][]float64
	for range 5 {
		p.do(chromedp.Navigate(p.farm.url + "/app/" + path))
		p.until("window.ready > 0")
		var got []float64
		p.eval("new Promise((done) => setTimeout(() => done([performance.getEntriesByName('first-contentful-paint')[0].startTime, ready, longest(0)]), 300))", &got)
		for i := range got {
			all[i] = append(all[i], got[i])
		}
	}
	for i := range all {
		slices.Sort(all[i])
	}
	return all[0][2], all[1][2], all[2][2]
}

// scrolls scrolls through a list, half a view each frame, and returns for how long in a row
// there were rows without content in view at most, and the longest task.
func (p *page) scrolls(path, box string) (blank, longest float64) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.farm.url + "/app/" + path))
	p.see(box+" tr[data-index]", "")
	var got []float64
	p.eval(fmt.Sprintf(`(async () => {
		const box = document.querySelector(%q), {top, bottom} = box.getBoundingClientRect();
		const began = performance.now();
		let since = 0, most = 0;
		for (let i = 0; i < 400; i++) {
			box.scrollTop += i < 300 ? 120 : box.clientHeight;
			await new Promise(requestAnimationFrame);
			const now = performance.now();
			const empty = [...box.querySelectorAll('tr.blank')].some((row) => { const r = row.getBoundingClientRect(); return r.bottom > top + 30 && r.top < bottom; });
			if (!empty) since = 0;
			else since ||= now;
			if (since) most = Math.max(most, now - since);
		}
		return [most, longest(began)];
	})()`, box), &got)
	return got[0], got[1]
}

// heapAfter waits, and returns how many bytes the page holds then.
func (p *page) heapAfter(d time.Duration) float64 {
	p.t.Helper()
	time.Sleep(d)
	if _, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	heap, err := chromedp.Call(p.ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		p.t.Fatal(err)
	}
	return heap.UsedSize
}
