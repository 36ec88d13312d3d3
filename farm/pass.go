package farm

import "slices"

// A Pass is a change of many tasks of a job that is in progress. It is stored with
// the job and changes some tasks at a time, so that a job of a million tasks holds
// nobody up; meanwhile the job is JobRequeueing. The result is the same as if all
// tasks had been changed at once when it was requested: what users ask of the job
// meanwhile takes effect when it ends. Only a task that its worker fails before the
// pass comes to it may be requeued with the others. After a crash it continues
// where it was.
type Pass struct {
	Kind   PassKind
	Root   int    // index of the task it is about, for kinds that are about one
	Step   int    // at which of the kind's steps it is
	Next   int    // index of the task it looks at next
	Repeat bool   // repeat the step once more: a task that was skipped may follow now
	Reason string // why, from the user; at most MaxActivity bytes
}

// PassKind is what a pass does; passSteps says how.
type PassKind uint8

const (
	NoPass            PassKind = iota
	PassRequeue                // requeues all that did not complete
	PassRequeueAll             // requeues all of a completed job
	PassRequeueFailed          // requeues what failed, and what was canceled because of it
	PassOnlyFailed             // the same in a canceled job: what waited stays canceled
	PassRequeueTask            // requeues one task, and what needs it
	PassRevive                 // the same in a job that is over: what waited stays canceled, except what the task needs

	passKinds = int(PassRevive) + 1
)

// Scope is which tasks a step of a pass is for.
type Scope uint8

const (
	ScopeAll        Scope = iota // every task
	ScopeDependents              // the root and what needs it, directly or not, unless something else keeps it from running
	ScopeRest                    // all but the root and what it needs, directly or not
)

// PassStep is one run through a job's tasks: those in scope and in one of the
// statuses receive the event.
type PassStep struct {
	Scope      Scope
	From       []TaskStatus
	On         TaskEvent
	Propagate  bool // what needs a task that is changed follows at once, see Propagate
	Unrunnable bool // only tasks that can never run
}

var (
	waiting      = []TaskStatus{TaskQueued, TaskSoftFailed}
	notCompleted = []TaskStatus{TaskSoftFailed, TaskFailed, TaskCanceled}
	anyButQueued = []TaskStatus{TaskActive, TaskCompleted, TaskSoftFailed, TaskFailed, TaskCanceled}
)

// passSteps are the steps of each kind of pass, done one after the other.
var passSteps = [passKinds][]PassStep{
	PassRequeue: {
		{Scope: ScopeAll, From: notCompleted, On: TaskRequeued},
		// A worker may have failed a task meanwhile that others need.
		{Scope: ScopeAll, From: waiting, On: TaskDropped, Propagate: true, Unrunnable: true}},
	PassRequeueAll:    {{Scope: ScopeAll, From: []TaskStatus{TaskCompleted}, On: TaskRequeued}},
	PassRequeueFailed: {{Scope: ScopeAll, From: []TaskStatus{TaskFailed}, On: TaskRequeued, Propagate: true}},
	PassOnlyFailed: {
		{Scope: ScopeAll, From: waiting, On: TaskDropped},
		{Scope: ScopeAll, From: []TaskStatus{TaskFailed}, On: TaskRequeued, Propagate: true}},
	PassRequeueTask: {{Scope: ScopeDependents, From: anyButQueued, On: TaskRequeued}},
	PassRevive: {
		{Scope: ScopeRest, From: waiting, On: TaskDropped},
		{Scope: ScopeDependents, From: anyButQueued, On: TaskRequeued}},
}

// InProgress reports whether the pass is under way.
func (p *Pass) InProgress() bool { return p.Kind != NoPass }

// Valid reports whether there is such a pass, and it has such a step. One that was
// read from a file may be of another version of Farm.
func (p *Pass) Valid() bool {
	return p.Kind == NoPass || int(p.Kind) < passKinds && p.Step >= 0 && p.Step < len(passSteps[p.Kind])
}

// Current returns the step that a pass is at. It must be under way.
func (p *Pass) Current() *PassStep { return &passSteps[p.Kind][p.Step] }

// Applies returns whether the step changes a task in the status. within says
// whether the task is within the step's scope, spoiled whether one that it
// needs failed or was canceled.
func (s *PassStep) Applies(status TaskStatus, within, spoiled bool) bool {
	return within && slices.Contains(s.From, status) && !(s.Scope == ScopeDependents && spoiled) && !(s.Unrunnable && !spoiled)
}

// Changed notes that the pass has changed a task that had the status before.
// What needs such a task may be in scope now, and have been skipped.
func (p *Pass) Changed(before TaskStatus) {
	if p.Current().Scope == ScopeDependents && before.Spoiled() {
		p.Repeat = true
	}
}

// EndStep notes that the pass has looked at all tasks: it goes on with its next
// step, or ends.
func (p *Pass) EndStep() {
	p.Next = 0
	if p.Repeat {
		p.Repeat = false
		return
	}
	if p.Step++; p.Step == len(passSteps[p.Kind]) {
		*p = Pass{}
	}
}
