package farm

import (
	"encoding/json"
	"slices"
	"time"
)

// TaskStatus is where a task stands. It changes only by the table moves.
type TaskStatus uint8

const (
	// TaskQueued waits for a worker. The scheduler moves it on as soon as the
	// tasks it depends on are completed, its job may run, and a worker asks.
	// It is the zero value: a task without a record in the store is queued.
	TaskQueued TaskStatus = iota
	// TaskActive is assigned to a worker, which works on it or has it as its next
	// task (package manager, next.go). The worker's reports move it on, or
	// the manager when it loses the worker. After a crash of the manager it is
	// still active and the worker goes on; after a crash of the worker the
	// same task is handed to it again.
	TaskActive
	// TaskCompleted succeeded. Only a user who requeues it moves it on.
	TaskCompleted
	// TaskSoftFailed failed on a worker and waits for another try. It is
	// scheduled like TaskQueued, but not to the workers that failed it.
	TaskSoftFailed
	// TaskFailed failed for good. Only a user who requeues it moves it on.
	TaskFailed
	// TaskCanceled will not run: a user canceled it, or it needs a task that
	// failed or was canceled. Only a user who requeues moves it on.
	TaskCanceled
	// TaskPaused is a label, never stored: what a waiting task of a held job
	// is called on the wire. See ShownStatus.
	TaskPaused

	// TaskStatuses is the number of statuses that are stored.
	TaskStatuses = int(TaskPaused)
)

var taskStatusNames = [...]string{"queued", "active", "completed", "soft-failed", "failed", "canceled", "paused"}

// String returns the status's v3 name.
func (s TaskStatus) String() string { return nameOf(taskStatusNames[:], s) }

// ParseTaskStatus reads a v3 name.
func ParseTaskStatus(name string) (TaskStatus, bool) {
	return parseName[TaskStatus](taskStatusNames[:], name)
}

// Open reports whether the task can still be worked on: queued, soft-failed or active.
func (s TaskStatus) Open() bool { return s == TaskActive || s.Waiting() }

// Waiting reports whether the scheduler may hand the task out.
func (s TaskStatus) Waiting() bool { return s == TaskQueued || s == TaskSoftFailed }

// Spoiled reports whether a task that depends on this one can never run.
func (s TaskStatus) Spoiled() bool { return s == TaskFailed || s == TaskCanceled }

// TaskEvent is something that happened to a task.
type TaskEvent uint8

const (
	TaskAssigned      TaskEvent = iota // the scheduler handed it to a worker
	TaskSucceeded                      // its worker completed it
	TaskAttemptFailed                  // its worker failed it, and there will be another try
	TaskGivenUp                        // its worker failed it, for the last time
	TaskReturned                       // its worker left, slept, timed out or was removed
	TaskDropped                        // it was canceled, by a user or because what it needs was spoiled
	TaskRequeued                       // a user wants it done (again)
)

// A move is one row of the task's state machine: on this event, a task in one
// of these statuses gets that status. A pair without a row is refused.
type move struct {
	on   TaskEvent
	from []TaskStatus
	to   TaskStatus
}

var moves = []move{
	{TaskAssigned, []TaskStatus{TaskQueued, TaskSoftFailed}, TaskActive},
	{TaskSucceeded, []TaskStatus{TaskActive}, TaskCompleted},
	{TaskAttemptFailed, []TaskStatus{TaskActive}, TaskSoftFailed},
	{TaskGivenUp, []TaskStatus{TaskActive}, TaskFailed},
	{TaskReturned, []TaskStatus{TaskActive}, TaskQueued},
	{TaskDropped, []TaskStatus{TaskQueued, TaskActive, TaskSoftFailed}, TaskCanceled},
	{TaskRequeued, []TaskStatus{TaskActive, TaskCompleted, TaskSoftFailed, TaskFailed, TaskCanceled}, TaskQueued},
}

// After returns the status that a task has after the event, and whether the
// event may happen to a task in this status at all.
func (s TaskStatus) After(e TaskEvent) (TaskStatus, bool) {
	for _, m := range moves {
		if m.on != e {
			continue
		}
		for _, from := range m.from {
			if from == s {
				return m.to, true
			}
		}
	}
	return s, false
}

// TaskState is the part of a task that changes while it is worked on.
type TaskState struct {
	Status    TaskStatus
	Worker    WorkerID   // who holds it, or held it last; "" when never assigned
	Attempt   int        // how often it was assigned
	StepsDone int        // steps reported in this attempt, at most the task's steps
	Updated   time.Time  // last change, UTC, to the millisecond; zero means never since the job was made
	Touched   time.Time  // last sign of life from its worker; zero means never
	Activity  string     // one line for people, at most MaxActivity bytes
	FailedBy  []WorkerID // workers that failed it since it was last requeued
	Failures  int        // tries that failed since then; at least one by each of FailedBy that was not excused
	Excused   int        // failures since then that were no tries, see Judge
	Cause     *Cause     // why it failed last, as far as its log says; what it points to never changes
	Redo      Redo       // only some of its frames are wanted
}

// Apply gives the state the status that it has after the event, with the steps
// done that belong to it: all of so many when it is completed, none when it is
// queued. It reports whether the event may happen to a task in this status; if
// not, nothing changes.
func (s *TaskState) Apply(e TaskEvent, steps int) bool {
	next, ok := s.Status.After(e)
	if !ok {
		return false
	}
	s.Status = next
	if next == TaskCompleted || e == TaskRequeued || e == TaskDropped {
		s.Redo = Redo{}
	}
	switch next {
	case TaskCompleted:
		s.StepsDone, s.Excused, s.Cause = steps, 0, nil
	case TaskQueued:
		s.StepsDone = 0
	}
	return true
}

// Forgive forgets the failures: every worker may try the task again.
func (s *TaskState) Forgive() { s.FailedBy, s.Failures, s.Excused, s.Cause = nil, 0, 0, nil }

// Fail notes that the worker who holds the task failed it.
func (s *TaskState) Fail() {
	s.blame()
	s.Failures++
}

// Excuse notes a failure that is no try; the worker who holds the task is
// remembered if it is to blame.
func (s *TaskState) Excuse(blame bool) {
	if blame {
		s.blame()
	}
	s.Excused++
}

func (s *TaskState) blame() {
	if !slices.Contains(s.FailedBy, s.Worker) {
		s.FailedBy = append(s.FailedBy, s.Worker)
	}
}

// MaxActivity bounds TaskState.Activity, in bytes.
const MaxActivity = 250

// PlannedTask is a task as its job type made it. It never changes.
type PlannedTask struct {
	Name     string
	Type     string    // task type, lower case
	Priority int       // among the job's tasks, higher first
	Commands []Command // run in order
	Needs    []int     // indexes in the plan of the tasks that must be completed first
}

// Steps returns the task's number of steps: each command counts its own, and
// at least one, so that a task without steps makes progress, too.
func (t *PlannedTask) Steps() int {
	n := 0
	for i := range t.Commands {
		n += max(1, t.Commands[i].Steps)
	}
	return n
}

// Command is one thing a task does. The JSON form is the one of the v3 protocol.
type Command struct {
	Name       string         `json:"name"`
	Parameters map[string]any `json:"parameters"`
	Steps      int            `json:"total_step_count"` // 0: the command does not report steps, and counts as one

	// Encoded is the parameters as JSON, and Parameters is nil: so it is in a
	// plan that nobody looks at before it is stored, where millions of values
	// would be made for nothing.
	Encoded Encoded `json:"-"`
}

// parameter returns a parameter, in whichever form they are; nil if there is none.
func (c *Command) parameter(name string) any {
	if c.Parameters != nil || c.Encoded[0] == "" {
		return c.Parameters[name]
	}
	var all map[string]any
	if json.Unmarshal(c.Encoded.Append(nil), &all) != nil {
		return nil
	}
	return all[name]
}

// Decoded returns the command with its parameters as a worker gets them.
func (c *Command) Decoded() Command {
	d := *c
	if c.Parameters == nil && c.Encoded[0] != "" {
		d.Encoded = Encoded{}
		if json.Unmarshal(c.Encoded.Append(nil), &d.Parameters) != nil {
			d.Parameters = nil // as parameter has it
		}
	}
	return d
}

// Encoded is a text of JSON in pieces, which belong together in their order.
// Commands of a job differ little, and share the pieces that they have in
// common. The first piece of a text is never empty.
type Encoded [3]string

// Append appends the whole text to b.
func (e *Encoded) Append(b []byte) []byte {
	return append(append(append(b, e[0]...), e[1]...), e[2]...)
}

// Task is a whole task, as read from the store.
type Task struct {
	ID      TaskID
	Job     JobID
	Index   int // place in the job's plan, from 0
	Created time.Time
	PlannedTask
	TaskState
	StepsTotal int
}

// ShownStatus is the status a task has for people and on the wire: what waits
// in a held job shows as paused, what waits in an aborted or failed job as
// canceled. Nothing is rewritten for either, so holding and aborting a job
// cost the same whatever its size, and requeueing it brings the tasks back.
func ShownStatus(task TaskStatus, job JobStatus) TaskStatus {
	if !task.Waiting() {
		return task
	}
	switch job {
	case JobPaused, JobPauseRequested:
		return TaskPaused
	case JobCanceled, JobCancelRequested, JobFailed:
		return TaskCanceled
	}
	return task
}
