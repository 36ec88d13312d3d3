package manager

import (
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
	"renderfarm/store/files"
)

// Comments returns what people wrote about the frames of a job, the oldest first.
func (m *Manager) Comments(id farm.JobID) ([]farm.Comment, error) {
	if _, _, err := m.Job(id); err != nil {
		return nil, err
	}
	c, err := m.files.Comments(id)
	return c.List, err
}

// AddComment keeps a comment on a frame of a job, and returns it with its number. It is on
// the disk when this returns, and goes with the job.
//
// Invalid: see farm.Comment.Clean. Conflict: the job has farm.MaxComments.
func (m *Manager) AddComment(id farm.JobID, c farm.Comment, by farm.Actor) (farm.Comment, error) {
	if err := c.Clean(); err != nil {
		return c, err
	}
	c.By, c.Time = by, time.Now().UTC().Truncate(time.Millisecond)
	err := m.changeComments(id, by, func(kept *files.Comments) (string, error) {
		if len(kept.List) >= farm.MaxComments {
			return "", farm.Errorf(farm.Conflict, "this job has %d comments, which is as many as are kept: remove some", farm.MaxComments)
		}
		kept.Last++
		c.ID = kept.Last
		kept.List = append(kept.List, c)
		return fmt.Sprintf("Comment on frame %d", c.Frame), nil
	})
	return c, err
}

// RemoveComment removes a comment of a job. NotFound: there is none of this number.
func (m *Manager) RemoveComment(id farm.JobID, number int, by farm.Actor) error {
	return m.changeComments(id, by, func(kept *files.Comments) (string, error) {
		i := slices.IndexFunc(kept.List, func(c farm.Comment) bool { return c.ID == number })
		if i < 0 {
			return "", farm.Errorf(farm.NotFound, "this job has no comment %d: somebody may have removed it", number)
		}
		what := fmt.Sprintf("Comment on frame %d removed", kept.List[i].Frame)
		kept.List = slices.Delete(kept.List, i, i+1)
		return what, nil
	})
}

// changeComments changes the comments of a job, one change at a time. change says what it does.
func (m *Manager) changeComments(id farm.JobID, by farm.Actor, change func(*files.Comments) (string, error)) error {
	m.commentsMu.Lock()
	defer m.commentsMu.Unlock()
	if _, _, err := m.Job(id); err != nil {
		return err
	}
	kept, err := m.files.Comments(id)
	if err != nil {
		return err
	}
	what, err := change(&kept)
	if err != nil {
		return err
	}
	if err := m.files.SaveComments(id, kept); err != nil {
		return err
	}
	err = m.changeJob(id, func(u *unit, j *store.Job) error {
		u.note(j, []farm.Actor{by}, what, "")
		u.event(events.CommentsChanged{Job: id})
		return nil
	})
	if farm.KindOf(err) == farm.NotFound { // deleted meanwhile, and its files before these were written
		m.files.RemoveJob(id)
	}
	return err
}
