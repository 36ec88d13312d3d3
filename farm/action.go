package farm

import (
	"fmt"
	"strings"
	"unicode"
)

// Action is something that the farm does when a user asks for it, as data: a page makes a
// button of it, the command line a command, the add-on a text.
type Action struct {
	Verb       ActionVerb
	Job        JobID    // what it is done to, as far as the verb needs it
	Task       TaskID   // of Job
	Worker     WorkerID //
	Name       string   // of the worker
	Label      string   // what a button says
	Command    string   // what does it on the command line, "farm jobs resume 1f2e3d4c"
	Parameters Parameters

	intro string // what stands in front of the command in a sentence, "resume it with"
}

// Parameters is what an Action needs besides its target; what its verb does not use is empty.
type Parameters struct {
	Tasks     string // DoRequeueJob: "failed" or "all"
	Priority  int    // DoPriority
	Tag       TagID  // DoAddTag
	TagName   string // of Tag
	TaskType  string // DoUnblock, DoStartWorker; "" for all
	JobStatus string // DoShowJobs, as the wire calls it
	Frames    string // DoRerender, as FormatFrames writes them
}

// ActionVerb is what an Action does. A user's Verb on a job is another thing.
type ActionVerb string

// The verbs. Those that show change nothing.
const (
	DoResume      ActionVerb = "resume-job"
	DoRequeueJob  ActionVerb = "requeue-job"
	DoRequeueTask ActionVerb = "requeue-task"
	DoRerender    ActionVerb = "rerender-frames"
	DoPriority    ActionVerb = "set-priority"
	DoTagJob      ActionVerb = "tag-job" // the user chooses which
	DoUnblock     ActionVerb = "unblock" // one worker, or without one all
	DoAddTag      ActionVerb = "add-tag" // to a worker
	DoWake        ActionVerb = "wake-worker"
	DoApprove     ActionVerb = "approve-worker"
	DoStartWorker ActionVerb = "start-worker" // by hand, on its computer
	DoShowLog     ActionVerb = "show-log"
	DoShowJobs    ActionVerb = "show-jobs"
	DoShowWorker  ActionVerb = "show-worker"
)

// Next says in one line what can be done about it: the advice, and the actions as
// commands; "" for nothing.
func (w *Why) Next() string {
	var steps []string
	if w.Advice != "" {
		steps = append(steps, strings.TrimSuffix(w.Advice, "."))
	}
	for _, a := range w.Actions {
		if a.intro != "" {
			steps = append(steps, a.intro+": "+a.Command)
		}
	}
	return strings.Join(steps, "; ")
}

// command is a command line that can be pasted into a shell.
func command(words ...string) string { return "farm " + QuoteShell(words) }

// argument is a name as it stands in commands: its id where flags or lists would take the
// name for something else.
func argument(name, id string) string {
	plain := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._", r) }
	if name == "" || !plain([]rune(name)[0]) || strings.ContainsFunc(name, func(r rune) bool { return r != '-' && !plain(r) }) {
		return id
	}
	return name
}

func (s *Candidate) argument() string { return argument(s.Name, string(s.ID)) }

// Short is what commands and people call a job.
func (id JobID) Short() string { return string(id[:min(8, len(id))]) }

// topPriority is a priority that is higher than usual ones.
const topPriority = 100

// requeue does again what of a job is not completed, or all of a completed one. intro is
// what stands in front of the command.
func (id JobID) requeue(intro string) Action {
	return Action{Verb: DoRequeueJob, Job: id, Parameters: Parameters{Tasks: "all"}, Label: "Do it again", Command: "farm jobs requeue " + id.Short(), intro: intro}
}

// requeueFailed tries the failed tasks of a job again.
func (id JobID) requeueFailed() Action {
	return Action{Verb: DoRequeueJob, Job: id, Parameters: Parameters{Tasks: "failed"}, Label: "Try the failed tasks again",
		Command: "farm jobs requeue --failed " + id.Short(), intro: "try those again with"}
}

func (id JobID) resume(intro, label string) Action {
	return Action{Verb: DoResume, Job: id, Label: label, Command: "farm jobs resume " + id.Short(), intro: intro}
}

// log shows the log of a task; without one it is the job's to say which.
func (id JobID) log(task TaskID) Action {
	return Action{Verb: DoShowLog, Job: id, Task: task, Label: "Show the log", Command: "farm jobs log " + id.Short(), intro: "see why with"}
}

func (id JobID) first() Action {
	return Action{Verb: DoPriority, Job: id, Parameters: Parameters{Priority: topPriority}, Label: "Put it first",
		Command: fmt.Sprintf("farm jobs priority %s %d", id.Short(), topPriority), intro: "put it first with"}
}

// unblock lifts all blocks of a job.
func (id JobID) unblock() Action {
	return Action{Verb: DoUnblock, Job: id, Label: "Lift the blocks", Command: "farm jobs blocklist " + id.Short() + " --clear", intro: "lift the blocks with"}
}

// unblocked lifts the blocks of one worker in a job, or that of a type.
func (id JobID) unblocked(w *Candidate, taskType, intro string) Action {
	which := w.argument()
	if taskType != "" {
		which += ":" + taskType
	}
	return Action{Verb: DoUnblock, Job: id, Worker: w.ID, Name: w.Name, Parameters: Parameters{TaskType: taskType}, Label: "Unblock " + w.Name,
		Command: command("jobs", "blocklist", id.Short(), "--remove", which), intro: intro}
}

// RuleActions lists what a rule about failures can have the farm do, beside trying again.
func RuleActions() []ActionVerb { return []ActionVerb{DoTagJob, DoStartWorker} }

// remedy adds what the rule of a cause says. The sentence has it already.
func (w *Why) remedy(job JobID, verb ActionVerb) {
	switch verb {
	case DoTagJob: // which tag, the user has to know
		w.Actions = append(w.Actions, Action{Verb: DoTagJob, Job: job, Label: "Choose its workers by a tag …"})
	case DoStartWorker:
		w.Actions = append(w.Actions, startWorker("", ""))
	}
}

func (s *Candidate) wake(intro string) Action {
	return Action{Verb: DoWake, Worker: s.ID, Name: s.Name, Label: "Wake " + s.Name, Command: command("workers", "wake", s.argument()), intro: intro}
}

func (s *Candidate) approve() Action {
	return Action{Verb: DoApprove, Worker: s.ID, Name: s.Name, Label: "Approve " + s.Name, Command: command("workers", "approve", s.argument()), intro: "if it belongs to the farm"}
}

func (s *Candidate) show(intro string) Action {
	return Action{Verb: DoShowWorker, Worker: s.ID, Name: s.Name, Label: "Show " + s.Name, Command: command("workers", "show", s.argument()), intro: intro}
}

// give gives a worker one more tag.
func (s *Candidate) give(tag TagRef, intro string) Action {
	return Action{Verb: DoAddTag, Worker: s.ID, Name: s.Name, Parameters: Parameters{Tag: tag.ID, TagName: tag.Name}, Label: fmt.Sprintf("Give %s the tag %s", s.Name, tag.Name),
		Command: command("workers", "tags", s.argument(), "--add", argument(tag.Name, string(tag.ID))), intro: intro}
}

// startWorker is for somebody who goes to a computer. Without a type it does all.
func startWorker(taskType, intro string) Action {
	words := []string{"work"}
	if taskType != "" {
		words = append(words, "--task-types", taskType)
	}
	return Action{Verb: DoStartWorker, Parameters: Parameters{TaskType: taskType}, Label: "Add a computer …", Command: command(words...), intro: intro}
}

// showPaused shows the jobs that somebody paused.
func showPaused() Action {
	return Action{Verb: DoShowJobs, Parameters: Parameters{JobStatus: "paused"}, Label: "Show the paused jobs", Command: "farm jobs list --status paused", intro: "see them with"}
}
