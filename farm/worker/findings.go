package worker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/doctor"
)

// What goes wrong on a computer is often found by nobody before frames are missing. So
// the worker looks each time it signs on, and every day, and tells the manager what it
// finds with the other facts about its computer.

const (
	examineEvery = 24 * time.Hour
	needsLimit   = 5 * time.Second // for the manager to say what tasks need; that it does not is found out
)

// An examiner keeps what was found last. One goroutine looks, run; the others ask.
type examiner struct {
	w    *Worker
	wake chan struct{} // look now

	mu    sync.Mutex // guards found, which is replaced, never changed
	found []farm.Finding
}

func newExaminer(w *Worker) *examiner { return &examiner{w: w, wake: make(chan struct{}, 1)} }

// run looks when it is woken, and then every day, until ctx is canceled.
func (e *examiner) run(ctx context.Context) {
	next := time.NewTimer(examineEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-next.C:
		}
		e.look(ctx)
		next.Reset(examineEvery)
	}
}

// again has it looked now. A nil examiner does not look.
func (e *examiner) again() {
	if e == nil {
		return
	}
	select {
	case e.wake <- struct{}{}:
	default: // it will
	}
}

// last returns what was found last.
func (e *examiner) last() []farm.Finding {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.found
}

func (e *examiner) look(ctx context.Context) {
	manager, ok := e.w.manager().(*api.Client)
	if !ok {
		return
	}
	var known []farm.WorkerBlender
	if e.w.inventory != nil {
		for _, b := range e.w.inventory.list(ctx) {
			known = append(known, b.WorkerBlender)
		}
	}
	c := e.w.computer(ctx, manager, e.w.id(), known)
	found := farm.CleanFindings(c.Examine(ctx))
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	e.found = found
	e.mu.Unlock()
	e.w.tellFacts(ctx)
	for _, f := range found {
		e.w.log.Warn("something is wrong with this computer", "found", f.What, "fix", f.Fix)
	}
}

// computer returns what is known of the computer of a worker. That the manager cannot be
// asked what tasks need is found by the look itself.
func (w *Worker) computer(ctx context.Context, manager *api.Client, id farm.WorkerID, known []farm.WorkerBlender) *doctor.Computer {
	o := &w.options
	c := &doctor.Computer{Home: o.Home, Temp: os.TempDir(), Manager: manager, WorkerID: id, WorkerName: o.Name, Version: o.Version,
		Blenders: known, Getenv: os.Getenv, Run: RunSystem}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	for _, card := range ListGPUs(ctx) {
		c.Cards = append(c.Cards, card.Name)
	}
	if o.GPURule == gpuNever { // its cards are not for tasks
		c.Cards = nil
	}
	needs := api.WorkerNeeds{Blender: "blender", FFmpeg: "ffmpeg"}
	if manager != nil {
		short, cancel := context.WithTimeout(ctx, needsLimit)
		defer cancel()
		if told, err := manager.WorkerNeeds(short, platform); err == nil {
			needs = told
		}
	}
	// One that has a mirror of the storage works without it.
	if p := w.findStorage(ctx, needs); !p.mirror {
		c.Storage, c.StorageID = cmp.Or(p.here, needs.Storage), needs.StorageID
	}
	if slices.Contains(o.TaskTypes, typeBlender) {
		c.Blender = needs.Blender
	} else {
		c.Blenders = nil
	}
	if slices.Contains(o.TaskTypes, typeFFmpeg) {
		c.FFmpeg = needs.FFmpeg
	}
	return c
}

// Examine looks at the computer of a worker that need not run, with what it found out
// when it ran last. network is false if it is not known where the manager is.
func Examine(ctx context.Context, o Options, network bool) ([]farm.Finding, error) {
	w, err := New(o)
	if err != nil {
		return nil, err
	}
	id, err := loadIdentity(w.options.Dir, w.log)
	if err != nil {
		return nil, err
	}
	var kept []installed
	if raw, err := os.ReadFile(filepath.Join(w.options.Dir, blendersFile)); err == nil {
		_ = json.Unmarshal(raw, &kept) // what cannot be read is not known
	}
	var known []farm.WorkerBlender
	for _, b := range kept {
		if now := stateOf(b.Path); b.Modified.Equal(now.modified) && b.Size == now.size {
			known = append(known, b.WorkerBlender)
		}
	}
	var manager *api.Client
	if network {
		manager = w.client
		manager.Session = "" // it is not the worker, which may run meanwhile, but asks for it
		if id.ID != "" {
			manager = w.client.WithCredentials(id.ID, id.Secret)
		}
		if o.Key != nil {
			if manager.Key, err = o.Key(); err != nil {
				return nil, err
			}
		}
	}
	return w.computer(ctx, manager, id.ID, known).Examine(ctx), nil
}

// RunSystem runs a program of the system, and returns the beginning of what it printed.
func RunSystem(ctx context.Context, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.WaitDelay = time.Second
	out, err := c.Output()
	return string(bytes.ToValidUTF8(out[:min(len(out), maxListing)], nil)), err
}
