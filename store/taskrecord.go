package store

import (
	"encoding/binary"
	"fmt"
	"slices"

	"renderfarm/farm"
)

// A taskRecord is a task's state as it is on disk: workers are numbers, times
// are milliseconds since the job was made. A task without a record is queued
// and was never touched.
type taskRecord struct {
	status   farm.TaskStatus
	worker   uint32 // 0: none
	attempt  int
	done     int // steps
	updated  int64
	touched  int64 // noTime: never
	failedBy []uint32
	failures int
	excused  int
	cause    *farm.Cause // nil: nothing is known
	redo     farm.Redo
	activity string
}

const (
	taskTouched  = 1 << iota // flag: touched follows
	taskFailedBy             // flag: failedBy follows
	taskFailures             // flag: failures follows; else there is one by each of failedBy
	taskExcused              // flag: excused follows; else there are none
	taskCause                // flag: cause follows
	taskRedo                 // flag: redo follows
)

const maxAttempts = 1 << 30

// appendTo appends the record, without checksum.
//
//	ver | status u8 | flags u8 | worker | attempt | done | updated | [touched] | [n, failedBy…] | [failures] | [excused] |
//	[class | means | next | line] | [frames | kept] | activity
func (t *taskRecord) appendTo(b []byte, created int64) []byte {
	flags := byte(0)
	if t.touched != noTime {
		flags |= taskTouched
	}
	if len(t.failedBy) > 0 {
		flags |= taskFailedBy
	}
	if t.failures != len(t.failedBy) {
		flags |= taskFailures
	}
	if t.excused > 0 {
		flags |= taskExcused
	}
	if t.cause != nil {
		flags |= taskCause
	}
	if t.redo != (farm.Redo{}) {
		flags |= taskRedo
	}
	b = append(b, recordVersion, byte(t.status), flags)
	b = binary.AppendUvarint(b, uint64(t.worker))
	b = binary.AppendUvarint(b, uint64(t.attempt))
	b = binary.AppendUvarint(b, uint64(t.done))
	b = binary.AppendVarint(b, t.updated-created)
	if flags&taskTouched != 0 {
		b = binary.AppendVarint(b, t.touched-created)
	}
	if flags&taskFailedBy != 0 {
		b = binary.AppendUvarint(b, uint64(len(t.failedBy)))
		for _, w := range t.failedBy {
			b = binary.AppendUvarint(b, uint64(w))
		}
	}
	if flags&taskFailures != 0 {
		b = binary.AppendUvarint(b, uint64(t.failures))
	}
	if flags&taskExcused != 0 {
		b = binary.AppendUvarint(b, uint64(t.excused))
	}
	if c := t.cause; c != nil {
		for _, text := range []string{c.Class, c.Means, c.Next, c.Line} {
			b = appendString(b, text)
		}
	}
	if flags&taskRedo != 0 {
		b = appendString(appendString(b, t.redo.Frames), t.redo.Kept)
	}
	return append(b, t.activity...)
}

// decodeTask reads a payload. The result does not refer to it.
func decodeTask(payload []byte, created int64) (taskRecord, error) {
	r := &reader{rest: payload}
	t := taskRecord{status: farm.TaskStatus(r.byte()), touched: noTime}
	flags := r.byte()
	t.worker = uint32(r.count(maxWorkers))
	t.attempt = r.count(maxAttempts)
	t.done = r.count(maxSteps)
	t.updated = created + r.int()
	if flags&taskTouched != 0 {
		t.touched = created + r.int()
	}
	if flags&taskFailedBy != 0 {
		t.failedBy = make([]uint32, r.count(len(r.rest)))
		for i := range t.failedBy {
			t.failedBy[i] = uint32(r.count(maxWorkers))
		}
	}
	t.failures = len(t.failedBy)
	if flags&taskFailures != 0 {
		t.failures = r.count(maxAttempts)
	}
	if flags&taskExcused != 0 {
		t.excused = r.count(maxAttempts)
	}
	if flags&taskCause != 0 {
		t.cause = &farm.Cause{Class: r.string(), Means: r.string(), Next: r.string(), Line: r.string()}
	}
	if flags&taskRedo != 0 {
		t.redo = farm.Redo{Frames: r.string(), Kept: r.string()}
	}
	t.activity = string(r.rest)
	if int(t.status) >= farm.TaskStatuses {
		r.fail(fmt.Errorf("%d is not a valid status of a task", t.status))
	}
	return t, r.err
}

// pristine reports whether the record says no more than no record would, its
// time of change apart.
func (t *taskRecord) pristine() bool {
	return t.status == farm.TaskQueued && t.worker == 0 && t.attempt == 0 && t.done == 0 &&
		t.touched == noTime && len(t.failedBy) == 0 && t.failures == 0 && t.excused == 0 && t.cause == nil && t.redo == (farm.Redo{}) && t.activity == ""
}

// state returns the record in farm's words; names are the workers by number.
func (t *taskRecord) state(names []farm.WorkerID) farm.TaskState {
	s := farm.TaskState{Status: t.status, Worker: nameOf(names, t.worker), Attempt: t.attempt, StepsDone: t.done,
		Updated: timeOf(t.updated), Touched: timeOf(t.touched), Activity: t.activity, Failures: t.failures, Excused: t.excused, Cause: t.cause, Redo: t.redo}
	for _, w := range t.failedBy {
		s.FailedBy = append(s.FailedBy, nameOf(names, w))
	}
	return s
}

// nameOf returns the id of a worker by its number. Worker records are never
// removed, so a number without one is damage that Check reports.
func nameOf(names []farm.WorkerID, worker uint32) farm.WorkerID {
	if int(worker) < len(names) {
		return names[worker]
	}
	return ""
}

// record returns the state as it is kept: steps within the task's, activity
// and times cut to what is kept of them.
func (x *index) record(s *farm.TaskState, steps int) taskRecord {
	t := taskRecord{status: s.Status, worker: x.number(s.Worker), attempt: max(s.Attempt, 0), done: min(max(s.StepsDone, 0), steps),
		updated: millis(s.Updated), touched: millis(s.Touched), activity: clip(s.Activity), failures: max(s.Failures, 0),
		excused: max(s.Excused, 0), cause: clipCause(s.Cause), redo: s.Redo}
	for _, w := range s.FailedBy {
		if n := x.number(w); !slices.Contains(t.failedBy, n) {
			t.failedBy = append(t.failedBy, n)
		}
	}
	return t
}

// clip cuts a line to farm.MaxActivity bytes, between characters.
func clip(s string) string { return farm.CutText(s, farm.MaxActivity) }

// clipCause cuts the texts of a cause to what is kept of them.
func clipCause(c *farm.Cause) *farm.Cause {
	if c == nil {
		return nil
	}
	n := farm.MaxCauseText
	return &farm.Cause{Class: farm.CutText(c.Class, n), Means: farm.CutText(c.Means, n), Next: farm.CutText(c.Next, n), Line: farm.CutText(c.Line, n)}
}
