package ui_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// A real worker tells how busy its computer is with what it sends anyway, and the page shows it
// without asking; a worker of another program shows none. One that waits for a task is here.
func TestLoadOfWorkers(t *testing.T) {
	f := startFarm(t, "all")
	f.patient()
	f.submit("busy", "hello", 2, 1, "queued")
	p := open(t, f, "/app/workers")
	p.see(".worker-tile .gauges", "CPU")
	p.until(`visible('.worker-tile meter').some((node) => /^CPU of .* in use, in percent$/.test(node.ariaLabel))`)
	p.see(".worker-tile .gauges", "Mem")
	other := f.newWorker("misc")
	p.visit("workers/" + other.id)
	p.see(".worker .facts", "here")
	p.gone(".worker meter")
	p.visit("workers?as=table")
	p.until(`visible('.workers tbody tr').length === 2 && visible('.workers tbody .c-time').every((node) => node.innerText === 'here')`)

	// What it tells later comes with the events: nothing is fetched for it.
	p.visit("workers/" + other.id)
	p.see(".worker .facts", "here")
	tell := func(load string) {
		other.header = http.Header{"Farm-Load": {load}}
		other.post("worker/state-changed", "application/json", []byte(`{"status":"awake"}`))
	}
	tell(`{"cpu":91,"memory_free":3000000000,"gpus":[{"name":"<b>RTX</b> A4000","memory":16000000000,"memory_free":4000000000}]}`)
	p.see(".worker .facts", "91 %")
	p.see(".worker .facts", "3.0 GB free")
	p.see(".worker .facts", "<b>RTX</b> A4000")
	p.see(".worker .facts", "4.0 GB of 16 GB free")
	p.visit("workers")
	p.until(`visible('.worker-tile meter').some((node) => /^<b>RTX<.b> A4000 of/.test(node.ariaLabel) && node.value === 75)`)
}

// What is wrong with a worker's computer is marked on its tile, and who uses it named; what it
// rendered on each day is drawn and told, and is still there after a start of the manager.
func TestDaysAndFindingsOfAWorker(t *testing.T) {
	f := startFarm(t, "serve")
	f.patient()
	f.film(10)
	w := f.newWorker("blender")
	facts := map[string]any{"cpus": 8, "memory": 32 << 30, "findings": []map[string]string{{"name": "disk", "level": "error", "what": "the disk is full", "why": "frames are saved there", "fix": "Make room."}}}
	body, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	w.send("PUT", "/api/farm/worker/facts", "application/json", body)
	task := w.take()
	for frame := 1; frame <= 3; frame++ {
		report := fmt.Sprintf(`{"taskStatus":"active","steps_completed":%d,"frames":[{"frame":%d,"wall_ms":60000,"saved":%q}]}`, frame, frame, time.Now().UTC().Format(time.RFC3339))
		w.post("worker/task/"+task, "application/json", []byte(report))
	}
	p := open(t, f, "/app/workers")
	p.see(".worker-tile .found", "1 finding")
	p.see(".worker-tile", "shot 7 – ")
	p.visit("workers/" + w.id)
	p.see(".worker .findings", "the disk is full")
	days := func() {
		t.Helper()
		p.see(".worker .days", "3 frames in 3 min, 60 an hour")
		p.until("document.querySelector('.worker .chart .u-over') !== null")
	}
	days()
	w.send("PUT", "/api/farm/worker/in-use", "application/json", []byte(`{"in_use":"in use by its owner"}`))
	p.see(".worker .facts", "in use by its owner")
	p.visit("workers")
	p.see(".worker-tile", "in use by its owner: ")
	p.allow("Failed to load resource") // while the manager is away
	p.allow("net::ERR")
	listen := f.url[len("http://"):]
	f.stop()
	f.start("serve", listen)
	p.visit("workers/" + w.id)
	days()
}
