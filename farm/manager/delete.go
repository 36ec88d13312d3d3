package manager

import (
	"context"
	"errors"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

// removeBatch is how many records of a job are deleted in one transaction; a
// variable for tests.
var removeBatch = 10_000

// DeleteJob marks a job for deletion: its workers stop, and its records, checkout,
// logs and previews are removed in the background. Frames are never deleted, nor
// .blend files outside the checkout. After a crash the next start continues.
func (m *Manager) DeleteJob(id farm.JobID, by ...farm.Actor) error {
	err := m.update(func(u *unit) error {
		j, err := u.JobToRemove(id)
		if err != nil {
			return err
		}
		u.markDeleted(j, by)
		return nil
	})
	if err == nil {
		m.wakeDeleter()
	}
	return err
}

func (u *unit) markDeleted(j *store.Job, by []farm.Actor) {
	if !j.Deleting.IsZero() {
		return
	}
	u.note(j, by, "Asked to delete it", "")
	u.touch(j).because = "it is being deleted"
	j.Pass = farm.Pass{} // nothing is left to continue
	if !j.Status().Over() {
		j.Intent = farm.IntentAbort
	}
	j.RetryAt = time.Time{}
	j.Deleting = u.Now()
}

// DeleteJobs marks all jobs for deletion that were last updated at or before the
// time, rounded up to a whole second. NothingDone if there are none.
func (m *Manager) DeleteJobs(updatedUntil time.Time, by ...farm.Actor) error {
	if whole := updatedUntil.Truncate(time.Second); whole.Before(updatedUntil) {
		updatedUntil = whole.Add(time.Second)
	}
	found := 0
	err := m.allJobs(func(jobs []farm.Job) error {
		var ids []farm.JobID
		for _, j := range jobs {
			if !j.Updated.After(updatedUntil) && j.Deleting.IsZero() {
				ids = append(ids, j.ID)
			}
		}
		found += len(ids)
		return m.markAll(ids, updatedUntil, by)
	})
	if err != nil {
		return err
	}
	if found == 0 {
		return farm.Errorf(farm.NothingDone, "no job was last updated at or before %s", updatedUntil.Format(time.RFC3339))
	}
	m.wakeDeleter()
	return nil
}

// markAll marks those of the jobs that still meet the condition.
func (m *Manager) markAll(ids []farm.JobID, updatedUntil time.Time, by []farm.Actor) error {
	if len(ids) == 0 {
		return nil
	}
	return m.update(func(u *unit) error {
		for _, id := range ids {
			if j, err := u.JobToRemove(id); err == nil && !j.Updated.After(updatedUntil) {
				u.markDeleted(j, by)
			}
		}
		return nil
	})
}

func (m *Manager) wakeDeleter() {
	select {
	case m.deletes <- struct{}{}:
	default: // it will look anyway
	}
}

// deleteRetry is when deleting is tried again after it failed, for example
// because a file is open elsewhere.
const deleteRetry = time.Minute

// deleteJobs removes the jobs that are marked, now and whenever woken.
func (m *Manager) deleteJobs(ctx context.Context) {
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.deletes:
		case <-retry:
		}
		retry = nil
		if err := m.deleteMarked(ctx); err != nil {
			m.log.Error("cannot delete a job; trying again in a minute", "error", err)
			retry = time.After(deleteRetry)
		}
	}
}

func (m *Manager) deleteMarked(ctx context.Context) error {
	var ids []farm.JobID
	if err := m.store.View(func(v *store.View) error { ids = v.JobsDeleting(); return nil }); err != nil {
		return err
	}
	var errs []error // one that cannot be deleted now must not keep the others
	for _, id := range ids {
		errs = append(errs, m.removeJob(ctx, id))
	}
	return errors.Join(errs...)
}

// removeJob removes the checkout and the files of a job, then its records, some
// at a time so that others are not kept waiting.
func (m *Manager) removeJob(ctx context.Context, id farm.JobID) error {
	if err := errors.Join(m.removeCheckout(id), m.removeCopies(id)); err != nil {
		return err
	}
	if err := m.files.RemoveJob(id); err != nil {
		return err
	}
	for done := false; !done && ctx.Err() == nil; {
		err := m.update(func(u *unit) error {
			j, err := u.JobToRemove(id)
			if err != nil {
				return err
			}
			if status, tasks := j.Status(), j.Counts; !j.Removing() { // else it was counted out before a restart
				u.AfterCommit(func() { m.tally.removed(status, tasks) })
			}
			if done = u.RemoveJob(j, removeBatch); done {
				u.event(events.JobDeleted{Job: id})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil // the next start goes on
	}
	m.log.Info("job deleted", "job", id)
	return m.files.RemoveJob(id) // what was written by a worker that had not heard of it
}
