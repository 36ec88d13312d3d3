package jsjobs

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A program that forgets to call RunChild runs its own work in the child. That
// must not start a child again.
func TestChildrenStartNoChildren(t *testing.T) {
	args := os.Args
	defer func() { os.Args = args }()
	os.Args = []string{args[0], childArgument, protocol}
	if p, err := startProcess(); err == nil || !strings.Contains(err.Error(), "RunChild") {
		t.Errorf("a child starts process %v, error %v", p, err)
	}
}

// A child that says more than a pipe holds does not stand still at it.
func TestChildThatSaysMuch(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{errs: r, said: make(chan string, 1)}
	go p.listen()
	if err := w.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(strings.Repeat("why it ends ", 100_000)); err != nil {
		t.Error(err)
	}
	w.Close()
	if said := <-p.said; len(said) < 4000 || len(said) > 4<<10 || !strings.HasPrefix(said, "why it ends") {
		t.Errorf("it said %d bytes: %.50q", len(said), said)
	}
}
