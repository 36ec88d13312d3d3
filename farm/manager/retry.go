package manager

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// A job whose task failed for a fault of the whole farm, such as a full disk, is
// held, and let run again at its RetryAt. That is stored with the job, so a crash
// leaves the hold and its end. A user who asks for anything that says whether the
// job shall run takes the hold over, and it does not end by itself any more.

// What the audit of a job says of it.
const (
	heldUntil   = "Held until " // and a time
	heldForUser = heldUntil + "somebody resumes it"
)

// retries are the jobs that the manager holds. Those that a user took over stay in
// it, and are skipped when their time comes.
type retries struct {
	mu  sync.Mutex // guards all; nothing else is taken while it is held
	all []retry    // the earliest first
}

type retry struct {
	job farm.JobID
	at  time.Time
}

func (r *retries) add(job farm.JobID, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.all, at, func(e retry, at time.Time) int { return e.at.Compare(at) })
	r.all = slices.Insert(r.all, i, retry{job, at})
}

// take removes and returns what is due, and how long it is until something else is.
func (r *retries) take(now time.Time) (due []retry, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(r.all) && !r.all[n].at.After(now) {
		n++
	}
	due = slices.Clone(r.all[:n])
	r.all = slices.Delete(r.all, 0, n)
	if len(r.all) == 0 {
		return due, never
	}
	return due, r.all[0].at.Sub(now)
}

// holdForRetry holds a job that runs. One that a user holds, or that ended, stays
// as it is, and so does one that is held already.
func (u *unit) holdForRetry(j *store.Job, cause *farm.Cause) {
	if j.Intent != farm.IntentRun || j.Pass.InProgress() {
		return
	}
	after := time.Duration(u.m.config.Load().RetryAfterFarmFault)
	because, what := cause.Means, heldForUser
	touched := u.touch(j)
	j.Intent = farm.IntentHold
	if after > 0 {
		j.RetryAt = u.Now().Add(after).Truncate(time.Millisecond) // as it is stored
		when := j.RetryAt.Local().Format("15:04")
		because, what = fmt.Sprintf("tried again at %s: %s", when, because), heldUntil+when
		id, at := j.ID, j.RetryAt
		u.AfterCommit(func() {
			u.m.retries.add(id, at)
			u.m.sweeper.expect(farm.Duration(after))
		})
	}
	touched.because = because
	u.note(j, nil, what, cause.Means)
	u.notice(farm.Notice{Event: farm.NoticeStuck, Job: j.ID, Text: what + ": " + cause.Means})
	u.m.log.Warn("job held: something that all workers need is away", "job", j.ID, "name", j.Name, "because", cause.Means, "line", cause.Line, "retry_after", after)
}

// retryJobs lets jobs run again whose time has come, and returns how long it is
// until the next one's does.
func (m *Manager) retryJobs() (next time.Duration, err error) {
	due, next := m.retries.take(time.Now())
	for i, r := range due {
		if err := m.retryJob(r); err != nil {
			for _, left := range due[i:] {
				m.retries.add(left.job, left.at)
			}
			return 0, err
		}
	}
	return next, nil
}

func (m *Manager) retryJob(r retry) error {
	return m.update(func(u *unit) error {
		j, err := u.Job(r.job)
		if farm.KindOf(err) == farm.NotFound {
			return nil
		}
		if err != nil || !j.RetryAt.Equal(r.at) {
			return err // a user took it over meanwhile, and perhaps it was held again
		}
		u.touch(j).because = "tried again after a fault of the farm"
		j.RetryAt = time.Time{}
		if j.Intent == farm.IntentHold {
			j.Intent = farm.IntentRun
			u.note(j, nil, "Let run again", "")
			m.log.Info("job tried again after a fault of the farm", "job", j.ID, "name", j.Name)
		}
		return nil
	})
}
