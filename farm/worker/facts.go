package worker

import (
	"context"
	"runtime"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// facts returns what the worker tells of its computer.
func (w *Worker) facts(ctx context.Context) *api.WorkerFacts {
	facts := &api.WorkerFacts{
		Arch:   runtime.GOARCH,
		CPUs:   min(runtime.NumCPU(), runtime.GOMAXPROCS(0)), // the latter heeds the limit of a cgroup, and may be set higher
		Memory: usableMemory(),
		Wake:   w.options.Wake,
	}
	if len(w.options.Variables) > 0 {
		facts.Variables = w.options.Variables
	}
	if w.place().mirror {
		facts.Storage = farm.StorageMirrored
	}
	if w.inventory != nil {
		for _, b := range w.inventory.list(ctx) {
			if !b.Spare {
				if w.options.GPURule == gpuNever { // its cards are not for tasks
					b.Devices = slices.DeleteFunc(slices.Clone(b.Devices), farm.RenderDevice.GPU)
				}
				facts.Blenders = append(facts.Blenders, b.WorkerBlender)
			}
		}
	}
	if w.inventory != nil {
		for _, o := range w.inventory.offered() {
			facts.Fetchable = append(facts.Fetchable, o.Version)
		}
	}
	facts.Findings = w.examiner.last()
	w.tellUpdates(facts)
	return facts
}

// tellFacts tells the manager what has changed since the worker told it last. A manager
// that does not answer is told the next time; one that is another program hears nothing.
func (w *Worker) tellFacts(ctx context.Context) {
	facts := w.facts(ctx)
	w.mu.Lock()
	told, manager := w.session.facts, w.session.manager
	w.mu.Unlock()
	if told == nil || told.Equal(facts) {
		return
	}
	err := manager.SetWorkerFacts(ctx, *facts)
	if err != nil && !api.IsNotFound(err) {
		w.log.Debug("the manager could not be told about this computer", "error", err)
		return
	}
	w.told(facts)
}

// told notes what the manager knows of the computer.
func (w *Worker) told(facts *api.WorkerFacts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session.facts = facts
}
