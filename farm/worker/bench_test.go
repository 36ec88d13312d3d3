package worker

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/outbox"
)

// A bench runs single commands with everything behind them but the manager.
type bench struct {
	*run
	manager *fakeManager
}

func newBench(t *testing.T) *bench {
	t.Helper()
	m := newFakeManager()
	w, err := New(Options{Client: m.client(), Name: "tester", Dir: t.TempDir(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox.Open(filepath.Join(w.options.Dir, "outbox"), w.log)
	if err != nil {
		t.Fatal(err)
	}
	id := farm.TaskID(farm.NewUUID().String())
	m.workers["worker"] = "secret"
	w.previews = newPreviews(func() Manager { return m.client().WithCredentials("worker", "secret") }, w.log)
	r := &reporter{task: id, run: "1", outbox: box, log: w.log}
	t.Cleanup(func() {
		r.abandoned() // nothing is logged once the test is over
		box.Close()
	})
	return &bench{manager: m, run: &run{worker: w, task: &api.AssignedTask{UUID: id}, reporter: r}}
}

// do runs a command and returns its error as text.
func (b *bench) do(ctx context.Context, c farm.Command) string {
	if err := b.command(ctx, c); err != nil {
		return err.Error()
	}
	return ""
}

// logged returns what was logged so far, and takes it.
func (b *bench) logged(t *testing.T) (log string) {
	t.Helper()
	b.mu.Lock()
	b.flush()
	b.mu.Unlock()
	for {
		text, ok := b.outbox.Peek()
		if !ok {
			return log
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		log += r.Update.Log
		if err := b.outbox.Done(); err != nil {
			t.Fatal(err)
		}
	}
}
