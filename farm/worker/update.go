package worker

import (
	"context"
	"io"
	"runtime"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/selfupdate"
)

// updateFetchLimit bounds how long the program may take to come.
const updateFetchLimit = time.Hour

// restart is the state of a worker that is asked to restart. If it is its turn to be updated, it fetches the new
// program first; if that fails, it goes on as it is, and tells why.
// One that nothing would start again goes on as well.
func (w *Worker) restart(ctx context.Context) state {
	if w.options.Program == nil {
		return w.leave(ErrRestart)
	}
	offer, err := w.manager().FetchUpdate(ctx, runtime.GOARCH)
	switch {
	case err == nil:
	case w.disowned(err) != nil:
		return w.disowned(err)
	case w.options.RestartExitCode != 0:
		return w.leave(ErrRestart)
	}
	if err == nil {
		w.say("fetching version " + offer.Version + " of its program")
		w.log.Info("fetching another version of this program", "version", offer.Version, "bytes", offer.Size)
		err = w.fetchUpdate(ctx, offer)
	}
	if err == nil {
		return w.leave(ErrUpdate)
	}
	if ctx.Err() == nil && !api.IsNotFound(err) {
		w.log.Error("the program is not updated", "error", err)
		w.mu.Lock()
		w.options.UpdateTrouble = "the last update failed: " + err.Error()
		w.mu.Unlock()
	}
	w.signOff(ctx) // which ends the request
	if ctx.Err() != nil {
		return nil
	}
	return w.signOn
}

func (w *Worker) fetchUpdate(ctx context.Context, offer api.WorkerUpdate) error {
	ctx, cancel := context.WithTimeout(ctx, updateFetchLimit)
	defer cancel()
	v := selfupdate.Version{Name: offer.Version, SHA256: offer.SHA256, Size: offer.Size}
	return w.options.Program.Fetch(ctx, v, func(into io.Writer) error {
		return w.manager().FetchUpdateProgram(ctx, offer.SHA256, offer.Size, into)
	})
}

// tellUpdates adds to the facts whether the worker can update its program.
func (w *Worker) tellUpdates(facts *farm.WorkerFacts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	facts.Updates, facts.UpdateTrouble = w.options.Program != nil, w.options.UpdateTrouble
}
