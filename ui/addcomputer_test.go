package ui_test

import (
	"strings"
	"testing"
)

// TestAddComputer makes a line to type, and is told why not where no other computer reaches the manager.
func TestAddComputer(t *testing.T) {
	p := open(t, startFarm(t, "serve"), "/app/workers") // which listens on its own computer only
	p.allow("409")
	p.click(".add-computer button", "Make a line to type")
	p.see(".empty .why.bad", "no other computer can reach this manager")

	f := &farm{t: t, home: t.TempDir()}
	f.start("serve", ":0")
	f.url, _, _ = strings.Cut(f.url, "/  (") // what other computers type follows
	t.Cleanup(f.stop)
	p = open(t, f, "/app/workers")
	p.fill(".add-computer input[type=number]", "3")
	p.click(".add-computer button", "Make a line to type")
	p.see(".join-lines code", "/worker.sh | sh")
	p.see(".join-lines code", "/worker.ps1 | iex")
	p.see(".join-lines", "Good for 3 computers")
	p.click(".add-computer label", "start the worker with the computer")
	p.see(".join-lines code", "/service.sh | sh")
	p.click(".join-lines summary", "As a QR code")
	p.until("document.querySelector('.join-lines svg.qr path').getAttribute('d').length > 1000")
	p.click(".add-computer ~ details summary", "Lines that are still good")
	p.see(".codes li", "page of workers")
	p.see(".codes li", "0 of 3 joined")
	p.click(".add-computer button", "Make a line to type")
	p.until("visible('.codes li').length === 2")
	p.click(".codes button", "Revoke")
	p.until("visible('.codes li').length === 1")
	p.click(".codes button", "Revoke")
	p.see(".add-computer ~ details", "There is none.")

	w := f.newWorker("misc")
	p.visit("workers/" + w.id)
	p.see(".drawer .facts", "not the manager's")
}

// TestUpdateWorkers has workers of another version, which cannot update themselves, say why.
func TestUpdateWorkers(t *testing.T) {
	f := startFarm(t, "serve")
	p := open(t, f, "/app/workers")
	f.newWorker("misc")
	p.click(".updates button", "Update 1 worker")
	p.see(".updates li", "cannot update itself")
}
