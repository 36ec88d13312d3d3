package farm

import (
	"slices"
	"time"
)

// Intent is what the user wants of a job. Together with the counts of its
// tasks it makes the job's status.
type Intent uint8

const (
	IntentRun   Intent = iota // do the tasks
	IntentHold                // hand out no more tasks for now
	IntentAbort               // hand out no more tasks
)

// Counts is how many tasks of a job are in each stored status.
type Counts [TaskStatuses]int

// Total returns the number of tasks.
func (c *Counts) Total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// Add adds the counts of other tasks.
func (c *Counts) Add(other Counts) {
	for i, n := range other {
		c[i] += n
	}
}

// Sub takes away what Add added.
func (c *Counts) Sub(other Counts) {
	for i, n := range other {
		c[i] -= n
	}
}

// Waiting returns the number of tasks the scheduler may hand out, now or once
// what they need is completed.
func (c *Counts) Waiting() int { return c[TaskQueued] + c[TaskSoftFailed] }

// JobStatus is where a job stands. It is never set: JobFacts.Status computes it.
type JobStatus uint8

// A job's status follows from what is stored of it, so a crash of the manager
// leaves each of them as it was.
const (
	// JobUnderConstruction is being stored. The job leaves it with the
	// transaction that stores it; a crash before that leaves no job.
	JobUnderConstruction JobStatus = iota
	// JobQueued waits for its first worker: what of it was not canceled is queued.
	// The first task that is handed out makes it active; a user may hold or cancel it.
	JobQueued
	// JobActive was begun. It ends by itself when no task is left that could run,
	// or too many failed; a user may hold or cancel it. While nobody asks for its
	// tasks, it waits in this status.
	JobActive
	// JobPauseRequested is held, and workers are finishing what they have. The
	// last of them makes it paused; a user may resume it before.
	JobPauseRequested
	// JobPaused is held. Only a user leaves it, or the manager when Job.RetryAt
	// comes: then it was the manager that held it. The time is stored, and so a
	// crash leaves it.
	JobPaused
	// JobCancelRequested is aborted, and a worker still holds a task. The
	// transaction that aborts a job takes its tasks back, so nobody ever sees it.
	JobCancelRequested
	// JobCanceled was aborted, or every task that did not complete was canceled.
	// Only a user who requeues it or a task of it leaves it.
	JobCanceled
	// JobCompleted did all of its tasks. Only a user who requeues it or a task of
	// it leaves it.
	JobCompleted
	// JobFailed has too many failed tasks, or one that nobody could do, or no
	// worker is left for it. Only a user
	// leaves it, who requeues it or a task of it, or lifts a block.
	JobFailed
	// JobRequeueing has many tasks that are being requeued, see Pass. The manager
	// ends it by itself, and after a crash goes on where it was.
	JobRequeueing
)

var jobStatusNames = [...]string{"under-construction", "queued", "active", "pause-requested", "paused",
	"cancel-requested", "canceled", "completed", "failed", "requeueing"}

// String returns the status's v3 name.
func (s JobStatus) String() string { return nameOf(jobStatusNames[:], s) }

// ParseJobStatus reads a v3 name.
func ParseJobStatus(name string) (JobStatus, bool) {
	return parseName[JobStatus](jobStatusNames[:], name)
}

// JobStatuses lists all statuses that a job can have.
func JobStatuses() []JobStatus {
	all := make([]JobStatus, len(jobStatusNames))
	for i := range all {
		all[i] = JobStatus(i)
	}
	return all
}

// Runs reports whether tasks of the job are handed out.
func (s JobStatus) Runs() bool { return s == JobQueued || s == JobActive }

// Over reports whether the job will not change by itself any more.
func (s JobStatus) Over() bool { return s == JobCompleted || s == JobFailed || s == JobCanceled }

// FailPercent is the share of failed tasks, in whole percent rounded down, at
// which a job fails as a whole.
const FailPercent = 10

// JobFacts is everything that a job's status depends on.
type JobFacts struct {
	Planning  bool // its tasks are still being stored
	Intent    Intent
	KeepGoing bool // go on however many tasks failed: a user requeued one of a failed job
	Pass      Pass // many of its tasks are being changed

	// NoWorkersLeft says that all workers that could do tasks of one of its types
	// are blocked. It is set with the last block (Judge), and cleared when a user
	// requeues the job or one of its tasks, or lifts a block.
	NoWorkersLeft bool
	// GivenUp says that a task failed for a reason that no worker could help. It is
	// set with the failure (Judge), and cleared when a user requeues the job or one
	// of its tasks.
	GivenUp bool
	Counts  Counts
}

// A rule gives a job its status when it holds and none before it does.
type rule struct {
	status JobStatus
	holds  func(f *JobFacts) bool
}

// jobRules are the rules of a job's status; the first that holds decides.
var jobRules = []rule{
	{JobUnderConstruction, func(f *JobFacts) bool { return f.Planning }},
	{JobRequeueing, func(f *JobFacts) bool { return f.Pass.InProgress() }},
	{JobCompleted, func(f *JobFacts) bool { return f.Counts[TaskCompleted] == f.Counts.Total() }},
	{JobCancelRequested, func(f *JobFacts) bool { return f.Intent == IntentAbort && f.Counts[TaskActive] > 0 }},
	{JobCanceled, func(f *JobFacts) bool { return f.Intent == IntentAbort }},
	{JobFailed, func(f *JobFacts) bool { return f.NoWorkersLeft || f.GivenUp }},
	{JobFailed, tooManyFailed},
	{JobFailed, func(f *JobFacts) bool { return finished(f) && f.Counts[TaskFailed] > 0 }},
	{JobCanceled, finished},
	{JobPauseRequested, func(f *JobFacts) bool { return f.Intent == IntentHold && f.Counts[TaskActive] > 0 }},
	{JobPaused, func(f *JobFacts) bool { return f.Intent == IntentHold }},
	{JobQueued, func(f *JobFacts) bool { return f.Counts[TaskQueued]+f.Counts[TaskCanceled] == f.Counts.Total() }},
	{JobActive, func(*JobFacts) bool { return true }},
}

func tooManyFailed(f *JobFacts) bool {
	return !f.KeepGoing && f.Counts[TaskFailed] > 0 && 100*f.Counts[TaskFailed]/f.Counts.Total() >= FailPercent
}

func finished(f *JobFacts) bool { return f.Counts.Waiting() == 0 && f.Counts[TaskActive] == 0 }

// Status computes the job's status.
func (f JobFacts) Status() JobStatus {
	for _, r := range jobRules {
		if r.holds(&f) {
			return r.status
		}
	}
	panic("farm: the last job rule always holds")
}

// Verb is what a user can do to a job.
type Verb uint8

const (
	Cancel        Verb = iota // stop it and take its tasks back from the workers
	Pause                     // hand out no more tasks; workers finish what they have
	Resume                    // go on
	Requeue                   // do again what did not complete, or everything if all did
	RequeueFailed             // do again what failed, and what was canceled because of that
)

// VerbRow says what a verb does to a job in one of the statuses: the job's new
// intent, and the event that each task in one of the statuses receives. Where many
// tasks change, it is the pass that changes them.
type VerbRow struct {
	Verb   Verb
	In     []JobStatus
	Intent Intent
	Event  TaskEvent
	Tasks  []TaskStatus // none: tasks are left alone
	Pass   PassKind
}

var (
	going   = []JobStatus{JobQueued, JobActive}
	held    = []JobStatus{JobPauseRequested, JobPaused}
	aborted = []JobStatus{JobCancelRequested, JobCanceled}
	open    = slices.Concat(going, held)
	stopped = append(slices.Clone(aborted), JobFailed)
	passing = []JobStatus{JobRequeueing}
	ended   = []JobStatus{JobCompleted}
)

// verbs are what users can do. What has no row does nothing: a job that completed
// can only be requeued, and nothing can be done to one under construction.
var verbs = []VerbRow{
	{Verb: Cancel, In: slices.Concat(open, stopped, passing), Intent: IntentAbort, Event: TaskDropped, Tasks: []TaskStatus{TaskActive}},
	{Verb: Pause, In: slices.Concat(open, stopped, passing), Intent: IntentHold},
	{Verb: Resume, In: slices.Concat(open, passing), Intent: IntentRun},
	{Verb: Resume, In: stopped, Intent: IntentRun, Pass: PassRequeue}, // there is nothing to resume but what was stopped
	{Verb: Requeue, In: slices.Concat(open, stopped), Intent: IntentRun, Pass: PassRequeue},
	{Verb: Requeue, In: ended, Intent: IntentRun, Pass: PassRequeueAll},
	{Verb: Requeue, In: passing, Intent: IntentRun}, // it is being done
	{Verb: RequeueFailed, In: append(slices.Clone(going), JobFailed), Intent: IntentRun, Pass: PassRequeueFailed},
	{Verb: RequeueFailed, In: held, Intent: IntentHold, Pass: PassRequeueFailed},
	{Verb: RequeueFailed, In: aborted, Intent: IntentRun, Pass: PassOnlyFailed},
}

// Row returns what the verb does to a job in the status, or false if it cannot
// be done or there is nothing to do.
func (v Verb) Row(job JobStatus) (VerbRow, bool) {
	for _, row := range verbs {
		if row.Verb == v && slices.Contains(row.In, job) {
			return row, true
		}
	}
	return VerbRow{}, false
}

// VerbFor returns the verb for a v3 job status that a client "sets", and whether
// there is one: the protocol has no verbs, only requested statuses.
func VerbFor(wanted JobStatus) (Verb, bool) {
	switch wanted {
	case JobCancelRequested, JobCanceled:
		return Cancel, true
	case JobPauseRequested, JobPaused:
		return Pause, true
	case JobRequeueing:
		return Requeue, true
	case JobQueued, JobActive:
		return Resume, true
	}
	return 0, false
}

// Job is the part of a job that changes while it runs, and what lists show.
type Job struct {
	ID       JobID
	Name     string
	Type     string // job type
	Priority int    // higher first
	Tag      TagID  // "" for any worker
	Blender  BlenderNeed
	JobFacts
	StepsDone  int
	StepsTotal int
	Created    time.Time // UTC, to the millisecond
	Updated    time.Time
	Activity   string    // one line for people, at most MaxActivity bytes
	RetryAt    time.Time // when the manager lets it run again, which holds it after a fault of the farm; zero: a user's hold, or none
	Deleting   time.Time // when a user asked to delete it; zero if nobody did
}

// JobDetail is the part of a job that does not change once it is stored.
type JobDetail struct {
	Settings          map[string]any    `json:"settings"`
	Metadata          map[string]string `json:"metadata"`
	ShamanCheckout    string            `json:"shaman_checkout,omitempty"`
	SubmitterPlatform string            `json:"submitter_platform,omitempty"`
}

var verbNames = [...]string{"Canceled", "Paused", "Resumed", "Requeued", "Requeued what failed"}

// String returns the verb for people, as what was done to the job.
func (v Verb) String() string { return nameOf(verbNames[:], v) }
