package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"

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
	activity string
}

const (
	taskTouched  = 1 << iota // flag: touched follows
	taskFailedBy             // flag: failedBy follows
	taskFailures             // flag: failures follows; else there is one by each of failedBy
)

const maxAttempts = 1 << 30

// appendTo appends the record, without checksum.
//
//	ver | status u8 | flags u8 | worker | attempt | done | updated | [touched] | [n, failedBy…] | [failures] | activity
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
		t.touched == noTime && len(t.failedBy) == 0 && t.failures == 0 && t.activity == ""
}

// state returns the record in farm's words; names are the workers by number.
func (t *taskRecord) state(names []farm.WorkerID) farm.TaskState {
	s := farm.TaskState{Status: t.status, Worker: nameOf(names, t.worker), Attempt: t.attempt, StepsDone: t.done,
		Updated: timeOf(t.updated), Touched: timeOf(t.touched), Activity: t.activity, Failures: t.failures}
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
		updated: millis(s.Updated), touched: millis(s.Touched), activity: clip(s.Activity), failures: max(s.Failures, 0)}
	for _, w := range s.FailedBy {
		if n := x.number(w); !slices.Contains(t.failedBy, n) {
			t.failedBy = append(t.failedBy, n)
		}
	}
	return t
}

// clip cuts a line to farm.MaxActivity bytes, between characters.
func clip(s string) string {
	if len(s) <= farm.MaxActivity {
		return s
	}
	n := farm.MaxActivity
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
