package worker

import (
	"context"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A worker that renders many frames may be asked to leave the last of them to one that has
// nothing to do (the manager's side is in its share.go). It leaves out those that it has not
// begun, and tells that when it completes the task.

// leftOut is which frames of a run are left to others.
type leftOut struct {
	mu   sync.Mutex // guards what follows
	open []int      // can be left out: they are asked for, and not begun
	on   bool       // a frame was begun
	left []int
}

// from says that these frames are rendered one after the other, each after takes.
func (l *leftOut) from(frames []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.Clone(frames)
}

// takes reports whether a frame is to be rendered, which begins now.
func (l *leftOut) takes(frame int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.left, frame) {
		return false
	}
	l.open, l.on = slices.DeleteFunc(l.open, func(f int) bool { return f == frame }), true
	return true
}

// close says that no frame can be left out any more, and returns those that were.
func (l *leftOut) close() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = nil
	return slices.Clone(l.left)
}

// leave leaves frames out as far as possible, and returns all that are left out.
func (l *leftOut) leave(wanted []int) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range wanted {
		if i := slices.Index(l.open, f); i >= 0 && (l.on || len(l.open) > 1) {
			l.open = slices.Delete(l.open, i, i+1)
			l.left = append(l.left, f)
		}
	}
	slices.Sort(l.left)
	return slices.Clone(l.left)
}

// mayRun asks whether the run may go on, and leaves out the frames that the manager wants
// for others.
func (r *run) mayRun(m Manager, ctx context.Context, id farm.TaskID, wait time.Duration) (api.MayRunAnswer, error) {
	answer, err := m.MayWorkerRun(ctx, id, wait)
	for err == nil && len(answer.LeaveOut) > 0 {
		left := r.left.leave(answer.LeaveOut)
		r.worker.log.Debug("frames are left to another worker", "task", id, "asked", farm.FormatFrames(answer.LeaveOut), "left", farm.FormatFrames(left))
		answer, err = m.LeaveOut(ctx, id, left, wait)
	}
	return answer, err
}

// withoutLeftOut returns the command line without frames that are for others, nil if it
// cannot be without them.
func withoutLeftOut(line *blenderLine, left []int) *blenderLine {
	if len(left) == 0 || len(line.requests) != 1 {
		return line
	}
	return line.only(slices.DeleteFunc(slices.Clone(line.requests[0].frames), func(f int) bool { return slices.Contains(left, f) }))
}

// allLeftOut returns the frames of the run's task that are not for this run, as a range.
func (r *run) allLeftOut() string {
	frames, _ := farm.ParseFrames(r.task.LeaveOut) // none if it is not a share
	return farm.FormatFrames(append(frames, r.left.close()...))
}
