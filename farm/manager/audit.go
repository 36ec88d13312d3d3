package manager

import (
	"fmt"

	"renderfarm/farm"
	"renderfarm/store"
)

// Methods that change a job or a worker on somebody's behalf take the actor as
// their last argument; the change is recorded with the job or worker in the same
// transaction. Without an actor it was the manager itself. A request that changes
// nothing is not recorded.

// submitted is the first change of every job.
const submitted = "Submitted"

func actor(by []farm.Actor) farm.Actor {
	if len(by) == 0 {
		return farm.Actor{}
	}
	return by[0]
}

// note records a change of a job. reason is the user's, and may be empty.
func (u *unit) note(j *store.Job, by []farm.Actor, what, reason string) {
	u.Audit(j, actor(by), withReason(what, reason))
}

// noteWorker records a change of a worker.
func (u *unit) noteWorker(w *store.Worker, by []farm.Actor, what string) {
	u.AuditWorker(w, actor(by), what)
}

func withReason(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// tagName returns a tag's name in quotes, "none" for no tag.
func (u *unit) tagName(id farm.TagID) string {
	if id == "" {
		return "none"
	}
	if tag, err := u.Tag(id); err == nil {
		return fmt.Sprintf("%q", tag.Name)
	}
	return string(id)
}

// Audit returns who did what to a job, or farm.NotFound.
func (m *Manager) Audit(id farm.JobID) (a farm.Audit, err error) {
	err = m.store.View(func(v *store.View) error {
		a, err = v.Audit(id)
		return err
	})
	return a, err
}

// Submitters returns who submitted each of the jobs, see farm.Actor.Who; "" for those that
// are gone.
func (m *Manager) Submitters(jobs []farm.Job) ([]string, error) {
	who := make([]string, len(jobs))
	err := m.store.View(func(v *store.View) error {
		for i := range jobs {
			by, err := v.SubmittedBy(jobs[i].ID)
			if err != nil && farm.KindOf(err) != farm.NotFound {
				return err
			}
			who[i] = by.Who()
		}
		return nil
	})
	return who, err
}

// WorkerAudit returns who did what to a worker, or farm.NotFound.
func (m *Manager) WorkerAudit(id farm.WorkerID) (a farm.Audit, err error) {
	err = m.store.View(func(v *store.View) error {
		a, err = v.WorkerAudit(id)
		return err
	})
	return a, err
}
