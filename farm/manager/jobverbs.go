package manager

import (
	"fmt"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// SetJobStatus does what the requested job status means: cancel, pause, resume or
// requeue the job. Requesting the status it has changes nothing.
//
// NotFound; Invalid: a status nobody can ask for.
func (m *Manager) SetJobStatus(id farm.JobID, wanted farm.JobStatus, reason string, by ...farm.Actor) error {
	verb, ok := farm.VerbFor(wanted)
	return m.update(func(u *unit) error {
		j, err := u.liveJob(id)
		switch {
		case err != nil:
			return err
		case !ok && j.Status() == wanted:
			return nil // asking for what is there changes nothing
		case !ok:
			return farm.Errorf(farm.Invalid, "a job becomes %s by itself: ask for cancel-requested, pause-requested, requeueing or queued", wanted)
		}
		// Who asks to pause a job that the manager holds makes the hold their own.
		if status := j.Status(); status != wanted || status == farm.JobRequeueing || !j.RetryAt.IsZero() {
			u.applyVerb(j, verb, reason, by)
		}
		return nil
	})
}

// RequeueFailed requeues the failed tasks of a job, and those that were canceled
// because of them.
//
// NotFound; Conflict: no task failed, or a requeueing of the job is under way.
func (m *Manager) RequeueFailed(id farm.JobID, reason string, by ...farm.Actor) error {
	return m.update(func(u *unit) error {
		j, err := u.liveJob(id)
		switch {
		case err != nil:
			return err
		case j.Pass.InProgress():
			return errRequeueing(j)
		case j.Counts[farm.TaskFailed] == 0:
			return farm.Errorf(farm.Conflict, "no task of job %q failed: there is nothing to do again", j.Name)
		}
		u.applyVerb(j, farm.RequeueFailed, reason, by)
		return nil
	})
}

// applyVerb applies a verb to a job on somebody's behalf.
func (u *unit) applyVerb(j *store.Job, verb farm.Verb, reason string, by []farm.Actor) {
	if row, ok := verb.Row(j.Status()); ok && row.Pass != farm.NoPass {
		u.forgive(j)
	}
	u.applyVerbOnly(j, verb, reason, by)
}

// applyVerbOnly is applyVerb without clearing failures and blocks.
func (u *unit) applyVerbOnly(j *store.Job, verb farm.Verb, reason string, by []farm.Actor) {
	row, ok := verb.Row(j.Status())
	if !ok {
		return
	}
	u.note(j, by, verb.String(), reason)
	touched := u.touch(j)
	touched.because = reason
	if verb == farm.Pause || j.Intent != row.Intent {
		j.RetryAt = time.Time{} // the user takes over from the manager
	}
	j.Intent = row.Intent
	if row.Pass != farm.NoPass {
		j.KeepGoing, j.NoWorkersLeft, j.GivenUp = false, false, false
		touched.refresh = true // readers are told to fetch the tasks again
		u.begin(j, farm.Pass{Kind: row.Pass, Reason: reason})
		return
	}
	if len(row.Tasks) == 0 {
		return
	}
	touched.refresh = true
	activity := fmt.Sprintf("%s: %s", verb, reason)
	for t := range j.TasksIn(row.Tasks...) {
		u.change(t, row.Event, activity, func(s *farm.TaskState) { s.Activity = activity; s.Forgive() })
	}
}

// SetJobPriority changes the priority of a job, from the next assignment on.
func (m *Manager) SetJobPriority(id farm.JobID, priority int, by ...farm.Actor) error {
	return m.changeJob(id, func(u *unit, j *store.Job) error {
		if j.Priority != priority {
			u.note(j, by, fmt.Sprintf("Priority changed from %d to %d", j.Priority, priority), "")
		}
		j.Priority = priority
		u.wake = append(u.wake, beginTopic)
		return nil
	})
}

// SetJobTag restricts a job to the workers with a tag, named by id or else by
// name; with neither, any worker may take it. UnknownTag if there is no such tag.
func (m *Manager) SetJobTag(id farm.JobID, tag farm.TagID, name string, by ...farm.Actor) error {
	return m.changeJob(id, func(u *unit, j *store.Job) error {
		if tag == "" && name != "" {
			for _, t := range u.Tags() {
				if t.Name == name {
					tag = t.ID
				}
			}
			if tag == "" {
				return farm.Errorf(farm.UnknownTag, "no worker tag is called %q", name)
			}
		}
		if err := u.tagExists(tag); err != nil {
			return err
		}
		if j.Tag != tag {
			u.note(j, by, fmt.Sprintf("Tag changed from %s to %s", u.tagName(j.Tag), u.tagName(tag)), "")
		}
		j.Tag = tag
		u.wake = append(u.wake, beginTopic)
		return nil
	})
}

// changeJob changes a job with fn, which checks before it changes anything.
func (m *Manager) changeJob(id farm.JobID, fn func(u *unit, j *store.Job) error) error {
	return m.update(func(u *unit) error {
		j, err := u.liveJob(id)
		if err != nil {
			return err
		}
		if err := fn(u, j); err != nil {
			return err
		}
		u.touch(j)
		return nil
	})
}

// taskRequests are the statuses that a user can request of a task, and what
// happens to it then.
var taskRequests = map[farm.TaskStatus]farm.TaskEvent{farm.TaskCanceled: farm.TaskDropped, farm.TaskQueued: farm.TaskRequeued}

// SetTaskStatus cancels or requeues one task at a user's request. Tasks that need
// it follow. Requesting the status it has changes nothing.
//
// NotFound; Invalid: another status; Conflict: the task's present status does not allow it.
func (m *Manager) SetTaskStatus(id farm.TaskID, wanted farm.TaskStatus, reason string, by ...farm.Actor) error {
	event, possible := taskRequests[wanted]
	return m.update(func(u *unit) error {
		t, err := u.Task(id)
		if err != nil {
			return err
		}
		if _, err := u.liveJob(t.Job.ID); err != nil {
			return err
		}
		before := t.State().Status
		shown := farm.ShownStatus(before, t.Job.Status())
		if shown == wanted || before == wanted && !t.Job.Status().TakesBack() {
			if wanted == farm.TaskQueued {
				u.clearFailures(t)
				u.forgetRest(t)
			}
			return nil
		}
		if !possible {
			return farm.Errorf(farm.Invalid, "a user can cancel a task (canceled) or requeue it (queued), not make it %s", wanted)
		}
		if t.Job.Pass.InProgress() {
			return errRequeueing(t.Job)
		}
		if _, ok := before.After(event); !ok && before != wanted {
			return farm.Errorf(farm.Conflict, "the task is %s and cannot become %s", before, wanted)
		}
		if wanted == farm.TaskQueued && t.Spoiled() {
			return farm.Errorf(farm.Conflict, "the task needs one that failed or was canceled: requeue that one, and this one follows")
		}
		u.touch(t.Job).because = reason
		u.note(t.Job, by, fmt.Sprintf("Task %d changed from %s to %s", t.Index+1, shown, wanted), reason)
		line := fmt.Sprintf("task changed status %s -> %s: %s", shown, wanted, reason)
		if wanted == farm.TaskQueued {
			u.logTask(t, line)
			u.unblockTypesWithoutWorkers(t.Job)
			u.requeueTask(t, reason)
			return nil
		}
		u.change(t, event, line, func(s *farm.TaskState) { s.Activity = reason; s.Forgive() })
		return nil
	})
}

// requeueTask requeues one task with what needs it, and lets its job run.
func (u *unit) requeueTask(t store.Task, reason string) {
	j, pass := t.Job, farm.Pass{Kind: farm.PassRequeueTask, Root: t.Index, Reason: reason}
	switch status := j.Status(); {
	case status.TakesBack():
		u.touch(j).refresh = true
		j.Intent, j.KeepGoing, j.NoWorkersLeft, j.GivenUp = farm.IntentRun, true, false, false
		j.RetryAt = time.Time{}
		pass.Kind = farm.PassRevive
	case status == farm.JobCompleted:
		j.Intent, j.RetryAt = farm.IntentRun, time.Time{} // it may have been held while it completed
	}
	if t.Status() == farm.TaskQueued {
		u.clearFailures(t) // the pass leaves it alone
		u.forgetRest(t)
	}
	u.begin(j, pass)
}

// liveJob returns a job that is not being deleted.
func (u *unit) liveJob(id farm.JobID) (*store.Job, error) {
	j, err := u.Job(id)
	if err == nil && !j.Deleting.IsZero() {
		return nil, farm.Errorf(farm.Conflict, "job %q is being deleted", j.Name)
	}
	return j, err
}

// clearFailures lets every worker try a task again that a user asked to requeue
// and that is queued already.
func (u *unit) clearFailures(t store.Task) {
	if state := t.State(); state.Failures+state.Excused > 0 || len(state.FailedBy) > 0 {
		state.Forgive()
		u.SetTask(t, state)
		u.taskEvent(t, state.Status)
	}
}
