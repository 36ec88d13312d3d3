package scheduler

import (
	"github.com/tidwall/btree"
)

// A queue is the jobs that have runnable tasks of a type and may be given to
// workers with a tag and a Blender, best first. Queues are never removed: there are as
// many as kinds of work were in use since the start.
type queue struct {
	btree.BTreeG[*entry]
	work     Work
	capacity capacity
	groups   map[alike]*group
	order    *btree.BTreeG[*group] // the groups, best first
	made     int                   // groups since the start
	failing  int                   // entries of jobs with tasks that somebody failed, or from which somebody is blocked
	tasks    int                   // runnable ones of all entries
}

// An entry is a job in the queue of one of its task types.
type entry struct {
	precedence
	job  *Job
	kind int  // type number
	in   bool // in a queue; the rest is meaningful only then

	failing bool // counted as such in the queue
	tasks   int  // counted in the queue
	work    Work // of which queue
	first   int  // rank of the best runnable task of the type

	blocked string // the workers that are blocked from the type in the job, see pack; meaningful without a queue, too
	lot     lot    // of the ordinary tasks
}

// A precedence is what entries are ordered by. It is kept apart from the job's
// terms, so that an entry is found again where it was put.
type precedence struct {
	priority int    // of the job
	top      int32  // highest priority of its runnable tasks of the type
	number   uint32 // of the job
}

// before orders: higher job priority, then a task of higher priority, then the
// older job.
func (a precedence) before(b precedence) bool {
	switch {
	case a.priority != b.priority:
		return a.priority > b.priority
	case a.top != b.top:
		return a.top > b.top
	}
	return a.number < b.number
}

func before(a, b *entry) bool { return a.precedence.before(b.precedence) }

// queue returns the queue of the work.
func (s *Scheduler) queue(w Work) *queue {
	if !s.knows(w.Need) {
		s.addNeed(w.Need)
	}
	q := s.queues[w]
	if q == nil {
		q = &queue{BTreeG: *btree.NewBTreeGOptions(before, btree.Options{NoLocks: true}), work: w, groups: map[alike]*group{}, order: newGroups()}
		s.queues[w] = q
	}
	return q
}

// place puts the job into the queue of one of its types, or takes it out, and counts
// its runnable tasks there.
func (s *Scheduler) place(j *Job, kind int) {
	s.put(j, kind)
	if e := &j.entries[kind]; e.in {
		s.queue(e.work).tasks += int(j.ready[kind]) - e.tasks
		e.tasks = int(j.ready[kind])
	}
}

func (s *Scheduler) put(j *Job, kind int) {
	e := &j.entries[kind]
	if !j.terms.Open || j.ready[kind] == 0 {
		s.takeOut(e)
		return
	}
	first := j.runnable.next(int(j.plan.typeStart[kind]))
	work := j.terms.work(j.plan.Types[kind])
	if e.in && e.first == first && e.priority == j.terms.Priority && e.work == work {
		return
	}
	_, r := j.plan.atRank(first)
	at := precedence{j.terms.Priority, r.Priority, j.number}
	if e.in && e.precedence == at && e.work == work {
		e.first = first // its place is the same
		return
	}
	if !e.in || e.work != work {
		s.newWork(work)
	}
	s.takeOut(e)
	e.precedence, e.in, e.work, e.first = at, true, work, first
	s.queue(e.work).Set(e)
	s.countFailing(e)
}

// takeOut takes an entry out of its queue, if it is in one.
func (s *Scheduler) takeOut(e *entry) {
	if e.in {
		q := s.queue(e.work)
		q.Delete(e)
		q.tasks -= e.tasks
		e.in, e.tasks = false, 0
		s.countFailing(e)
	}
}

// countAllFailing is countFailing for all places of a job.
func (s *Scheduler) countAllFailing(j *Job) {
	for kind := range j.entries {
		s.countFailing(&j.entries[kind])
	}
}

// countFailing counts the job's entry among those of its queue with failures or blocks.
func (s *Scheduler) countFailing(e *entry) {
	failing := e.in && len(e.job.failedBy)+len(e.job.blocked) > 0
	switch {
	case failing == e.failing:
		return
	case failing:
		s.queue(e.work).failing++
	default:
		s.queue(e.work).failing--
	}
	e.failing = failing
}
