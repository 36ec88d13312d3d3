//go:build !windows

package cmd

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/worker"
)

// Each card that is named gets a worker with a name and a folder of its own.
func TestGPUSlots(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	script := "#!/bin/sh\necho 'GPU 0: A (UUID: GPU-11111111-2222)'\necho 'GPU 1: B (UUID: GPU-33333333-4444)'\n"
	if err := os.WriteFile(filepath.Join(bin, "nvidia-smi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	o := worker.Options{Manager: "http://127.0.0.1:1", Name: "render07", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), NoChecks: true}
	slots, err := gpuSlots(t.Context(), o, []string{"all"})
	if err != nil || len(slots) != 2 {
		t.Fatalf("%d workers, %v", len(slots), err)
	}
	for i, want := range []string{"render07-gpu0: ", "render07-gpu1: "} {
		if got := slots[i].StatusLine(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if one, err := gpuSlots(t.Context(), o, nil); err != nil || len(one) != 1 || !strings.HasPrefix(one[0].StatusLine(), "render07: ") {
		t.Errorf("without cards: %d, %v", len(one), err)
	}
	if _, err := gpuSlots(t.Context(), o, []string{"7"}); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}

	// Their owner sees all that run, also when the first has ended.
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "worker"), 0o700); err != nil {
		t.Fatal(err)
	}
	page := &ownersPage{s: &session{home: home, log: o.Log}}
	end0, end1 := page.show(slots[0]), page.show(slots[1])
	shows := func(want string) {
		t.Helper()
		client, err := page.s.ownWorker()
		if err != nil {
			t.Fatal(err)
		}
		if state, err := client.State(t.Context()); state.Name != want || err != nil {
			t.Errorf("the page shows %+v, %v; want %s", state, err, want)
		}
	}
	shows("render07-gpu0, render07-gpu1")
	end0()
	shows("render07-gpu1")
	end1()
	if _, err := page.s.ownWorker(); farm.KindOf(err) != farm.NotFound {
		t.Errorf("the page of no worker: %v", err)
	}

	// They run side by side, and end together when the program is told to.
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&session{home: o.Dir, log: o.Log}).runSlots(ctx, slots, true) }()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, dir := range []string{"gpu0", "gpu1"} {
		if _, err := os.Stat(filepath.Join(o.Dir, dir)); err != nil {
			t.Error(err)
		}
	}
}
