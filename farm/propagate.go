package farm

import "slices"

// takesBack are the statuses of a job that make its workers lose the tasks they hold.
var takesBack = []JobStatus{JobFailed, JobCanceled, JobCancelRequested}

// TakesBack reports whether workers lose the tasks they hold when the job gets
// this status.
func (s JobStatus) TakesBack() bool { return slices.Contains(takesBack, s) }

// An effect is what becomes of a task when one that it needs gets a new status.
type effect struct {
	needed, task []TaskStatus
	unspoiled    bool // only if nothing else that it needs failed or was canceled
	on           TaskEvent
	why          string // for people, before the number of the needed task
}

var effects = []effect{
	{[]TaskStatus{TaskFailed, TaskCanceled}, waiting, false, // it can never run
		TaskDropped, "Canceled because a task it needs was not completed"},
	{[]TaskStatus{TaskQueued}, anyButQueued, true, // what it was made of changes
		TaskRequeued, "Queued again because a task it needs is done again"},
}

// Propagate says what happens to a task when one that it needs gets a new status:
// the event it receives and why, or false if it is left alone. spoiled says
// whether, after that change, any task that it needs failed or was canceled.
func Propagate(needed, task TaskStatus, spoiled bool) (e TaskEvent, why string, ok bool) {
	for i := range effects {
		f := &effects[i]
		if slices.Contains(f.needed, needed) && slices.Contains(f.task, task) && !(f.unspoiled && spoiled) {
			return f.on, f.why, true
		}
	}
	return 0, "", false
}
