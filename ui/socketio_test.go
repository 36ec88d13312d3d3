package ui_test

import (
	"fmt"
	"os"
	"testing"
)

// The client that pages of compatible systems have is told what changes, and comes back
// after the manager did.
func TestSocketIO(t *testing.T) {
	script, err := os.ReadFile("testdata/socket.io/socket.io.slim.js")
	if err != nil {
		t.Fatal(err)
	}
	f := startFarm(t, "serve")
	f.patient()
	p := open(t, f, "/app/tags")
	p.see("#farm-status", "i")
	p.eval(string(script)+`; window.heard = []; window.socket = io(location.origin, {transports: ['websocket'], reconnectionDelay: 50});
		for (const name of ['/jobs', '/task', '/tasklog', '/workers', '/status', '/lifecycle', 'connect', 'reconnect', 'error', 'connect_error']) socket.on(name, (data) => heard.push(name + ' ' + JSON.stringify(data)));
		const ask = (type, uuid) => new Promise((done) => socket.emit('/subscription', {op: 'subscribe', type, uuid}, done));
		window.ask = ask; Promise.all([ask('allJobs'), ask('allWorkers')]).then((answers) => answers.join())`, new(string))
	heard := func(parts ...string) {
		t.Helper()
		condition := "true"
		for _, part := range parts {
			condition += fmt.Sprintf(" && text.includes(%q)", part)
		}
		p.until("heard.some((text) => " + condition + ")")
	}
	heard("connect")
	job := f.submit("shot 7", "hello", 1, 1, "queued")
	heard("/jobs", job, `"name":"shot 7"`)
	var answer string
	p.eval(fmt.Sprintf("ask('job', %q)", job), &answer)
	if answer != "ok" {
		t.Errorf("the subscription: %s", answer)
	}
	w := f.newWorker("misc")
	heard("/workers", w.id, "awake")
	task := w.take()
	heard("/task", task, "active")
	p.eval(fmt.Sprintf("ask('tasklog', %q)", task), &answer)
	w.post("worker/task/"+task, "application/json", []byte(`{"log":"a line\n"}`))
	heard("/tasklog", "a line")
	p.allow("WebSocket connection")
	p.allow("net::ERR_")
	f.stop()
	heard("/lifecycle", "manager-shutdown")
	f.start("serve", f.url[len("http://"):])
	heard("reconnect")
}
