package scheduler

import "slices"

// A task that failed for want of memory is only for workers with more of it than
// those that failed it. There are few such tasks, so workers are looked at one by one.

// SetOutOfMemory says whether the last failure of the task was for want of memory.
func (s *Scheduler) SetOutOfMemory(t Task, on bool) {
	j := t.Job
	if j.outOfMemory[uint32(t.Index)] == on {
		return
	}
	s.relabel(t, func() { j.RestoreOutOfMemory(t.Index, on) })
	if j.terms.Open && t.Status().Waiting() && t.Ready() {
		s.newWork(j.terms.work(t.Type()))
	}
}

// RestoreOutOfMemory is SetOutOfMemory for a job that is being read.
func (j *Job) RestoreOutOfMemory(task int, on bool) {
	if j.outOfMemory == nil {
		j.outOfMemory = map[uint32]bool{}
	}
	if j.outOfMemory[uint32(task)] = on; !on {
		delete(j.outOfMemory, uint32(task))
	}
}

// enoughMemory reports whether the worker may have more memory than those that lacked
// it for the task. One that does not tell may.
func (s *Scheduler) enoughMemory(t Task, w *Worker) bool {
	if len(t.Job.outOfMemory) == 0 || !t.Job.outOfMemory[uint32(t.Index)] || w.placement.memory == 0 {
		return true
	}
	return !slices.ContainsFunc(t.FailedBy(), func(n uint32) bool { return s.workers[n].placement.memory >= w.placement.memory })
}

// Larger returns how many workers, not counting other, could do a task that other now
// failed for want of memory: they did not fail it, and have more memory than all that
// did, as far as they tell.
func (s *Scheduler) Larger(t Task, other *Worker) (n int) {
	for _, w := range s.workers[1:] {
		if w != other && s.could(t, w, other) && !slices.Contains(t.FailedBy(), w.number) &&
			(w.placement.memory == 0 || w.placement.memory > other.placement.memory) && s.enoughMemory(t, w) {
			n++
		}
	}
	return n
}

// could reports whether the worker, awake or not, could do the task, as if other were
// blocked from it.
func (s *Scheduler) could(t Task, w, other *Worker) bool {
	taskType := t.Type()
	return w.placement.takes(t.Job.terms.work(taskType)) && !t.Job.Blocked(w, taskType) && s.suitsBut(t.Job, taskType, w, other)
}
