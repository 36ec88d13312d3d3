package ui_test

import "testing"

// A page that was left lets go of its stream: with six of them, the browser would let no other
// page of this farm ask for anything. When it is seen again, nothing on it is old.
func TestPagesThatNobodySees(t *testing.T) {
	f := startFarm(t, "serve")
	p := open(t, f, "/app/jobs")
	p.until("document.querySelector('#farm-status').dataset.status === 'inoperative'")
	streams := func(expected string) {
		t.Helper()
		var reached bool
		p.eval(`(async () => {
			while (!(await (await fetch('/metrics')).text()).includes('farm_slots_in_use{of="event_streams"} `+expected+`\n'))
				await new Promise((done) => setTimeout(done, 50));
			return true;
		})()`, &reached)
	}
	streams("1")
	p.eval("dispatchEvent(new Event('pagehide'))", new(bool))
	streams("0")
	f.submit("meanwhile", "hello", 1, 1, "paused")
	p.eval("dispatchEvent(new Event('pageshow'))", new(bool))
	p.see(".jobs tr", "meanwhile")
	streams("1")
}
