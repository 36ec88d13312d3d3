package manager

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
	"renderfarm/store/files"
)

// pageSize is how many records are read in one transaction; none is held open
// while a client reads its answer.
const pageSize = 512

// Place is a position in the list of jobs. It stays valid when jobs are deleted.
type Place uint32

// PlaceOf returns the place behind a job, "" for the beginning.
func (m *Manager) PlaceOf(id farm.JobID) (place Place, err error) {
	if id == "" {
		return 0, nil
	}
	err = m.store.View(func(v *store.View) error {
		number, err := v.JobNumber(id)
		place = Place(number)
		return err
	})
	return place, err
}

// Jobs returns at most limit jobs in the order of submission from a place on,
// those being deleted included, and the place to go on from.
func (m *Manager) Jobs(from Place, limit int) (jobs []farm.Job, next Place, err error) {
	err = m.store.View(func(v *store.View) error {
		var last uint32
		jobs, last, err = v.JobsAfter(uint32(from), limit)
		next = Place(last)
		return err
	})
	return jobs, next, err
}

// allJobs calls f with all jobs, some at a time.
func (m *Manager) allJobs(f func(jobs []farm.Job) error) error {
	for place := Place(0); ; {
		jobs, next, err := m.Jobs(place, pageSize)
		if err != nil {
			return err
		}
		if err := f(jobs); err != nil {
			return err
		}
		if len(jobs) < pageSize {
			return nil
		}
		place = next
	}
}

// Job returns a job and its constant part.
func (m *Manager) Job(id farm.JobID) (job farm.Job, detail farm.JobDetail, err error) {
	err = m.store.View(func(v *store.View) error {
		if job, err = v.Job(id); err != nil {
			return err
		}
		detail, err = v.JobDetail(id)
		return err
	})
	return job, detail, err
}

// JobsOf returns the jobs with the ids, without those that are gone.
func (m *Manager) JobsOf(ids []farm.JobID) (jobs []farm.Job, err error) {
	err = m.store.View(func(v *store.View) error {
		for _, id := range ids {
			j, err := v.Job(id)
			if farm.KindOf(err) == farm.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

// JobNames returns the names of jobs, without those that are gone.
func (m *Manager) JobNames(ids []farm.JobID) (map[farm.JobID]string, error) {
	slices.Sort(ids)
	jobs, err := m.JobsOf(slices.Compact(ids))
	names := map[farm.JobID]string{}
	for i := range jobs {
		names[jobs[i].ID] = jobs[i].Name
	}
	return names, err
}

// Tasks returns at most limit tasks of a job, without their commands, after the
// given index (-1 for the first), and the status of the job.
func (m *Manager) Tasks(job farm.JobID, after, limit int) (tasks []farm.Task, status farm.JobStatus, err error) {
	err = m.store.View(func(v *store.View) error {
		j, err := v.Job(job)
		if err != nil {
			return err
		}
		status = j.Status()
		tasks, err = v.Tasks(job, after, limit)
		return err
	})
	return tasks, status, err
}

// Task returns a whole task, with when its worker last gave a sign of life, and
// the status of its job.
func (m *Manager) Task(id farm.TaskID) (task farm.Task, status farm.JobStatus, err error) {
	err = m.store.View(func(v *store.View) error {
		if task, err = v.Task(id); err != nil {
			return err
		}
		j, err := v.Job(task.Job)
		status = j.Status()
		return err
	})
	if at := m.heartbeats.get(id); at.After(task.Touched) {
		task.Touched = at
	}
	return task, status, err
}

// A TaskOf is a task, and the status of its job.
type TaskOf struct {
	farm.Task
	JobStatus farm.JobStatus
}

// TasksOf returns the tasks with the ids, without those that are gone. Many of one job
// cost little more than a few.
func (m *Manager) TasksOf(ids []farm.TaskID) (map[farm.TaskID]TaskOf, error) {
	ids = slices.Sorted(slices.Values(ids)) // neighbours one after the other
	found := map[farm.TaskID]TaskOf{}
	err := m.store.View(func(v *store.View) error {
		for _, id := range ids {
			t, err := v.Task(id)
			if err != nil {
				continue // it went with its job, or is damaged
			}
			j, err := v.Job(t.Job)
			if err != nil {
				continue
			}
			found[id] = TaskOf{t, j.Status()}
		}
		return nil
	})
	for id, t := range found {
		if at := m.heartbeats.get(id); at.After(t.Touched) {
			t.Touched = at
			found[id] = t
		}
	}
	return found, err
}

// TaskName returns the name of a task, or "" if it is gone.
func (m *Manager) TaskName(id farm.TaskID) string {
	planned, err := m.store.Planned(id)
	if err != nil {
		return ""
	}
	return planned.Name
}

// Block says that a worker gets no more tasks of a type from a job.
type Block = store.Block

// Blocklist returns who is blocked from which task types of a job; none for an
// unknown job.
func (m *Manager) Blocklist(id farm.JobID) (blocked []Block, err error) {
	err = m.store.View(func(v *store.View) error {
		blocked, err = v.Blocklist(id)
		return err
	})
	if farm.KindOf(err) == farm.NotFound {
		return nil, nil
	}
	return blocked, err
}

// TaskLog tells where the log of a task is, below the folder of the files and
// with forward slashes, and its size in bytes; ok is false if there is none yet.
func (m *Manager) TaskLog(id farm.TaskID) (job farm.JobID, path string, size int64, ok bool, err error) {
	if job, err = m.jobOf(id); err != nil {
		return "", "", 0, false, err
	}
	size, ok, err = m.files.LogSize(job, id)
	return job, files.LogPath(job, id), size, ok, unreadable(id, err)
}

// TaskLogTail returns the end of a task's log, and whether there is a log.
func (m *Manager) TaskLogTail(id farm.TaskID) (tail string, ok bool, err error) {
	job, err := m.jobOf(id)
	if err != nil {
		return "", false, err
	}
	tail, ok, err = m.files.Tail(job, id)
	return tail, ok, unreadable(id, err)
}

// unreadable is the error of a log that is there and cannot be read: to call it empty
// would take back what was read before.
func unreadable(id farm.TaskID, err error) error {
	if err == nil {
		return nil
	}
	return farm.Errorf(farm.Off, "the log of task %s cannot be read at present: %w. Try again, or look at the manager's disk", id, err)
}

func (m *Manager) jobOf(id farm.TaskID) (farm.JobID, error) {
	t, _, err := m.Task(id)
	return t.Job, err
}

// Files returns the folder of task logs and previews, for serving.
func (m *Manager) Files() fs.FS { return m.files.FS() }

// JobTypes returns the job types that can be used, sorted by name.
func (m *Manager) JobTypes(ctx context.Context) ([]farm.JobType, error) { return m.types.Types(ctx) }

// JobType returns one job type; NotFound if there is no such job type.
func (m *Manager) JobType(ctx context.Context, name string) (farm.JobType, error) {
	return m.types.Type(ctx, name)
}

// BrokenTypes returns the job-type scripts that cannot be used, and why.
func (m *Manager) BrokenTypes(ctx context.Context) []farm.BrokenType { return m.types.Broken(ctx) }

// TypeSource returns the script of a job type, and its file if it is a user's; NotFound.
func (m *Manager) TypeSource(name string) (file, source string, err error) {
	return m.types.Source(name)
}

// WorkerName tells who a worker is, for lists of tasks: its name and address,
// both "" for a worker that was deleted or never existed.
func (m *Manager) WorkerName(id farm.WorkerID) (name, address string) {
	w := m.roster.get(id)
	if w == nil || w.deleted {
		return "", ""
	}
	return w.name, w.address
}

// withSeen fills in when a worker was last seen.
func (m *Manager) withSeen(w farm.Worker) farm.Worker {
	if member := m.roster.get(w.ID); member != nil {
		member.mu.Lock()
		at := member.lastSeen(time.Now())
		member.mu.Unlock()
		if at.After(w.LastSeen) {
			w.LastSeen = at
		}
	}
	return w
}
