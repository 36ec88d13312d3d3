package crash

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"renderfarm/farm"
)

// A model says how a kind of things may change.
type model int

const (
	register model = iota // a value that clients write and read
	task                  // a task that workers take and report on
)

var models = map[model]porcupine.Model{
	register: {Init: func() any { return "" }, Step: stepRegister, DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) }},
	task:     {Init: func() any { return taskState{status: "queued"} }, Step: stepTask, DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) }},
}

// A write gives a register a value, and a read returns it. The first value is "".
type (
	write string
	read  struct{}
	value string // answer of a read
	done  struct{}
)

// stepRegister is the model of a register. A write that nobody answered (out is nil) is
// ordered by the checker like any other, at the very end if it never happened.
func stepRegister(state, in, out any) (bool, any) {
	if w, ok := in.(write); ok {
		return true, string(w)
	}
	return out == nil || string(out.(value)) == state.(string), state
}

// What clients do to a task.
type (
	take    struct{ worker string } // the task was what a worker got when it asked for one
	report  struct{ worker, status, activity string }
	requeue struct{ reason string } // by a user, when the task is over
)

// refused answers a report on a task that is not the worker's.
type refused struct{}

// A taskState is all that is kept about a task, and the answer to reading it.
type taskState struct{ status, worker, activity string }

var (
	active    = farm.TaskActive.String()
	completed = farm.TaskCompleted.String()
	queued    = farm.TaskQueued.String()
)

// stepTask is the model of a task: one worker at a time has it, and only that one
// completes it. A worker that lost an answer asks or reports again.
func stepTask(state, in, out any) (bool, any) {
	s := state.(taskState)
	switch in := in.(type) {
	case take:
		if s.status == queued {
			return true, taskState{active, in.worker, ""}
		}
		return s.status == active && s.worker == in.worker, s // the same once more
	case report:
		// Repeating the report that ended a task is fine, and changes nothing.
		fits := s.worker == in.worker && (s.status == active || s.status == in.status)
		if _, no := out.(refused); no {
			return !fits, s
		}
		if !fits || s.status != active {
			return fits || out == nil, s
		}
		return true, taskState{in.status, in.worker, in.activity}
	case requeue:
		if s.status != completed {
			return out == nil, s
		}
		return true, taskState{queued, s.worker, "Requeued: " + in.reason}
	default: // a read
		return out == nil || out.(taskState) == s, s
	}
}
