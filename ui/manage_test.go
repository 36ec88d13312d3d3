package ui_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// Several workers are chosen and asked together, and the week of one is painted.
func TestManageWorkers(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	w := f.newWorker("misc")
	f.newWorker("misc")
	p := open(t, f, "/app/workers?as=table")
	p.until("visible('.workers tbody tr').length === 2")
	p.click(".workers tbody tr:nth-child(1) .c-pick input", "")
	p.click(".workers tbody tr:nth-child(2) .c-pick input", "")
	p.see(".bulk", "2 chosen")
	p.click(".bulk button", "Sleep")
	p.see(".notice", "2 workers asked to sleep.")
	p.until("visible('.workers tbody .status').filter((node) => node.textContent.includes('→ asleep')).length === 2")
	p.click(".notice:last-child button", "Undo")
	p.until("visible('.workers tbody .status').filter((node) => node.textContent.includes('→ asleep')).length === 0")
	p.click(".bulk button", "Clear")
	p.gone(".bulk")

	p.visit("workers/" + w.id)
	p.click(".worker summary", "Sleep schedule")
	p.see(".schedule button", "Add a time")
	paint := func(fromDay, fromHalf, toDay, toHalf int) {
		t.Helper()
		var done bool
		p.eval(fmt.Sprintf(`(async () => {
			const grid = document.querySelector('.week-grid');
			const at = (type, day, half) => { const box = grid.getBoundingClientRect();
				grid.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: box.left + (half + .5) * box.width / 48, clientY: box.top + (day + .5) * box.height / 7 }));
				return new Promise((done) => setTimeout(done, 30)); };
			await at('pointerdown', %d, %d);
			for (let half = %d; half <= %d; half++) await at('pointermove', %d, half);
			await at('pointerup', %d, %d);
			return true;
		})()`, fromDay, fromHalf, fromHalf, toHalf, toDay, toDay, toHalf), &done)
	}
	paint(1, 18, 1, 23) // Tuesday, 9 to 12
	p.until("document.querySelectorAll('.week-grid .on').length === 6")
	paint(3, 18, 3, 23)
	paint(3, 20, 3, 21) // takes away an hour
	p.until("document.querySelectorAll('.week-grid .on').length === 10")
	p.click(".schedule button", "Save")
	p.gone(".schedule button.strong")
	var schedule struct {
		Active  bool
		Windows []struct{ Days, From, To string }
	}
	p.eval("fetch('/api/farm/workers/"+w.id+"/schedule').then((answer) => answer.json())", &schedule)
	if got := fmt.Sprint(schedule); got != "{true [{tu 09:00 12:00} {th 09:00 10:00} {th 11:00 12:00}]}" {
		t.Errorf("the schedule is %s", got)
	}
	p.click(".schedule button", "Add a time")
	p.until("visible('.sleep-window').length === 4")
	p.click(".schedule button", "Leave it")
	p.until("visible('.sleep-window').length === 3")
	p.click(".schedule input[type=checkbox]", "")
	p.click(".schedule button", "Save")
	p.gone(".schedule button.strong")
	p.eval("fetch('/api/farm/workers/"+w.id+"/schedule').then((answer) => answer.json())", &schedule)
	if schedule.Active || len(schedule.Windows) != 3 {
		t.Errorf("switched off, the schedule is %v", schedule)
	}
}

// Tags are made, renamed, given and deleted; a blocked worker is let in again; and a filter
// of the jobs is kept under a name.
func TestManageTagsBlocksAndViews(t *testing.T) {
	f := startFarm(t, "serve")
	f.set(map[string]any{"worker_timeout": "1h", "blocklist_threshold": 1})
	w := f.newWorker("misc")
	p := open(t, f, "/app/tags")
	p.see(".tags", "There are no tags")
	p.fill(`.make input[name="name"]`, "gpu")
	p.fill(`.make input[name="description"]`, "big cards")
	p.click(".make button", "Add the tag")
	p.see(".tags li", "big cards")
	p.click(".tags li button", "Edit")
	p.fill(`.tags li input[name="name"]`, "cards")
	p.click(".tags li button", "Save")
	p.see(".tags li .name", "cards")
	p.visit("workers/" + w.id)
	p.click(".worker .chip", "cards")
	p.until("visible('.worker .chip[aria-pressed=true]').length === 1")
	p.visit("tags")
	p.see(".tags li", "1 worker")
	p.click(".tags li button", "Delete …")
	p.click("dialog button.danger", "")
	p.see(".tags", "There are no tags")

	job := f.submit("blocks", "hello", 1, 1, "queued")
	w.fails("it broke")
	p.visit("jobs/" + job)
	p.click(".more summary", "Blocked workers")
	p.see(".blocks", "gets no more misc tasks")
	p.click(".blocks button", "Unblock")
	p.see(".more", "No worker is blocked.")

	f.submit("waits", "hello", 1, 1, "paused")
	p.visit("jobs")
	p.click(".filter .chip", "paused")
	p.until("location.search === '?status=paused' && visible('.jobs tr[data-index]').length === 1")
	p.click(".views button", "Save")
	p.fill(".views input", "on hold")
	p.click(".views form button", "")
	p.see(".views .view", "on hold")
	p.visit("jobs")
	p.until("visible('.jobs tr[data-index]').length === 2")
	p.do(chromedp.Reload())
	p.click(".views .view a", "on hold")
	p.until("location.search === '?status=paused' && visible('.jobs tr[data-index]').length === 1")
	p.click(".views .view button", "")
	p.gone(".views .view")
}
