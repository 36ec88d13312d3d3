package manager_test

import (
	"slices"

	"renderfarm/farm"
)

// forgive lets everybody try everything again.
func (j *nJob) forgive() {
	j.blocked, j.insist, j.noWorkersLeft, j.givenUp = nil, false, false, false
	for _, t := range j.tasks {
		if len(t.failedBy) == 0 && t.failures == 0 {
			continue // what nobody is blamed for stays
		}
		if t.status == farm.TaskQueued || t.status == farm.TaskActive || t.status == farm.TaskCompleted {
			t.failedBy, t.failures, t.excused = nil, 0, 0
		}
	}
}

// wish does what a user wants of a job, by the v3 status that is asked for.
func (j *nJob) wish(wanted farm.JobStatus) {
	status := j.status()
	if status == wanted {
		j.retry = j.retry && wanted != farm.JobPauseRequested // it is the user's now
		return
	}
	switch wanted {
	case farm.JobRequeueing:
		j.doAgain()
	case farm.JobQueued: // resume
		if j.stopped() {
			j.doAgain()
		} else if status != farm.JobCompleted {
			j.held, j.retry = false, false
		}
	case farm.JobPauseRequested:
		if status != farm.JobCompleted {
			j.held, j.retry, j.aborted = true, false, false
		}
	case farm.JobCancelRequested:
		if status != farm.JobCompleted {
			j.held, j.retry, j.aborted = false, false, true
			for _, t := range j.tasks {
				if t.status == farm.TaskActive {
					t.cancel()
				}
			}
			stopTasks(j)
		}
	}
	j.tidy()
}

// doAgain requeues all that did not complete, or all if all did.
func (j *nJob) doAgain() {
	all := j.status() == farm.JobCompleted
	j.forgive()
	j.goOn(all)
}

// goOn lets a job run, and requeues what did not complete, or all.
func (j *nJob) goOn(all bool) {
	j.held, j.aborted, j.insist, j.noWorkersLeft = false, false, false, false
	j.retry, j.givenUp = false, false
	for _, t := range j.tasks {
		if all || t.failed() || t.status == farm.TaskSoftFailed {
			t.requeue()
		}
	}
}

// doFailedAgain requeues what failed, and what was canceled because of that.
func (j *nJob) doFailedAgain() (possible bool) {
	if j.count(farm.TaskFailed) == 0 {
		return false
	}
	canceled := j.aborted
	if j.stopped() { // a paused job stays paused
		j.held, j.retry = false, false
	}
	j.forgive()
	j.aborted = false
	if canceled {
		for _, t := range j.tasks {
			if t.waits() {
				t.cancel()
			}
		}
	}
	for _, t := range j.tasks {
		if t.status != farm.TaskFailed {
			continue
		}
		t.requeue()
		hopeAgain(j, t)
	}
	j.tidy()
	return true
}

// cancelTask cancels one task; false if it is too late.
func (j *nJob) cancelTask(t *nTask) bool {
	switch {
	case t.status == farm.TaskCanceled || t.waits() && j.stopped():
		return true // it is
	case t.status == farm.TaskCompleted || t.status == farm.TaskFailed:
		return false
	}
	t.cancel()
	stopTasks(j)
	j.tidy()
	return true
}

// requeueTask does one task again, with all that needs it; false if something that it
// needs will not be done.
func (f *naive) requeueTask(j *nJob, t *nTask) bool {
	switch {
	case t.status == farm.TaskQueued && !j.stopped():
		t.requeue() // whoever failed it may try again
		return true
	case t.hopeless():
		return false
	}
	withoutWorkers := f.withoutWorkers(j)
	j.blocked = slices.DeleteFunc(j.blocked, func(b nBlock) bool { return slices.Contains(withoutWorkers, b.kind) })
	if j.status() == farm.JobCompleted {
		j.held, j.aborted, j.retry = false, false, false
	}
	if j.stopped() {
		j.held, j.aborted, j.insist, j.noWorkersLeft = false, false, true, false
		j.retry, j.givenUp = false, false
		for _, other := range j.tasks { // what waited was shown as canceled, and stays it
			if other != t && other.waits() && !slices.Contains(dependents(j, other), t) {
				other.cancel()
			}
		}
	}
	t.requeue()
	for again := true; again; {
		again = false
		for _, d := range dependents(j, t) {
			if d.status != farm.TaskQueued && !d.hopeless() {
				d.requeue()
				again = true
			}
		}
	}
	j.tidy()
	return true
}

// withoutWorkers returns the types that are blocked for all who could do them.
func (f *naive) withoutWorkers(j *nJob) (kinds []string) {
	for _, b := range j.blocked {
		if !slices.ContainsFunc(f.workers, func(w *nWorker) bool { return j.can(w, b.kind) }) {
			kinds = append(kinds, b.kind)
		}
	}
	return kinds
}

// unblock lifts a block, and lets a job go on that failed for want of workers.
func (f *naive) unblock(j *nJob, b nBlock) {
	i := slices.Index(j.blocked, b)
	if i < 0 {
		return
	}
	j.blocked = slices.Delete(j.blocked, i, i+1)
	if j.noWorkersLeft && j.status() == farm.JobFailed && len(f.withoutWorkers(j)) == 0 {
		j.goOn(false)
	}
	j.tidy()
}

// leave takes back what a worker has, undone.
func (f *naive) leave(w *nWorker) {
	w.awake = false
	for _, j := range f.jobs {
		for _, t := range j.tasks {
			if t.status == farm.TaskActive && t.worker == w {
				t.status, t.worker = farm.TaskQueued, nil
			}
		}
		j.tidy()
	}
}
