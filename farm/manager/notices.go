package manager

import (
	"cmp"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// notice stores that people are to be told of something, if they could be. Who is
// told, and how, is found out after the commit, see package notify.
func (u *unit) notice(n farm.Notice) {
	if c := u.m.config.Load(); !c.Notifications.On() {
		return
	}
	n.Time = u.Now()
	u.AddNotice(n)
	u.AfterCommit(u.m.wakeNotices)
}

// wakeNotices says that there may be notices.
func (m *Manager) wakeNotices() {
	select {
	case m.notices <- struct{}{}:
	default: // somebody will look
	}
}

// noticeJob notes what there is to tell of a job that changed.
func (u *unit) noticeJob(c *changedJob, status farm.JobStatus) {
	if c.submitted || status == c.before {
		return
	}
	switch status {
	case farm.JobCompleted:
		u.notice(farm.Notice{Event: farm.NoticeCompleted, Job: c.ID})
	case farm.JobFailed:
		u.notice(farm.Notice{Event: farm.NoticeFailed, Job: c.ID, Text: c.because})
	case farm.JobCanceled:
		u.notice(farm.Notice{Event: farm.NoticeCanceled, Job: c.ID, Text: c.because})
	}
}

// noticeFailure notes that a task is about to fail, if it and the others of its job have
// not yet. Those that failed and are being tried again are not seen: who tells of it
// remembers the jobs.
func (u *unit) noticeFailure(t store.Task) {
	state, before := t.State(), &t.Job.Counts
	if state.Failures+state.Excused+len(state.FailedBy)+before[farm.TaskFailed]+before[farm.TaskSoftFailed] == 0 && !t.Job.Pass.InProgress() {
		u.notice(farm.Notice{Event: farm.NoticeFirstFailure, Job: t.Job.ID, Task: t.ID()})
	}
}

// NoticesWake gets a token when there may be notices.
func (m *Manager) NoticesWake() <-chan struct{} { return m.notices }

// Notices returns the oldest stored notices, at most so many.
func (m *Manager) Notices(limit int) (list []farm.Notice, err error) {
	err = m.store.View(func(v *store.View) error {
		list = v.Notices(limit)
		return nil
	})
	return list, err
}

// NoticesTold removes notices: the messages about them are on the disk, or nobody wants any.
func (m *Manager) NoticesTold(list []farm.Notice) error {
	numbers := make([]uint64, len(list))
	for i := range list {
		numbers[i] = list[i].Number
	}
	return m.update(func(u *unit) error {
		u.RemoveNotices(numbers...)
		return nil
	})
}

// JobReport returns what messages say of a job, or farm.NotFound. about is a task of it that
// failed, though it may be tried again by now; "" for none.
func (m *Manager) JobReport(id farm.JobID, about farm.TaskID) (r farm.JobReport, err error) {
	var failed []farm.TaskID
	if about != "" {
		failed = append(failed, about)
	}
	err = m.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(id)
		if err != nil {
			return err
		}
		r.Job, r.Frames, r.Done = j.Job, j.StepsTotal, j.StepsDone
		if costs := tx.Costs(j); costs != nil {
			if planned := costs.Curve.Planned(); planned > 0 {
				r.Frames, r.Done = planned, min(costs.Rendered, planned)
			}
			r.Render = time.Duration(costs.Wall) * time.Millisecond
		}
		// Those that failed for good before those that are tried again.
		for _, status := range []farm.TaskStatus{farm.TaskFailed, farm.TaskSoftFailed} {
			r.Failed += j.Counts[status]
			for t := range j.TasksIn(status) {
				if len(failed) == farm.MaxFailures {
					break
				}
				if t.ID() != about {
					failed = append(failed, t.ID())
				}
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, m.store.View(func(v *store.View) error {
		if r.Detail, err = v.JobDetail(id); err != nil {
			return err
		}
		if frames, ok := r.Detail.Settings["frames"].(string); ok && r.Frames == r.StepsTotal { // steps may be of other things
			if n, err := farm.CountFrames(frames); err == nil && n < r.Frames {
				r.Frames, r.Done = n, min(r.Done, n)
			}
		}
		for _, task := range failed {
			if t, err := v.Task(task); err == nil { // else its job is being deleted
				r.Failures = append(r.Failures, m.taskFailure(&t))
			}
		}
		return nil
	})
}

func (m *Manager) taskFailure(t *farm.Task) farm.TaskFailure {
	f := farm.TaskFailure{Task: t.ID, Name: t.Name, Tries: max(t.Failures, 1), Cause: t.Cause, Status: t.Status, Said: t.Activity}
	if rendering, ok := farm.RenderingOf(t.Commands); ok {
		f.Frames = farm.FormatFrames(rendering.Frames)
	}
	if n := len(t.FailedBy); n > 0 {
		f.Worker, _ = m.WorkerName(t.FailedBy[n-1])
	}
	return f
}

// IsStuck reports whether a job waits and no worker can or will take its tasks, and why.
func (m *Manager) IsStuck(id farm.JobID) (stuck bool, why farm.Why, err error) {
	now, job, err := m.diagnoseJob(id)
	if err != nil {
		return false, why, err
	}
	return job.Stuck(), job.Explain(now), nil
}

// A DayReport is what was done in a time.
type DayReport struct {
	Since             time.Time
	Completed, Failed []farm.Job // jobs that ended, the newest first; at most maxDayJobs of each
	Ended             [2]int     // how many there are of either
	Running, Queued   int        // jobs now
	Workers           map[farm.WorkerStatus]int
}

const maxDayJobs = 20

// DayReport returns what was done since a time. It reads all jobs, once a day.
func (m *Manager) DayReport(since time.Time) (DayReport, error) {
	r := DayReport{Since: since}
	var jobs map[farm.JobStatus]int
	jobs, _, r.Workers = m.tally.all()
	r.Running, r.Queued = jobs[farm.JobActive], jobs[farm.JobQueued]
	err := m.allJobs(func(jobs []farm.Job) error {
		for _, j := range jobs {
			if j.Updated.Before(since) {
				continue
			}
			switch j.Status() {
			case farm.JobCompleted:
				r.Completed, r.Ended[0] = append(r.Completed, j), r.Ended[0]+1
			case farm.JobFailed:
				r.Failed, r.Ended[1] = append(r.Failed, j), r.Ended[1]+1
			}
		}
		r.Completed, r.Failed = newest(r.Completed), newest(r.Failed)
		return nil
	})
	return r, err
}

func newest(jobs []farm.Job) []farm.Job {
	slices.SortFunc(jobs, func(a, b farm.Job) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID)) })
	return jobs[:min(len(jobs), maxDayJobs)]
}

// WaitingJobs returns the jobs that run and that no worker is at.
func (m *Manager) WaitingJobs() (waiting []farm.JobID, err error) {
	err = m.allJobs(func(jobs []farm.Job) error {
		for _, j := range jobs {
			if j.Status().Runs() && j.Counts[farm.TaskActive] == 0 {
				waiting = append(waiting, j.ID)
			}
		}
		return nil
	})
	return waiting, err
}
