package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"renderfarm/farm"
)

// renderWarm renders in the Blender that is open, or in a new one that stays so.
// tried is false if the command line or the file is not for that: nothing was
// rendered then, and no error is returned. The frames are checked as those of any Blender.
func (b blenderRender) renderWarm(ctx context.Context, r *run, exe string, line *blenderLine, step func()) (tried bool, err error) {
	keeper := &r.worker.warm
	warm, ok := line.warm(b.blendfile)
	if !ok || b.cold || r.worker.options.NoWarm {
		return false, nil
	}
	key := newWarmKey(r.task.Job, b.exe, exe, warm, b.blendfile, b.gpu)
	if keeper.refuses(key) {
		return false, nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	open := keeper.take(key)
	began := open == nil
	var look *preflight
	var looked preflightKey
	if began {
		var python string
		look, looked, python = b.prepare(r, exe, line)
		if open, err = startWarm(r.worker, key, r.worker.warmArgs(ctx, exe, behindFile(warm.start, b.blendfile, python))); err != nil {
			return false, nil
		}
	}
	w := b.watch(ctx, stop, r, line, farm.FrameAlone, step) // or the file would be refused
	w.pid, w.preflight, w.meter.device = open.process(), look, open.device
	w.meter.begin()
	open.listen(w.listener(ctx, r))
	logRun(r, "in a Blender that "+openWords(began), exe, line.args)
	if b.keep == "" && r.mirrored == nil && !r.aside && len(r.task.Commands) == 1 {
		r.left.from(warm.frames)
	}
	err = open.frames(ctx, warm, began, r.fetchNext, r.left.takes)
	open.listen(nil)
	w.asked.leaveOut(r.left.close())
	open.device = w.meter.device
	if limits := open.limited(); began && limits != "" {
		r.Log("limits: %s", limits)
	}
	r.worker.preflights.note(look, looked)
	if errors.Is(err, errWarmRefused) && ctx.Err() == nil {
		r.Log("%v. It gets one of its own", err)
		keeper.refuse(key)
		keeper.retire(open)
		w.end(ctx, nil)
		return false, nil
	}
	return true, b.endWarm(ctx, r, w, open, key, began, err)
}

// endWarm keeps the open Blender for the next task, or closes it when this one went
// wrong: err is what it said of its frames, w what was seen of them.
func (b blenderRender) endWarm(ctx context.Context, r *run, w *blenderWatch, open *warmBlender, key warmKey, began bool, err error) error {
	keeper := &r.worker.warm
	free := err == nil && r.last && ctx.Err() == nil
	if free {
		keeper.keep(open)
		r.fetchNext() // if the frame was not likely to be quick
		r.isRendered()
	}
	if err = w.end(ctx, err); err != nil {
		// Whatever is wrong may be wrong with it. The task that it may be rendering by
		// now is told in words only: the bad frames are not its own.
		open.kill(farm.Errorf(farm.Invalid, "%v", err))
		keeper.drop(open)
		if began && w.wrong != nil {
			return w.wrong // a new one would say the same
		}
		return &warmError{err, key, began}
	}
	if !free {
		keeper.keep(open)
	}
	return nil
}

// listener takes what an open Blender says while it works on the task of the run.
func (w *blenderWatch) listener(ctx context.Context, r *run) *warmListener {
	return &warmListener{
		line: func(pid int, text string) {
			r.Log("pid=%d > %s", pid, text)
			w.see(ctx, pid, text)
		},
		event: func(e blenderEvent) { w.hear(ctx, e) },
		crash: r.logReport,
	}
}

// openWords say which Blender a task got.
func openWords(began bool) string {
	if began {
		return "stays open for more frames"
	}
	return "has the file open"
}

// A warmError is one after which a Blender of its own may do better.
type warmError struct {
	error
	key   warmKey
	began bool // nothing was rendered in the Blender before
}

// Unwrap returns what happened.
func (e *warmError) Unwrap() error { return e.error }

// nextWithin is how long the frame before may have taken for the next task to be got
// ahead: it would be held for as long, and save a fraction of a second.
const nextWithin = 30 * time.Second

// frames renders what the command line asks for, but for frames that takes reports not to
// be rendered. last is called before the last frame, if it is likely to be quick.
func (b *warmBlender) frames(ctx context.Context, line warmLine, began bool, last func(), takes func(frame int) bool) error {
	if began {
		if err := b.begin(ctx); err != nil {
			return err
		}
	}
	if line.span != "" {
		b.span(line.span)
	}
	for i, frame := range line.frames {
		if !takes(frame) {
			continue
		}
		if i == len(line.frames)-1 && b.served > 0 && b.took < nextWithin {
			last()
		}
		if err := b.render(ctx, frame); err != nil {
			return err
		}
	}
	return nil
}

// warmArgs returns the arguments of a Blender that stays open. From 5.0 on it
// tells of its progress only when it is asked to if Python renders. (blender 2)
func (w *Worker) warmArgs(ctx context.Context, exe string, start []string) (args []string) {
	text, _ := w.versions.of(ctx, exe)
	major := 0
	if fmt.Sscanf(strings.TrimSpace(text), "%d.", &major); major >= 5 {
		args = append(args, "--log", "render")
	}
	return append(append(args, start...), "--python-expr", warmScript)
}
