package manager

import (
	"fmt"

	"renderfarm/farm"
	"renderfarm/store"
)

// SetJobStatus does what a wished-for job status means: cancel, pause, resume
// or requeue the job. Asking for the status it has changes nothing.
//
// NotFound; Invalid: a status nobody can ask for.
func (m *Manager) SetJobStatus(id farm.JobID, wanted farm.JobStatus, reason string) error {
	verb, ok := farm.VerbFor(wanted)
	if !ok {
		return farm.Errorf(farm.Invalid, "a job becomes %s by itself: ask for cancel-requested, pause-requested, requeueing or queued", wanted)
	}
	return m.update(func(u *unit) error {
		j, err := u.liveJob(id)
		if err != nil {
			return err
		}
		if j.Status() != wanted {
			u.apply(j, verb, reason)
		}
		return nil
	})
}

// apply does a verb to a job.
func (u *unit) apply(j *store.Job, verb farm.Verb, reason string) {
	row, ok := verb.Row(j.Status())
	if !ok {
		return
	}
	touched := u.touch(j)
	touched.because = reason
	j.Intent = row.Intent
	if row.Verb == farm.Requeue {
		j.Insist = false
	}
	if len(row.Tasks) == 0 {
		return
	}
	touched.many = true // readers are told to fetch the tasks again
	activity := fmt.Sprintf("%s: %s", verb, reason)
	for _, t := range collect(j.TasksIn(row.Tasks...)) {
		before := t.State().Status
		if !u.move(t, row.Event, func(s *farm.TaskState) { s.Activity = activity; s.FailedBy = nil }) {
			continue
		}
		if before == farm.TaskActive {
			u.logTask(t, activity)
		}
		if row.Event == farm.TaskDropped {
			u.spread(t) // when all are requeued, those that need them are too
		}
	}
}

// SetJobPriority changes the priority of a job; the next assignments heed it.
func (m *Manager) SetJobPriority(id farm.JobID, priority int) error {
	return m.changeJob(id, func(u *unit, j *store.Job) error {
		j.Priority = priority
		return nil
	})
}

// SetJobTag restricts a job to the workers with a tag, named by id or else by
// name; with neither, any worker may take it. UnknownTag if there is no such tag.
func (m *Manager) SetJobTag(id farm.JobID, tag farm.TagID, name string) error {
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
		j.Tag = tag
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

// SetTaskStatus cancels or requeues one task, as a user's wish. Tasks that need
// it follow. Asking for the status it has changes nothing.
//
// NotFound; Invalid: another status; Conflict: the task cannot get there now.
func (m *Manager) SetTaskStatus(id farm.TaskID, wanted farm.TaskStatus, reason string) error {
	var event farm.TaskEvent
	switch wanted {
	case farm.TaskCanceled:
		event = farm.TaskDropped
	case farm.TaskQueued:
		event = farm.TaskRequeued
	default:
		return farm.Errorf(farm.Invalid, "a user can cancel a task (canceled) or requeue it (queued), not make it %s", wanted)
	}
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
			return u.clearFailures(t)
		}
		if _, ok := before.After(event); !ok && before != wanted {
			return farm.Errorf(farm.Conflict, "the task is %s and cannot become %s", before, wanted)
		}
		if wanted == farm.TaskQueued && t.Spoiled() {
			return farm.Errorf(farm.Conflict, "the task needs one that failed or was canceled: requeue that one, and this one follows")
		}
		u.touch(t.Job).because = reason
		if wanted == farm.TaskQueued {
			u.wantAgain(t)
		}
		u.move(t, event, func(s *farm.TaskState) { s.Activity = reason; s.FailedBy = nil })
		u.logTask(t, fmt.Sprintf("task changed status %s -> %s: %s", shown, wanted, reason))
		u.spread(t)
		return nil
	})
}

// wantAgain lets the job of a task that is to be requeued run.
func (u *unit) wantAgain(t store.Task) {
	switch status := t.Job.Status(); {
	case status.TakesBack():
		u.revive(t)
	case status == farm.JobCompleted:
		t.Job.Intent = farm.IntentRun // it may have been held while it completed
	}
}

// liveJob returns a job that nobody asked to delete.
func (u *unit) liveJob(id farm.JobID) (*store.Job, error) {
	j, err := u.Job(id)
	if err == nil && !j.Deleting.IsZero() {
		return nil, farm.Errorf(farm.Conflict, "job %q is being deleted", j.Name)
	}
	return j, err
}

// clearFailures lets every worker try a task again that a user asked to requeue
// and that is queued already.
func (u *unit) clearFailures(t store.Task) error {
	if state := t.State(); len(state.FailedBy) > 0 {
		state.FailedBy = nil
		u.SetTask(t, state)
		u.taskEvent(t, state.Status)
	}
	return nil
}

// revive lets an aborted or failed job run again for the sake of one task: what
// waited in it was canceled with it and stays canceled, except what the task needs.
func (u *unit) revive(task store.Task) {
	wanted := map[int]bool{task.Index: true}
	for todo := []store.Task{task}; len(todo) > 0; {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for needed := range t.Needs() {
			if !wanted[needed.Index] {
				wanted[needed.Index] = true
				todo = append(todo, needed)
			}
		}
	}
	u.touch(task.Job).many = true
	for _, t := range collect(task.Job.TasksIn(farm.TaskQueued, farm.TaskSoftFailed)) {
		if !wanted[t.Index] {
			u.move(t, farm.TaskDropped, nil)
		}
	}
	task.Job.Intent, task.Job.Insist = farm.IntentRun, true
}
