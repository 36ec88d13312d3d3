package scheduler

import (
	"slices"

	"renderfarm/farm"
)

// A Worker is what the scheduler knows of a worker.
type Worker struct {
	number    uint32
	placement placement
	queues    []*queue // of its tags and types; nil: look them up
}

// Number returns the worker's number, from 1 in the order of AddWorker.
func (w *Worker) Number() uint32 { return w.number }

// A capacity counts the workers that may be given tasks with a tag and of a type.
type capacity struct {
	capable int // not deleted
	awake   int // of these
}

// A placement is what of a worker the capacities were last counted by.
type placement struct {
	types   []string
	tags    []farm.TagID
	capable bool
	awake   bool
}

func placementOf(w *farm.Worker) placement {
	capable := w.Deleted.IsZero()
	return placement{types: w.TaskTypes, tags: w.Tags, capable: capable, awake: capable && w.Status == farm.WorkerAwake}
}

func (p *placement) same(q *placement) bool {
	return p.capable == q.capable && p.awake == q.awake && slices.Equal(p.types, q.types) && slices.Equal(p.tags, q.tags)
}

// carries reports whether jobs with the tag are for the worker.
func (p *placement) carries(tag farm.TagID) bool { return tag == "" || slices.Contains(p.tags, tag) }

// takes reports whether the worker is one of those for the tag and type.
func (p *placement) takes(tag farm.TagID, taskType string) bool {
	return p.capable && slices.Contains(p.types, taskType) && p.carries(tag)
}

// each calls f with every queue that the worker serves, once.
func (p *placement) each(s *Scheduler, f func(*queue)) {
	for i, kind := range p.types {
		if slices.Contains(p.types[:i], kind) {
			continue
		}
		f(s.queue(Work{"", kind}))
		for i, tag := range p.tags {
			if tag != "" && !slices.Contains(p.tags[:i], tag) {
				f(s.queue(Work{tag, kind}))
			}
		}
	}
}

// AddWorker adds a worker; its number is the next one.
func (s *Scheduler) AddWorker(is *farm.Worker) *Worker {
	w := &Worker{number: uint32(len(s.workers))}
	s.workers = append(s.workers, w)
	s.SetWorker(w, is)
	return w
}

// Worker returns the worker with the number, which must exist.
func (s *Scheduler) Worker(number uint32) *Worker { return s.workers[number] }

// SetWorker recounts the worker as it is now instead of as it was. Where a worker
// leaves, others may be alone now with what they failed: that is work.
func (s *Scheduler) SetWorker(w *Worker, is *farm.Worker) {
	now := placementOf(is)
	if w.placement.same(&now) {
		return
	}
	now.types, now.tags = slices.Clone(now.types), slices.Clone(now.tags)
	was := w.placement
	w.placement, w.queues = now, nil
	was.each(s, func(q *queue) { q.capacity.count(&was, -1) })
	now.each(s, func(q *queue) { q.capacity.count(&now, +1) })
	if !was.awake {
		return
	}
	was.each(s, func(q *queue) {
		if q.failing > 0 && !(now.awake && now.takes(q.work.Tag, q.work.Type)) {
			s.newWork(q.work)
		}
	})
}

func (c *capacity) count(p *placement, n int) {
	if p.capable {
		c.capable += n
	}
	if p.awake {
		c.awake += n
	}
}

// mayTry reports whether the worker may have the task as far as failing goes.
func (s *Scheduler) mayTry(t Task, w *Worker) bool {
	j := t.Job
	return len(j.failedBy) == 0 || !slices.Contains(j.failedBy[uint32(t.Index)], w.number) || s.nobodyElse(t)
}

// nobodyElse reports whether nobody awake could do a task but those that failed
// it: then they may try again.
func (s *Scheduler) nobodyElse(t Task) bool {
	j, tag, taskType := t.Job, t.Job.terms.Tag, t.Type()
	left := s.queue(Work{tag, taskType}).capacity.awake
	failed := j.failedBy[uint32(t.Index)]
	if left > len(failed)+len(j.blocked) {
		return false // too many to look at each
	}
	for _, number := range failed {
		if w := s.workers[number]; w.placement.awake && w.placement.takes(tag, taskType) && !j.Blocked(w, taskType) {
			left--
		}
	}
	for b := range j.blocked {
		if w := s.workers[b.worker]; b.taskType == taskType && w.placement.awake && w.placement.takes(tag, taskType) {
			left--
		}
	}
	return left <= 0
}

// Capable returns how many workers, not counting other, could do a task: they are
// not deleted, take its type, carry its job's tag and are not blocked. Of these,
// untried have not failed it. Whether they are awake makes no difference.
func (s *Scheduler) Capable(t Task, other *Worker) (capable, untried int) {
	j, taskType := t.Job, t.Type()
	capable = s.capable(j, taskType, other)
	untried = capable
	for _, number := range j.failedBy[uint32(t.Index)] {
		if w := s.workers[number]; w != other && w.placement.takes(j.terms.Tag, taskType) && !j.Blocked(w, taskType) {
			untried--
		}
	}
	return capable, untried
}

func (s *Scheduler) capable(j *Job, taskType string, other *Worker) int {
	tag := j.terms.Tag
	n := s.queue(Work{tag, taskType}).capacity.capable
	if other != nil && other.placement.takes(tag, taskType) {
		n--
	}
	for b := range j.blocked {
		if w := s.workers[b.worker]; b.taskType == taskType && w != other && w.placement.takes(tag, taskType) {
			n--
		}
	}
	return n
}

// TypesWithoutWorkers returns the types that workers are blocked from in the job
// and that nobody else could do, in order.
func (s *Scheduler) TypesWithoutWorkers(j *Job) (types []string) {
	for b := range j.blocked {
		if !slices.Contains(types, b.taskType) && s.capable(j, b.taskType, nil) == 0 {
			types = append(types, b.taskType)
		}
	}
	slices.Sort(types)
	return types
}
