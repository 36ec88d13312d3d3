package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/outbox"
)

const (
	// logChunk is how much of a task's log waits, in bytes, before it is sent even
	// within reportPause: a program that prints a lot must not fill the memory.
	logChunk = 10 << 10
	// reportPause is the longest that output and steps wait to be reported.
	// What comes meanwhile goes along, so a run that prints a lot or renders
	// many quick frames makes one report per pause, not one per line.
	reportPause = time.Second
	// maxHeld is how much log of a second run is kept, in bytes: far more than a frame's.
	maxHeld = 128 << 10
	// putAgain is the pause before a report is offered again to a full outbox.
	putAgain = time.Second
)

// reporter turns what happens in one run of a task into reports, and puts them
// into the outbox in order.
type reporter struct {
	task   farm.TaskID
	run    string
	outbox *outbox.Outbox
	log    *slog.Logger

	// mu guards what follows, and keeps the order of reports: it is held while
	// one is put. It is taken before the outbox's own lock.
	mu     sync.Mutex
	text   strings.Builder    // of the log, not reported yet
	limit  logLimit           // what of the log is reported
	lost   int                // bytes of log that found no room in the outbox
	steps  int                // so far
	told   int                // steps reported
	frames []farm.FrameResult // not reported yet
	timer  *time.Timer        // flushes; nil when nothing waits
	begins bool               // that it runs was not reported yet
	closed bool               // the last report was put
	wrong  bool               // the task failed as it is for another worker
	held   bool               // it is a second run, of which nothing is reported before release

	leftOut string // frames that the task was completed without, as a range; set before completed is called
}

// started reports that the task runs, together with what comes within reportPause: the
// task is active already, and quick frames need not wait for one more sync.
func (r *reporter) started() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begins = true
	r.flushSoon()
}

// Log adds text to the task's log. A line end is added if it has none.
func (r *reporter) Log(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if text = r.limit.take(text); text != "" {
		r.write(text)
	}
}

// write adds text to what will be reported.
func (r *reporter) write(text string) {
	if r.held && r.text.Len()+len(text) > maxHeld {
		r.lost += len(text)
		return
	}
	r.text.WriteString(text)
	if r.text.Len() > logChunk {
		r.flush()
		return
	}
	r.flushSoon()
}

// writeRest adds what was kept of a log that is too long.
func (r *reporter) writeRest() {
	for _, text := range r.limit.rest() {
		r.write(text)
	}
}

// Step counts one step of the task as done.
func (r *reporter) Step() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.steps++
		r.flushSoon()
	}
}

// Frame adds the result of a frame.
func (r *reporter) Frame(f farm.FrameResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.held {
		f.Flags |= farm.FrameRenderedTwice
	}
	if r.frames = append(r.frames, f); len(r.frames) >= farm.MaxFrameResults {
		r.flush()
	}
	r.flushSoon()
}

// flushSoon sees to it that what waits is reported within reportPause.
func (r *reporter) flushSoon() {
	if r.timer == nil && !r.held {
		r.timer = time.AfterFunc(reportPause, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !r.closed {
				r.flush()
			}
		})
	}
}

// flush reports what waits. If the outbox has no room, the log is given up, and
// the results of very many frames: they must not hold up the run, nor fill the memory.
func (r *reporter) flush() {
	if r.held {
		return
	}
	update := r.pending()
	if update.Empty() {
		return
	}
	if err := r.put(update); err != nil {
		r.log.Warn("part of a task's log is lost", "task", r.task, "bytes", len(update.Log), "error", err)
		r.lost += len(update.Log)
		if frames := append(update.Frames, r.frames...); len(frames) < farm.MaxFrameResults {
			r.frames = frames
		}
		return
	}
	r.lost = 0
	r.told = r.steps
}

// release reports what was held back of a second run, whose task is this worker's now.
func (r *reporter) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.begins = false, true
	r.flush()
}

// discard forgets what was held back.
func (r *reporter) discard() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// pending takes what waits to be reported.
func (r *reporter) pending() (update api.TaskUpdate) {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	update.Log = r.text.String()
	r.text.Reset()
	if r.lost > 0 && update.Log != "" {
		update.Log = fmt.Sprintf("(%d bytes of output were lost here, because the worker could not store them)\n", r.lost) + update.Log
	}
	if r.begins {
		r.begins, update.TaskStatus, update.Activity = false, farm.TaskActive.String(), "Started"
	}
	if r.steps > r.told {
		steps := r.steps
		update.StepsCompleted, update.Activity = &steps, "Progress"
	}
	update.Frames, r.frames = r.frames, nil
	return update
}

// completed reports that the task succeeded. It is the last report.
func (r *reporter) completed(ctx context.Context) {
	r.finish(ctx, farm.TaskCompleted, "Completed", "")
}

// returned reports that the task was not begun. It is the last report.
func (r *reporter) returned(ctx context.Context) {
	r.finish(ctx, farm.TaskQueued, "Given back before it was begun", "")
}

// failed reports that the task failed, and why. It is the last report.
func (r *reporter) failed(ctx context.Context, err error) {
	text := "Failed: " + err.Error()
	r.mu.Lock()
	r.wrong = errors.Is(err, errWrongWorker) // which the timer's reports read
	r.mu.Unlock()
	r.finish(ctx, farm.TaskFailed, text, text+"\n")
}

func (r *reporter) finish(ctx context.Context, status farm.TaskStatus, activity, log string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeRest()
	update := r.pending()
	update.TaskStatus, update.Activity = status.String(), activity
	if status == farm.TaskCompleted {
		update.LeftOut = r.leftOut
	}
	update.Log += log
	r.closed = true
	r.mustPut(ctx, update)
}

// abandoned ends the reports of a run that was stopped: nobody waits for its
// result. What is left of its log may still tell why.
func (r *reporter) abandoned() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.writeRest()
	}
	if update := r.pending(); update.Log != "" {
		if err := r.put(api.TaskUpdate{Log: update.Log}); err != nil {
			r.log.Warn("part of a task's log is lost", "task", r.task, "error", err)
		}
	}
	r.closed = true
}

// mustPut puts a report without which the manager would never know how the
// task stands. It waits for room in the outbox until ctx is canceled.
func (r *reporter) mustPut(ctx context.Context, update api.TaskUpdate) {
	trouble := complaints{log: r.log, what: "a report cannot be stored"}
	for {
		err := r.put(update)
		if err == nil {
			return
		}
		trouble.about(err)
		switch farm.KindOf(err) {
		case farm.TooLarge:
			update.Log = "" // the only part that can be so large
			continue
		case farm.Unavailable: // the manager is away, for days
		default:
			// This computer's disk is full. What the manager must know goes without the
			// log, and without being stored.
			bare := update
			bare.Log, bare.Frames = "", nil
			if r.hold(bare) == nil {
				return
			}
		}
		if api.Sleep(ctx, putAgain) != nil {
			return
		}
	}
}

func (r *reporter) put(update api.TaskUpdate) error {
	text, err := r.encode(update)
	if err != nil {
		return err
	}
	return r.outbox.Put(text)
}

// hold is put without a disk.
func (r *reporter) hold(update api.TaskUpdate) error {
	text, err := r.encode(update)
	if err != nil {
		return err
	}
	return r.outbox.Hold(text)
}

func (r *reporter) encode(update api.TaskUpdate) ([]byte, error) {
	update.Activity = clip(update.Activity, farm.MaxActivity)
	return json.Marshal(report{Task: r.task, Run: r.run, Update: update, Wrong: r.wrong})
}

// clip returns the first line of text, at most most bytes of it, cut between
// characters.
func clip(text string, most int) string {
	text, _, more := strings.Cut(text, "\n")
	if len(text) <= most && !more {
		return text
	}
	const sign = "…"
	return farm.CutText(text, most-len(sign)) + sign
}
