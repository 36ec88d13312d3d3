package farm

// A Cause is what the manager read in a failed task's log about why it failed.
// It stays with the task until its failures are forgiven, it is completed, or it
// fails for another reason.
type Cause struct {
	Class string `json:"class"`          // such as "gpu-memory": a-z, 0-9 and dashes, at most 40 bytes
	Means string `json:"means"`          // what happened, for people; at most MaxCauseText bytes
	Next  string `json:"next,omitempty"` // what to do about it; at most MaxCauseText bytes, may be empty
	Line  string `json:"line"`           // of the log, that decided; at most MaxCauseText bytes
}

// ClassMemory is the class of failures for want of memory of the computer, as
// diagnosis/rules.yaml has it. The task is only for workers with more of it then.
const ClassMemory = "memory"

// IsMemory reports whether the computer had too little memory.
func (c *Cause) IsMemory() bool { return c != nil && c.Class == ClassMemory }

// MaxCauseText bounds each text of a Cause, in bytes.
const MaxCauseText = 300

// A Consequence is what the failure policy makes of a cause. See verdicts.
type Consequence string

const (
	ThisWorker Consequence = "worker"    // it is up to the worker: another one gets the task
	WholeJob   Consequence = "job"       // nobody could do better: the job fails at once
	WholeFarm  Consequence = "farm"      // what all workers need is away: the job is held, and tried again later
	Transient  Consequence = "transient" // it may work now: the task is tried again
	OneTask    Consequence = "task"      // a failure like any other; so is ""
	NotThere   Consequence = "files"     // what the job needs is not there: WholeJob, or ThisWorker if others rendered the job's tasks
)

// Consequences lists all of them.
func Consequences() []Consequence {
	return []Consequence{ThisWorker, WholeJob, WholeFarm, Transient, OneTask, NotThere}
}

// Settled returns what the consequence is when other workers completed so many
// tasks of the type in the job: then what one does not find is its own trouble.
func (c Consequence) Settled(othersDone int) Consequence {
	switch {
	case c != NotThere:
		return c
	case othersDone > 0:
		return ThisWorker
	}
	return WholeJob
}

// How many failures of a task can cost it no try, so that nothing is tried for
// ever. What fails after that counts like any other failure.
const (
	MaxExcused    = 5   // where a worker is at fault, or nobody
	MaxFarmFaults = 100 // where the farm is, and each time the job was held before
)

// explain adds the cause to why something failed; what is what its line is of.
func (c *Cause) explain(why *Why, what string) {
	if c == nil {
		return
	}
	why.Reason += because(c.Means)
	if c.Next != "" {
		why.Advice = c.Next
	}
	why.Cause = c
	why.Details = append(why.Details, c.detail(what))
}

// detail is the line that decided, and its class.
func (c *Cause) detail(what string) string { return what + " (" + c.Class + "): " + c.Line }
