package manager

import (
	"context"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
	"renderfarm/store/files"
)

// MaxPreview bounds an uploaded preview, in bytes.
const MaxPreview = 25 << 20

// previewQueue is how many previews may wait to be scaled, all jobs together.
const previewQueue = 2

type preview struct {
	job  farm.JobID
	data []byte
}

// AddPreview takes an image that a task rendered. It is scaled in the
// background; data that is not an image is ignored.
//
// NotFound: no such task. Conflict: not this worker's task. Busy: too many
// previews are waiting, and this one is dropped.
func (m *Manager) AddPreview(id farm.WorkerID, task farm.TaskID, data []byte) error {
	t, _, err := m.Task(task)
	if err != nil {
		return err
	}
	if t.Worker != id {
		return farm.Errorf(farm.Conflict, "task %s is not assigned to this worker", task)
	}
	if t.Status == farm.TaskActive {
		m.heartbeats.note(task)
	}
	select {
	case m.previews <- preview{t.Job, data}:
		return nil
	default:
		return farm.Errorf(farm.Busy, "too many previews are waiting: this one is not shown, the next may be")
	}
}

// makePreviews scales previews one after the other.
func (m *Manager) makePreviews(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-m.previews:
			if err := m.makePreview(p); err != nil {
				m.log.Warn("cannot make a preview of a rendered image", "job", p.job, "error", err)
			}
		}
	}
}

func (m *Manager) makePreview(p preview) error {
	if err := m.files.SavePreview(p.job, p.data); err != nil {
		return err
	}
	gone := false
	err := m.update(func(u *unit) error {
		if _, err := u.liveJob(p.job); err != nil {
			gone = true
			return nil
		}
		u.SetLastRendered(p.job)
		u.event(events.PreviewMade{Job: p.job})
		return nil
	})
	if gone { // deleted while the image was scaled
		return m.files.RemoveJob(p.job)
	}
	return err
}

// LastRendered returns the job that rendered an image last, and whether there is one.
func (m *Manager) LastRendered() (job farm.JobID, ok bool, err error) {
	err = m.store.View(func(v *store.View) error {
		job = v.LastRendered()
		return nil
	})
	return job, err == nil && job != "" && m.files.HasPreview(job), err
}

// HasPreview reports whether a job has a last rendered image; NotFound if there
// is no such job.
func (m *Manager) HasPreview(id farm.JobID) (bool, error) {
	if _, _, err := m.Job(id); err != nil {
		return false, err
	}
	return m.files.HasPreview(id), nil
}

// JobHasPreview is HasPreview for a job that is known to exist.
func (m *Manager) JobHasPreview(id farm.JobID) bool { return m.files.HasPreview(id) }

// PreviewPath returns the folder of a job's files below that of all files, and
// the names of the previews in it, largest first.
func PreviewPath(id farm.JobID) (dir string, names []string) {
	return files.Dir(id), files.PreviewNames()
}
