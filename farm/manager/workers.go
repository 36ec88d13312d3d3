package manager

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

// Workers returns the workers that were not deleted.
func (m *Manager) Workers() (workers []farm.Worker, err error) {
	err = m.store.View(func(v *store.View) error {
		all, err := v.Workers()
		for _, w := range all {
			if w.Deleted.IsZero() {
				workers = append(workers, m.withSeen(w))
			}
		}
		return err
	})
	return workers, err
}

// Worker returns one worker; NotFound if it does not exist or was deleted.
func (m *Manager) Worker(id farm.WorkerID) (w farm.Worker, err error) {
	err = m.store.View(func(v *store.View) error {
		w, err = v.Worker(id)
		return err
	})
	if err == nil && !w.Deleted.IsZero() {
		err = unknownWorker(id)
	}
	return m.withSeen(w), err
}

func unknownWorker(id farm.WorkerID) error {
	return farm.Errorf(farm.NotFound, "no such worker: %s", id)
}

// changeWorker changes a worker that was not deleted.
func (m *Manager) changeWorker(id farm.WorkerID, fn func(u *unit, w *store.Worker) error) error {
	return m.update(func(u *unit) error {
		w, err := u.Worker(id)
		if err != nil {
			return err
		}
		if !w.Deleted.IsZero() {
			return unknownWorker(id)
		}
		before := w.Status
		if err := fn(u, w); err != nil {
			return err
		}
		u.workerEvent(w, before)
		return nil
	})
}

// RequestStatus asks a worker to take a status. Asking for the one it has takes
// an earlier request back. PreconditionFailed: a restart of a worker that cannot.
func (m *Manager) RequestStatus(id farm.WorkerID, r farm.StatusRequest, by ...farm.Actor) error {
	return m.changeWorker(id, func(u *unit, w *store.Worker) error {
		switch r.Status {
		case farm.WorkerAwake, farm.WorkerAsleep, farm.WorkerOffline:
		case farm.WorkerRestart:
			if !w.CanRestart {
				return farm.Errorf(farm.PreconditionFailed, "worker %s cannot restart: start it with --restart-exit-code under something that starts it again", w.Name)
			}
		default:
			return farm.Errorf(farm.Invalid, "a worker can be asked to be awake, asleep, offline or to restart, not to be %s", r.Status)
		}
		u.noteWorker(w, by, requestText(r))
		if r.Status == w.Status {
			r = farm.StatusRequest{}
		}
		w.Request = r
		return nil
	})
}

func requestText(r farm.StatusRequest) string {
	if r.Lazy {
		return fmt.Sprintf("Asked to be %s after its task", r.Status)
	}
	return fmt.Sprintf("Asked to be %s now", r.Status)
}

// SetWorkerTags replaces the tags of a worker; unknown ones are skipped.
func (m *Manager) SetWorkerTags(id farm.WorkerID, tags []farm.TagID, by ...farm.Actor) error {
	return m.changeWorker(id, func(u *unit, w *store.Worker) error {
		w.Tags = nil
		for _, tag := range tags {
			if _, err := u.Tag(tag); err == nil && !slices.Contains(w.Tags, tag) {
				w.Tags = append(w.Tags, tag)
			}
		}
		names := make([]string, len(w.Tags))
		for i, tag := range w.Tags {
			names[i] = u.tagName(tag)
		}
		u.noteWorker(w, by, "Tags: "+cmp.Or(strings.Join(names, ", "), "none"))
		return nil
	})
}

// ApproveWorker lets a worker that waited for approval take tasks. For one that did
// not it does nothing.
func (m *Manager) ApproveWorker(id farm.WorkerID, by ...farm.Actor) error {
	return m.changeWorker(id, func(u *unit, w *store.Worker) error {
		if w.Unapproved {
			u.noteWorker(w, by, "Approved")
			w.Unapproved = false
		}
		return nil
	})
}

// DeleteWorker makes the farm forget a worker: what it was working on is
// returned, and its credentials are refused from now on.
func (m *Manager) DeleteWorker(id farm.WorkerID, by ...farm.Actor) error {
	return m.changeWorker(id, func(u *unit, w *store.Worker) error {
		u.noteWorker(w, by, "Deleted")
		u.returnAll(w, "worker is being deleted")
		w.Deleted = u.Now()
		w.Request = farm.StatusRequest{}
		return nil
	})
}

// Tags returns the worker tags.
func (m *Manager) Tags() (tags []farm.Tag, err error) {
	err = m.store.View(func(v *store.View) error {
		tags, err = v.Tags()
		return err
	})
	return tags, err
}

// Tag returns a worker tag; NotFound if there is no such tag.
func (m *Manager) Tag(id farm.TagID) (tag farm.Tag, err error) {
	err = m.store.View(func(v *store.View) error {
		tag, err = v.Tag(id)
		return err
	})
	return tag, err
}

// CreateTag makes a tag; an empty id gets a random one. Conflict if the name or
// the id is taken.
func (m *Manager) CreateTag(tag farm.Tag) (farm.Tag, error) {
	tag.Name = strings.TrimSpace(tag.Name)
	if tag.ID == "" {
		tag.ID = farm.TagID(farm.NewUUID().String())
	}
	return tag, m.update(func(u *unit) error {
		if err := u.tagFree(tag); err != nil {
			return err
		}
		if _, err := u.Tag(tag.ID); err == nil {
			return farm.Errorf(farm.Conflict, "there is a worker tag with id %s already", tag.ID)
		}
		u.PutTag(tag)
		u.event(events.TagChanged{Tag: tag})
		return nil
	})
}

// tagFree checks that a tag's name is usable and not another tag's.
func (u *unit) tagFree(tag farm.Tag) error {
	if err := checkTagName(tag.Name); err != nil {
		return err
	}
	for _, other := range u.Tags() {
		if other.Name == tag.Name && other.ID != tag.ID {
			return farm.Errorf(farm.Conflict, "there is a worker tag called %q already: choose another name", tag.Name)
		}
	}
	return nil
}

func checkTagName(name string) error {
	if name == "" || len(name) > maxName {
		return farm.Errorf(farm.Invalid, "the name of a worker tag has 1 to %d bytes", maxName)
	}
	return nil
}

// UpdateTag renames a tag and, if one is given, changes its description.
func (m *Manager) UpdateTag(id farm.TagID, name string, description *string) error {
	return m.update(func(u *unit) error {
		tag, err := u.Tag(id)
		if err != nil {
			return err
		}
		tag.Name = strings.TrimSpace(name)
		if description != nil {
			tag.Description = *description
		}
		if err := u.tagFree(tag); err != nil {
			return err
		}
		u.PutTag(tag)
		u.event(events.TagChanged{Tag: tag})
		return nil
	})
}

// DeleteTag removes a tag from the farm, its workers and its jobs; those jobs
// are then for any worker.
func (m *Manager) DeleteTag(id farm.TagID) error {
	tagged, err := m.jobsTagged(id)
	if err != nil {
		return err
	}
	return m.update(func(u *unit) error {
		if _, err := u.Tag(id); err != nil {
			return err
		}
		for w := range u.Workers() {
			if i := slices.Index(w.Tags, id); i >= 0 {
				w.Tags = slices.Delete(slices.Clone(w.Tags), i, i+1)
				if !w.Deleted.IsZero() { // readers know it no more, and nobody counts it
					u.SaveWorker(w)
					continue
				}
				u.workerEvent(w, w.Status)
			}
		}
		for _, job := range tagged {
			if j, err := u.liveJob(job); err == nil && j.Tag == id {
				j.Tag = ""
				u.touch(j)
			}
		}
		u.RemoveTag(id)
		u.event(events.TagChanged{Tag: farm.Tag{ID: id}, Deleted: true})
		return nil
	})
}

func (m *Manager) jobsTagged(id farm.TagID) (tagged []farm.JobID, err error) {
	err = m.allJobs(func(jobs []farm.Job) error {
		for _, j := range jobs {
			if j.Tag == id {
				tagged = append(tagged, j.ID)
			}
		}
		return nil
	})
	return tagged, err
}
