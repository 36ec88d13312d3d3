package manager

import (
	"fmt"
	"slices"

	"renderfarm/farm"
	"renderfarm/store"
)

// fail judges a task that its worker failed, and applies the verdict. what is
// what happened to the task, for its log: "failed by" or "timed out on" a worker.
// wrong means that the worker cannot do such tasks of the job. edit adds to the new
// state.
func (u *unit) fail(t store.Task, w *store.Worker, what string, wrong bool, edit func(*farm.TaskState)) {
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
		InRow: did.InRow, Done: did.Done, OthersFailed: did.OthersFailed, OthersDone: did.OthersDone, WrongWorker: wrong}
	if wrong {
		f.Tries-- // it was no try
	}
	if j.Pass.InProgress() {
		f.MaxFailed = 0 // the pass forgives what was failed: nobody is blocked for it
	}
	v := farm.Judge(f)

	next, _ := state.Status.After(v.Task)
	u.logTask(t, fmt.Sprintf("Task %s worker %s (%s), %s", what, w.Name, w.ID, sentence(v, f, taskType)))
	u.change(t, v.Task, fmt.Sprintf("task changed status active -> %s", next), func(s *farm.TaskState) {
		edit(s)
		s.Fail()
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

// triesOfOthers is how often the task failed, as far as the worker that holds
// it, whose failures do not count any more, is not to blame.
func triesOfOthers(s *farm.TaskState) int {
	n := len(s.FailedBy)
	if slices.Contains(s.FailedBy, s.Worker) {
		n--
	}
	return n
}

// sentence states the verdict for the task's log.
func sentence(v farm.Verdict, f farm.Failure, taskType string) string {
	tries := fmt.Sprintf("try %d of %d", f.Tries, max(f.MaxTries, 1))
	blocked := fmt.Sprintf("which failed %d tasks of type %q in this job and gets no more of them from it", f.Failed, taskType)
	if f.WrongWorker {
		blocked = fmt.Sprintf("which cannot do tasks of type %q of this job and gets no more of them from it", taskType)
	}
	switch again := v.Task == farm.TaskAttemptFailed; {
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
			s.Failures = len(s.FailedBy) - 1
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
	// completed after a failure.
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
