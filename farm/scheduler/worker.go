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
	capable int // not deleted, and approved
	awake   int // of these

	// Of a need for the version of a file: those that have only newer ones, and how
	// many have it and were awake not long ago.
	newerCapable, newerAwake, present int

	// Those that have the shared storage and get tasks, and of them those that have only
	// newer Blenders than that.
	storing, newerStoring int
}

// A placement is what of a worker the capacities were last counted by.
type placement struct {
	types   []string
	tags    []farm.TagID
	capable bool
	awake   bool
	away    bool // it was not awake for long
	inUse   bool // its computer's owner needs it

	blenders []farm.BlenderVersion // that it has; nil if it does not tell
	memory   int64                 // in bytes; 0 if it does not tell
	gpu      bool                  // see farm.WorkerFacts.GPU
	mirror   bool                  // it does not have the shared storage
}

func placementOf(w *farm.Worker) placement {
	capable := w.Deleted.IsZero() && !w.Unapproved
	p := placement{types: w.TaskTypes, tags: w.Tags, capable: capable, awake: capable && w.Status == farm.WorkerAwake, away: w.Away, inUse: w.InUse != "", blenders: w.Facts.Versions(), gpu: w.Facts.GPU()}
	if w.Facts != nil {
		p.memory, p.mirror = w.Facts.Memory, w.Facts.Storage == farm.StorageMirrored
	}
	return p
}

func (p *placement) same(q *placement) bool {
	return p.capable == q.capable && p.awake == q.awake && p.away == q.away && p.inUse == q.inUse && p.memory == q.memory && p.gpu == q.gpu && p.mirror == q.mirror &&
		slices.Equal(p.types, q.types) && slices.Equal(p.tags, q.tags) && slices.Equal(p.blenders, q.blenders)
}

// carries reports whether jobs with the tag are for the worker.
func (p *placement) carries(tag farm.TagID) bool { return tag == "" || slices.Contains(p.tags, tag) }

// takes reports whether the worker is one of those for the work.
func (p *placement) takes(w Work) bool {
	return p.capable && slices.Contains(p.types, w.Type) && p.carries(w.Tag) && p.meets(w.Need)
}

// meets reports whether the worker has a Blender that will do, can render on what the
// need asks for, and has the storage if that is needed.
func (p *placement) meets(need farm.BlenderNeed) bool {
	return p.hasCard(need) && p.hasStorage(need) && need.Fit(p.blenders) != farm.BlenderTooOld
}

func (p *placement) hasCard(need farm.BlenderNeed) bool { return p.gpu || !need.GPU }

func (p *placement) hasStorage(need farm.BlenderNeed) bool { return !p.mirror || !need.Storage }

// each calls f with every queue that the worker serves, once.
func (p *placement) each(s *Scheduler, f func(*queue)) {
	for i, kind := range p.types {
		if slices.Contains(p.types[:i], kind) {
			continue
		}
		p.eachNeed(s, Work{Type: kind}, f)
		for i, tag := range p.tags {
			if tag != "" && !slices.Contains(p.tags[:i], tag) {
				p.eachNeed(s, Work{Tag: tag, Type: kind}, f)
			}
		}
	}
}

// eachNeed calls f with the queues of a tag and a type for all needs that the worker meets.
func (p *placement) eachNeed(s *Scheduler, w Work, f func(*queue)) {
	f(s.queue(w))
	for _, need := range s.needs {
		if need.For(w.Type) == need && p.meets(need) {
			f(s.queue(Work{w.Tag, w.Type, need}))
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
// leaves, others may be alone now with what they failed, or be the next best to render
// it: that is work.
func (s *Scheduler) SetWorker(w *Worker, is *farm.Worker) {
	now := placementOf(is)
	if w.placement.same(&now) {
		return
	}
	now.types, now.tags = slices.Clone(now.types), slices.Clone(now.tags)
	was := w.placement
	w.placement, w.queues = now, nil
	was.each(s, func(q *queue) { q.count(&was, -1) })
	now.each(s, func(q *queue) { q.count(&now, +1) })
	now.each(s, func(q *queue) { // those with newer Blenders, which may be all that have the storage, stand back
		if q.capacity.newerStoring > 0 && q.Len() > 0 && now.present(q.work.Need) && !was.present(q.work.Need) {
			s.newWork(q.work)
		}
	})
	was.each(s, func(q *queue) {
		left := was.awake && !(now.awake && now.takes(q.work))
		leftVersion := was.present(q.work.Need) && !now.present(q.work.Need)
		if q.failing > 0 && (left || leftVersion) || leftVersion && q.capacity.present == 0 || q.storageLeft(&was, &now) {
			s.newWork(q.work)
		}
	})
	if was.memory != now.memory { // others may have more now than this one, whatever it does
		for work, q := range s.queues {
			if q.failing > 0 {
				s.newWork(work)
			}
		}
	}
}

// count adds n workers like this one to the queue's capacity.
func (q *queue) count(p *placement, n int) {
	c := &q.capacity
	if !p.capable {
		return
	}
	newer := p.onlyNewer(q.work.Need)
	c.capable += n
	if newer {
		c.newerCapable += n
	}
	if p.awake {
		c.awake += n
	}
	if p.awake && newer {
		c.newerAwake += n
	}
	if p.stores() {
		c.storing += n
	}
	if p.stores() && newer {
		c.newerStoring += n
	}
	if p.present(q.work.Need) {
		c.present += n
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
	c := &s.queue(t.Job.terms.work(t.Type())).capacity
	return !s.anybody(t, func(p *placement) bool { return p.awake }, c.awake, c.newerAwake)
}

// Capable returns how many workers, not counting other, could do a task: they are
// not deleted, take its type, carry its job's tag, have the right Blender for it, and
// are not blocked. Of these, untried have not failed it. Whether they are awake makes no
// difference.
func (s *Scheduler) Capable(t Task, other *Worker) (capable, untried int) {
	capable = s.capable(t.Job, t.Type(), other)
	untried = capable
	for _, number := range t.FailedBy() {
		if w := s.workers[number]; w != other && s.could(t, w, other) {
			untried--
		}
	}
	return capable, untried
}

// capable counts them for a type of the job, as if other were blocked.
func (s *Scheduler) capable(j *Job, taskType string, other *Worker) int {
	work := j.terms.work(taskType)
	capacity := &s.queue(work).capacity
	n := capacity.capable
	if capacity.newerCapable > 0 && s.presentFor(j, work, other) > 0 {
		n -= capacity.newerCapable
	}
	counts := func(w *Worker) bool { return w.placement.takes(work) && s.suitsBut(j, taskType, w, other) }
	if other != nil && counts(other) {
		n--
	}
	for b := range j.blocked {
		if w := s.workers[b.worker]; b.taskType == taskType && w != other && counts(w) {
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
