package manager

import (
	"fmt"
	"slices"

	"renderfarm/farm"
	"renderfarm/store"
)

// A failure is what is known of it beside who failed what.
type failure struct {
	wrong       bool        // the worker cannot do such tasks of the job
	cause       *farm.Cause // nil: the log does not say
	consequence farm.Consequence
}

// failureOf is what a worker's report says of a failure, and the log of its task.
func (m *Manager) failureOf(id farm.WorkerID, task farm.TaskID, r *Report) failure {
	f := failure{wrong: r.WrongWorker}
	if d, ok := m.diagnose(id, task, r); ok {
		f.cause, f.consequence = &d.Cause, d.Consequence
	}
	return f
}

// fail judges a task that its worker failed, and applies the verdict. what is
// what happened to the task, for its log: "failed by" or "timed out on" a worker.
// edit adds to the new state.
func (u *unit) fail(t store.Task, w *store.Worker, what string, why failure, edit func(*farm.TaskState)) {
	v, f := u.judge(t, w, why)
	j, taskType := t.Job, t.Type()
	next, _ := t.Status().After(v.Task)
	if why.cause != nil {
		u.logTask(t, fmt.Sprintf("Cause: %s (%s)", why.cause.Means, why.cause.Class))
	}
	u.logTask(t, fmt.Sprintf("Task %s worker %s (%s), %s", what, w.Name, w.ID, sentence(v, f, taskType)))
	switch {
	case v.JobFails: // noted first: it takes the job's other tasks back
		u.touch(j).because = why.cause.Means
		j.GivenUp = true
	case v.Hold:
		u.holdForRetry(j, why.cause)
	}
	u.noticeFailure(t)
	u.change(t, v.Task, fmt.Sprintf("task changed status active -> %s", next), func(s *farm.TaskState) {
		edit(s)
		u.leaveRest(t, s, why.trusted())
		because(s, why.cause)
		if v.Excused {
			s.Excuse(f.BlamesWorker(v))
		} else {
			s.Fail()
		}
		if v.Block && v.Task == farm.TaskAttemptFailed {
			s.Failures = triesOfOthers(s)
		}
	})
	if v.Block {
		u.block(j, w, taskType)
	}
	if v.NoWorkersLeft {
		u.touch(j).because = fmt.Sprintf("nobody is left for tasks of type %q: every worker that could do them is blocked", taskType)
		j.NoWorkersLeft = true
	}
}

// judge collects what the verdict depends on.
func (u *unit) judge(t store.Task, w *store.Worker, why failure) (farm.Verdict, farm.Failure) {
	config := u.m.config.Load()
	state, j, taskType := t.State(), t.Job, t.Type()
	did := u.Results(j, w, taskType)
	if !slices.Contains(state.FailedBy, w.ID) {
		did.Failed++
		did.InRow++
	}
	capable, untried := u.Capable(t, w)
	f := farm.Failure{Tries: state.Failures + 1, MaxTries: config.TaskFailAfterSoftfailCount,
		Failed: did.Failed, MaxFailed: config.BlocklistThreshold, Capable: capable, Untried: untried,
		InRow: did.InRow, Done: did.Done, OthersFailed: did.OthersFailed, OthersDone: did.OthersDone, WrongWorker: why.wrong,
		Consequence: why.consequence, Excused: state.Excused, Again: slices.Contains(state.FailedBy, w.ID)}
	if why.cause.IsMemory() && w.Facts != nil && w.Facts.Memory > 0 {
		f.OutOfMemory, f.Larger = true, u.Larger(t, w)
	}
	if why.wrong {
		f.Tries-- // it was no try
	}
	if j.Pass.InProgress() { // it forgives what was failed: nobody is blocked for it, and the job goes on
		f.MaxFailed = 0
		if f.Consequence == farm.WholeJob || f.Consequence == farm.NotThere || f.Consequence == farm.WholeFarm {
			f.Consequence = farm.OneTask
		}
	}
	return farm.Judge(f), f
}

// triesOfOthers is how often the task failed, as far as the worker that holds
// it, whose failures do not count any more, is not to blame.
func triesOfOthers(s *farm.TaskState) int {
	n := len(s.FailedBy)
	if slices.Contains(s.FailedBy, s.Worker) {
		n--
	}
	return min(n, s.Failures) // some of them were excused
}

// sentence states the verdict for the task's log.
func sentence(v farm.Verdict, f farm.Failure, taskType string) string {
	tries := fmt.Sprintf("try %d of %d", f.Tries, max(f.MaxTries, 1))
	blocked := fmt.Sprintf("which failed %d tasks of type %q in this job and gets no more of them from it", f.Failed, taskType)
	if f.WrongWorker {
		blocked = fmt.Sprintf("which cannot do tasks of type %q of this job and gets no more of them from it", taskType)
	}
	switch again := v.Task == farm.TaskAttemptFailed; {
	case v.JobFails:
		return "and no worker could do better. Manager fails the entire job."
	case v.Hold:
		return "for a fault of the farm, which does not count as a try. Manager holds the job."
	case v.Task == farm.TaskGivenUp && f.OutOfMemory && f.Larger == 0 && !v.Block:
		return "and no worker has more memory. Manager marks it as hard failure."
	case v.Excused && f.Consequence == farm.Transient:
		return fmt.Sprintf("which does not count as a try: it may work now. Manager tries it again, %d more times.", farm.MaxExcused-1-f.Excused)
	case v.Excused:
		return "which is at fault itself. Manager marks it as soft failure, which does not count as a try: another worker will get it."
	case v.NoWorkersLeft:
		return fmt.Sprintf("%s. Manager fails the entire job as there are no more workers left for tasks of type %q.", blocked, taskType)
	case v.Block && again:
		return blocked + ". Manager marks it as soft failure: another worker will try."
	case v.Block:
		return blocked + ". Manager marks it as hard failure: every other worker tried it as well."
	case again:
		return fmt.Sprintf("%s. Manager marks it as soft failure. %d more failures will cause hard failure.", tries, f.MaxTries-f.Tries)
	}
	return tries + ". Manager marks it as hard failure."
}

// block keeps a worker from tasks of a type in a job. Tasks that are failed because
// of it go back to the queue if some other worker has not tried them yet.
func (u *unit) block(j *store.Job, w *store.Worker, taskType string) {
	u.Block(j, w, taskType)
	u.wake = append(u.wake, beginTopic)
	made := store.JobBlock{Job: j.ID, Block: store.Block{Worker: w.ID, TaskType: taskType, Created: u.BlockedSince(j, w, taskType)}}
	u.AfterCommit(func() {
		u.m.blocks.add(made)
		u.m.sweeper.expect(u.m.config.Load().BlocklistForget)
	})
	u.note(j, nil, fmt.Sprintf("Worker %s blocked from tasks of type %q: it failed %d of them", w.Name, taskType, u.Failures(j, w, taskType)), "")
	u.m.log.Warn("worker blocked: it failed too many tasks", "worker", w.Name, "job", j.ID, "type", taskType)
	why := fmt.Sprintf("worker %s (%s) was blocked from tasks of type %q", w.Name, w.ID, taskType)
	for _, t := range u.FailedBy(j, w, taskType, farm.TaskFailed) {
		if _, untried := u.Capable(t, w); untried == 0 {
			continue
		}
		activity := "Task was queued by Manager because " + why
		u.change(t, farm.TaskRequeued, activity, func(s *farm.TaskState) {
			s.Failures = min(len(s.FailedBy)-1, s.Failures)
			s.Activity = activity
		})
	}
}

// Unblock lifts blocks of a job at a user's request; those that do not exist are
// ignored. A job that failed because no worker was left is requeued if one is now;
// the other blocks stay.
func (m *Manager) Unblock(id farm.JobID, blocks []Block, by ...farm.Actor) error {
	return m.changeJob(id, func(u *unit, j *store.Job) error {
		var lifted []string
		for _, b := range blocks {
			if w, err := u.Worker(b.Worker); err == nil && u.Blocked(j, w, b.TaskType) {
				u.Tx.Unblock(j, w, b.TaskType)
				lifted = append(lifted, fmt.Sprintf("Worker %s unblocked from tasks of type %q", w.Name, b.TaskType))
			}
		}
		for _, what := range lifted {
			u.note(j, by, what, "")
		}
		if len(lifted) > 0 && j.NoWorkersLeft && j.Status() == farm.JobFailed && len(u.TypesWithoutWorkers(j)) == 0 { // nobody canceled it meanwhile
			u.applyVerbOnly(j, farm.Requeue, lifted[0], by)
		}
		return nil
	})
}

// forgive clears all failures and blocks of a job that is requeued.
func (u *unit) forgive(j *store.Job) {
	u.UnblockAll(j, "")
	u.touch(j).refresh = true // no events of their own
	// What the passes leave alone: it was returned, or is tried again, or was
	// completed after a failure. What nobody is blamed for stays with a task that
	// waits or runs: no index has it, and it costs nothing.
	for _, t := range u.Failed(j, farm.TaskQueued, farm.TaskActive, farm.TaskCompleted) {
		u.clearFailures(t)
	}
}

// unblockTypesWithoutWorkers lifts the blocks from task types that no worker is
// left for, when a user requeues a task: it, or what needs it, would wait for ever.
func (u *unit) unblockTypesWithoutWorkers(j *store.Job) {
	for _, taskType := range u.TypesWithoutWorkers(j) {
		u.UnblockAll(j, taskType)
	}
}
