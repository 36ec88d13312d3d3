package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"renderfarm/farm/worker"
)

// gpuSlots returns the workers that one program is: one, or one for each graphics
// card that is named. Each of these has an identity of its own, and so a task of its
// own; its Blender sees its card only. Their names and folders follow from the cards'
// numbers, so they are the same workers the next time.
func gpuSlots(ctx context.Context, o worker.Options, wanted []string) (slots []*worker.Worker, err error) {
	options := []worker.Options{o}
	if len(wanted) > 0 {
		gpus, err := worker.ChooseGPUs(worker.ListGPUs(ctx), wanted)
		if err != nil {
			return nil, err
		}
		options = nil
		host, _ := os.Hostname()
		for i := range gpus {
			slot, place := o, fmt.Sprintf("gpu%d", gpus[i].Index)
			if gpus[i].Kind != "CUDA" { // each kind counts from 0
				place = fmt.Sprintf("%s-%s", strings.ToLower(gpus[i].Kind), place)
			}
			slot.GPU = &gpus[i]
			slot.Name = cmp.Or(o.Name, host) + "-" + place
			slot.Dir = filepath.Join(o.Dir, place)
			slot.MirrorFiles = filepath.Join(o.Dir, "mirror") // each file once for all of them
			slot.Log = o.Log.With("card", gpus[i].Name, "slot", place)
			options = append(options, slot)
		}
	}
	for _, o := range options {
		if len(options) > 1 && o.Program != nil {
			o.Program, o.UpdateTrouble = nil, "several workers share its program: replace that on its computer"
		}
		w, err := worker.New(o)
		if err != nil {
			return nil, err
		}
		slots = append(slots, w)
	}
	return slots, nil
}

// runSlots runs the workers, and the page of this computer's owner, until all have
// ended; the page only if it is wanted. One that a user shuts down leaves the others at work; a restart, or an error, is that of the program, and ends all.
func (s *session) runSlots(ctx context.Context, slots []*worker.Worker, pages bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	page := &ownersPage{s: s, hidden: !pages}
	errs := make([]error, len(slots))
	var running sync.WaitGroup
	for i, w := range slots {
		running.Go(func() {
			if errs[i] = page.run(ctx, w); errs[i] != nil && !errors.Is(errs[i], worker.ErrShutdown) {
				stop()
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, worker.ErrShutdown) {
			return err
		}
	}
	return nil
}
