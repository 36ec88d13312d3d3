package farm

import (
	"fmt"
	"strings"
	"time"
)

// JobDiagnosis is all that is known about why a job is worked on or not.
type JobDiagnosis struct {
	Job
	Since      time.Time  // when somebody held or aborted it; zero if that is not known
	By         string     // who did, "" if that is not known
	Because    string     // the reason given, if any
	Held       int        // tasks that the first task which is not ready still needs
	Needed     int        // of so many
	Blocked    int        // workers that are blocked from something in it
	Demands    []Demand   // what waits for nothing but a worker, by type
	Cause      *Cause     // why the first of its failed tasks failed; nil if that is not known
	Failed     int        // the index of that task
	FailedTask TaskID     // of the same task; "" if none failed
	Remedy     ActionVerb // what the rule of Cause says that the farm can do; "" for nothing
}

// Explain says why the job is not worked on, if it is not.
func (j *JobDiagnosis) Explain(now time.Time) Why {
	if why, stopped := j.stopped(now); stopped {
		return why
	}
	active := j.Counts[TaskActive]
	var best Why
	var details, blocked []string
	for i := range j.Demands {
		w := &j.Demands[i]
		why := w.Explain(now)
		if i == 0 || why.Clear && !best.Clear {
			best = why
		}
		blocked = append(blocked, w.blocked()...)
		details = append(details, fmt.Sprintf("%s of type %s: %s", plural(w.Tasks, "task"), w.Type, why.Reason))
	}
	if len(j.Demands) == 1 && active == 0 {
		details = nil // the reason says it
	}
	if ready := j.ready(); j.Counts.Waiting() > ready {
		details = append(details, j.waits(j.Counts.Waiting()-ready))
	}
	switch {
	case active > 0:
		return Why{Running: true, Reason: plural(active, "task") + form(active, " is", " are") + " being worked on", Details: append(details, blocked...)}
	case len(j.Demands) == 0:
		return Why{Reason: "its tasks wait for each other", Details: details}
	}
	best.Details = append(details, best.Details...)
	return best
}

// ready is the number of tasks that wait for nothing but a worker.
func (j *JobDiagnosis) ready() (n int) {
	for i := range j.Demands {
		n += j.Demands[i].Tasks
	}
	return n
}

func (j *JobDiagnosis) waits(n int) string {
	text := plural(n, "task") + form(n, " waits", " wait") + " for others to be completed"
	if j.Held > 0 {
		text += fmt.Sprintf(", the first for %d of %d", j.Held, j.Needed)
	}
	return text
}

// stopped says why no task of the job is handed out at all, and reports whether
// that is so.
func (j *JobDiagnosis) stopped(now time.Time) (Why, bool) {
	failed, total := j.Counts[TaskFailed], j.Counts.Total()
	active := j.Counts[TaskActive]
	again := []Action{j.ID.requeue("do it again with")}
	status := j.Status()
	switch {
	case !j.Deleting.IsZero():
		return Why{Reason: "the job is being deleted"}, true
	case status == JobUnderConstruction:
		return Why{Reason: "the job is being stored"}, true
	case status == JobRequeueing:
		return Why{Reason: "its tasks are being queued again; it goes on when all of them are"}, true
	case status == JobCompleted:
		return Why{Reason: fmt.Sprintf("all of its %s are completed", plural(total, "task")), Actions: again}, true
	case status == JobFailed && j.NoWorkersLeft:
		reason := "everybody who could do tasks of one of its types was blocked"
		if j.Blocked > 0 { // or else the blocks ended by themselves
			reason = "everybody who could do tasks of one of its types is blocked: " + plural(j.Blocked, "worker")
		}
		return Why{Reason: reason, Actions: []Action{j.ID.unblock(), j.ID.requeue("or do it again with")}}, true
	case status == JobFailed:
		why := Why{Reason: fmt.Sprintf("%d of its %s failed", failed, plural(total, "task")),
			Actions: []Action{j.ID.log(j.FailedTask), j.ID.requeueFailed()}}
		if j.Blocked > 0 {
			lift := j.ID.unblock()
			lift.intro = "" // there is enough to read
			why.Actions = append(why.Actions, lift)
		}
		j.Cause.explain(&why, fmt.Sprintf("task %d", j.Failed+1))
		why.remedy(j.ID, j.Remedy)
		return why, true
	case status == JobCanceled || status == JobCancelRequested:
		reason := "canceled" + j.byWhom(now)
		if j.Intent != IntentAbort {
			reason = fmt.Sprintf("%d of its %s were canceled, and the others are completed", j.Counts[TaskCanceled], plural(total, "task"))
		}
		return Why{Running: active > 0, Reason: reason, Actions: again}, true
	case (status == JobPaused || status == JobPauseRequested) && !j.RetryAt.IsZero():
		return Why{Running: active > 0, Reason: "held by the manager until " + clock(j.RetryAt, now) + ", when it is tried again" + because(j.Because),
			Actions: []Action{j.ID.resume("resume it at once with", "Resume it at once")}}, true
	case status == JobPaused:
		return Why{Reason: "paused" + j.byWhom(now), Actions: []Action{j.ID.resume("resume it with", "Resume")}}, true
	case status == JobPauseRequested:
		return Why{Running: true, Reason: fmt.Sprintf("paused%s; %s %s being finished", j.byWhom(now), plural(active, "task"), form(active, "is", "are")),
			Actions: []Action{j.ID.resume("resume it with", "Resume")}}, true
	}
	return Why{}, false
}

// because is the reason of something, behind a colon, if there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(reason, ".")
}

// byWhom is " by NAME at TIME", as far as known.
func (j *JobDiagnosis) byWhom(now time.Time) (text string) {
	if j.By != "" {
		text = " by " + j.By
	}
	if !j.Since.IsZero() {
		text += " at " + clock(j.Since, now)
	}
	if j.Because != "" {
		text += " (" + j.Because + ")"
	}
	return text
}

// TaskDiagnosis is all that is known about why a task is worked on or not.
type TaskDiagnosis struct {
	ID         TaskID
	Index      int // in its job, from 0
	State      TaskState
	Remedy     ActionVerb // what the rule of State.Cause says that the farm can do; "" for nothing
	WorkerName string     // of the worker that has it, or had it last
	Steps      int        // of it
	Missing    int        // tasks that it needs and that are not completed
	Needed     int        // of so many
	Demand     *Demand    // if it waits for nothing but a worker
	Candidate             // of the one worker that is asked about, if one is
}

// Explain says why the task is not worked on, if it is not. job is why its job is not.
func (t *TaskDiagnosis) Explain(j *JobDiagnosis, now time.Time) Why {
	call := fmt.Sprintf("%s/%d", j.ID.Short(), t.Index+1)
	again := []Action{{Verb: DoRequeueTask, Job: j.ID, Task: t.ID, Label: "Do it again", Command: "farm jobs requeue " + call, intro: "do it again with"}}
	switch t.State.Status {
	case TaskActive:
		return Why{Running: true, Reason: fmt.Sprintf("worker %s works on it, %d of %s done", t.WorkerName, t.State.StepsDone, plural(t.Steps, "step"))}
	case TaskCompleted:
		return Why{Reason: "it is completed", Actions: again}
	case TaskFailed:
		log := j.ID.log(t.ID)
		log.Command = "farm jobs log " + call
		why := Why{Reason: "it failed", Actions: append([]Action{log}, again...)}
		if t.State.Cause == nil {
			why.Reason += t.told()
		}
		t.State.Cause.explain(&why, "its log")
		why.remedy(j.ID, t.Remedy)
		return why
	case TaskCanceled:
		return Why{Reason: "it was canceled" + t.told(), Actions: again}
	}
	if why, stopped := j.stopped(now); stopped {
		why.Reason, why.Running, why.Cause = "its job is not handed out: "+why.Reason, false, t.State.Cause
		why.remedy(j.ID, t.Remedy)
		return why
	}
	if t.Missing > 0 {
		return Why{Reason: fmt.Sprintf("waits for %d of %s that it needs", t.Missing, plural(t.Needed, "task")), Details: j.Explain(now).Details}
	}
	why := t.Demand.Explain(now)
	if c := t.State.Cause; c != nil {
		why.Details = append([]string{"it failed before" + because(c.Means), c.detail("its log")}, why.Details...)
		why.Cause = c
		why.remedy(j.ID, t.Remedy)
	}
	return why
}

// told is what was last said of the task.
func (t *TaskDiagnosis) told() string {
	if t.State.Activity == "" {
		return ""
	}
	return ": " + t.State.Activity
}
