package farm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// WorkerDiagnosis is all that is known about why a worker is working or not.
type WorkerDiagnosis struct {
	Candidate
	Types      []string  // types of tasks it does
	Task       string    // the task it holds, or would get: "task 3 of job NAME"
	MissedWork           // what there is that it does not get
	InUse      string    // see Worker
	Unable     []Unable  // what it is meant to do and cannot
	Findings   []Finding // on its computer
	Stopped    int       // jobs that are paused
	Waiting    int       // jobs that are queued or active
}

// MissedWork is why a worker does not get what others could.
type MissedWork struct {
	OtherTypes    []string      // types of tasks that wait, and that it does not do
	OtherTags     []TagRef      // tags of jobs that wait, and that it does not carry
	OtherBlenders []BlenderNeed // of jobs that wait, and that it has no Blender for

	StorageFirst bool // tasks wait for workers with the shared storage, which read many files

	Blocked    []JobID // jobs with tasks for it that it is blocked from
	BlockedToo int     // other workers that are blocked in the first of them
	Failed     []JobID // jobs whose tasks for it it failed
}

// Explain says why the worker has no task, if it has none.
func (w *WorkerDiagnosis) Explain(now time.Time) Why {
	switch {
	case w.Obstacle == NotApproved:
		return Why{Reason: "it is new, and waits for approval", Actions: []Action{w.approve()}}
	case w.Obstacle == WorkerInUse:
		return w.inUse()
	case w.Obstacle == WorkerBusy:
		return Why{Running: true, Reason: "it works on " + w.Task}
	case w.Obstacle == StatusRequested && w.Request.Pending():
		return w.requested()
	case w.Obstacle == NotAwake || w.Obstacle == StatusRequested:
		return w.notAwake(now)
	}
	if w.Task != "" {
		return Why{Clear: true, Reason: "nothing is in the way: it gets " + w.Task + " with its next request"}
	}
	var reasons []Why
	for _, u := range w.Unable {
		reasons = append(reasons, Why{Reason: "it takes no " + strings.Join(u.TaskTypes, ", ") + " tasks: " + u.Reason,
			Advice: putRight})
	}
	w.OtherTypes = slices.DeleteFunc(slices.Clone(w.OtherTypes), func(t string) bool { // that is said already
		return slices.ContainsFunc(w.Unable, func(u Unable) bool { return slices.Contains(u.TaskTypes, t) })
	})
	if n := len(w.Blocked); n > 0 {
		reasons = append(reasons, Why{Reason: fmt.Sprintf("it is blocked from the tasks it could do of %s", plural(n, "job")), Actions: []Action{w.Blocked[0].unblocked(&w.Candidate, "", "lift a block with")}})
	}
	if n := len(w.Failed); n > 0 {
		reasons = append(reasons, Why{Reason: fmt.Sprintf("it failed the tasks it could do of %s, and others try them first", plural(n, "job"))})
	}
	reasons = append(reasons, w.unsuited()...)
	if len(w.OtherTags) > 0 {
		reasons = append(reasons, Why{Reason: "jobs wait for workers with tag " + strings.Join(namesOf(w.OtherTags), " or ") + ", which it does not carry",
			Actions: []Action{w.give(w.OtherTags[0], "give it one with")}})
	}
	if len(w.OtherTypes) > 0 {
		does := "it does no tasks at all"
		if len(w.Types) > 0 {
			does = "it does only " + strings.Join(w.Types, ", ")
		}
		reasons = append(reasons, Why{Reason: "jobs wait for workers that do " + strings.Join(w.OtherTypes, " or ") + " tasks; " + does,
			Advice: "start its farm work with other --task-types", Actions: []Action{startWorker(w.OtherTypes[0], "")}})
	}
	if len(reasons) == 0 {
		return w.nothingWaits()
	}
	why := reasons[0]
	if w.BlockedToo > 0 {
		why.Details = append(why.Details, fmt.Sprintf("%s %s blocked in job %s too", plural(w.BlockedToo, "other worker"), form(w.BlockedToo, "is", "are"), w.Blocked[0].Short()))
	}
	for _, r := range reasons[1:] {
		why.Details = append(why.Details, r.Reason)
	}
	why.Details = append(why.Details, w.found()...)
	return why
}

// found tells what was found on the worker's computer that keeps it from working, and
// what to do. Of what cannot be done without it the reason is given already.
func (w *WorkerDiagnosis) found() (details []string) {
	for _, f := range w.Findings {
		if f.Level == FindingError {
			details = append(details, "found on its computer: "+f.What+"; "+f.Fix)
		}
	}
	return details
}

func namesOf(tags []TagRef) (names []string) {
	for _, tag := range tags {
		names = append(names, tag.Name)
	}
	return names
}

// inUse says that the computer's owner comes first.
func (w *WorkerDiagnosis) inUse() Why {
	why := Why{Reason: "it is " + w.InUse, Advice: "it goes on when nobody uses that computer and no pause is left; farm work status there says more, and farm work resume ends a pause"}
	if w.Task != "" {
		why.Reason += ", and " + w.Task + " stands still there"
	}
	return why
}

// nothingWaits says why there is no task for any worker.
func (w *WorkerDiagnosis) nothingWaits() Why {
	why := Why{Reason: "there is nothing to do: no job has tasks that wait for a worker"}
	if w.Waiting > 0 {
		why.Details = append(why.Details, fmt.Sprintf("%s %s on others: what is left of %s waits for tasks that are being worked on",
			plural(w.Waiting, "job"), form(w.Waiting, "is", "are"), form(w.Waiting, "it", "them")))
	}
	if w.Stopped > 0 {
		why.Actions = []Action{showPaused()}
		why.Details = append(why.Details, plural(w.Stopped, "job")+form(w.Stopped, " is", " are")+" paused")
	}
	return why
}

// notAwake says why a worker without a pending request takes no tasks.
func (w *WorkerDiagnosis) notAwake(now time.Time) Why {
	seen := ""
	if !w.LastSeen.IsZero() {
		seen = ", last heard of at " + clock(w.LastSeen, now)
	}
	switch w.Status {
	case WorkerAsleep:
		return Why{Reason: "it is asleep" + group{w.Candidate}.until(now), Actions: []Action{w.wake("wake it with")}}
	case WorkerStarting:
		return Why{Reason: "it has just signed on, and says soon that it is awake"}
	case WorkerError:
		return Why{Reason: "it is lost" + seen, Advice: "see whether farm work still runs there and reaches the manager", Actions: []Action{w.show("")}}
	case WorkerUnknown:
		return Why{Reason: "it registered and never signed on", Advice: "start farm work there", Actions: w.startThere()}
	case WorkerOffline:
		return Why{Reason: "it is offline" + seen, Advice: "start farm work there", Actions: w.startThere()}
	}
	return Why{Reason: "it says that it is " + w.Status.String(), Actions: []Action{w.wake("wake it with")}}
}

// startThere shows the line to type on its computer.
func (w *WorkerDiagnosis) startThere() []Action {
	return []Action{startWorker(strings.Join(w.Types, ","), "")}
}

// requested says which requested status a worker takes first.
func (w *WorkerDiagnosis) requested() Why {
	what := map[WorkerStatus]string{WorkerAwake: "wake up", WorkerAsleep: "go to sleep", WorkerOffline: "shut down", WorkerRestart: "restart"}[w.Request.Status]
	why := Why{Reason: "it is asked to " + what}
	if w.Status == WorkerAwake {
		why.Actions = []Action{w.wake("take that back with")}
	}
	switch {
	case w.Task != "" && w.Request.Lazy:
		why.Running = true
		why.Reason += " after " + w.Task
	case w.Task != "":
		why.Running = true
		why.Reason += " and to give back " + w.Task
	case w.Status == WorkerError:
		why.Reason += " when it is back; it is lost"
		why.Advice, why.Actions = "see whether farm work still runs there and reaches the manager", []Action{w.show("")}
	case w.Status == WorkerOffline || w.Status == WorkerUnknown:
		why.Reason += " when it is back; it is offline"
		why.Advice, why.Actions = "start farm work there", w.startThere()
	default:
		why.Reason += ", and has not done so yet"
	}
	return why
}
