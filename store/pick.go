package store

import (
	"slices"

	"github.com/tidwall/btree"

	"renderfarm/farm"
)

// Work is a pair of a tag and a task type for which tasks became runnable. The
// empty tag is that of jobs for any worker.
type Work struct {
	Tag  farm.TagID
	Type string
}

// A queue is the jobs that have runnable tasks of a type and may be given to
// workers with a tag, best first. Queues are never removed: there are as many
// as pairs of tags and types were in use since the start.
type queue struct {
	btree.BTreeG[*entry]
	work    Work
	crew    crew
	failing int // entries of jobs with tasks that somebody failed
}

// An entry is a job in the queue of one of its task types.
type entry struct {
	standing
	job  *Job
	kind int  // type number
	in   bool // in a queue; the rest is meaningful only then

	failing bool // counted as such in the queue
	work    Work // of which queue
	first   int  // rank of the best runnable task of the type
}

// A standing is what entries are ordered by. It is kept apart from what callers
// change in the job, so that an entry is found again where it was put.
type standing struct {
	priority int    // of the job
	top      int32  // highest priority of its runnable tasks of the type
	seq      uint32 // of the job
}

// before orders: higher job priority, then a task of higher priority, then the
// older job.
func (a standing) before(b standing) bool {
	switch {
	case a.priority != b.priority:
		return a.priority > b.priority
	case a.top != b.top:
		return a.top > b.top
	}
	return a.seq < b.seq
}

func before(a, b *entry) bool { return a.standing.before(b.standing) }

func (x *index) queue(w Work) *queue {
	q := x.queues[w]
	if q == nil {
		q = &queue{BTreeG: *btree.NewBTreeGOptions(before, btree.Options{NoLocks: true}), work: w}
		x.queues[w] = q
	}
	return q
}

// relink puts the job into the queues where its status, priority, tag and
// runnable tasks want it to be.
func (x *index) relink(j *Job) {
	j.on = j.wanted()
	for kind := range j.entries {
		x.place(j, kind)
	}
}

// place puts the job into the queue of one of its types, or takes it out.
func (x *index) place(j *Job, kind int) {
	e := &j.entries[kind]
	if !j.on || j.count[kind] == 0 {
		if e.in {
			x.queue(e.work).Delete(e)
			e.in = false
			x.queueFailing(e)
		}
		return
	}
	first := j.runnable.next(int(j.shape.typeStart[kind]))
	if e.in && e.first == first && e.priority == j.Priority && e.work.Tag == j.Tag {
		return
	}
	_, r := j.shape.atRank(first)
	now := entry{standing: standing{j.Priority, r.priority, j.seq}, job: j, kind: kind, in: true, work: Work{j.Tag, j.shape.types[kind]}, first: first}
	if e.in && e.standing == now.standing && e.work.Tag == now.work.Tag {
		e.first = first // its place is the same
		return
	}
	if !e.in || e.work.Tag != now.work.Tag {
		x.work(now.work)
	}
	if e.in {
		x.queue(e.work).Delete(e)
		e.in = false
		x.queueFailing(e)
	}
	*e = now
	x.queue(e.work).Set(e)
	x.queueFailing(e)
}

// setRunnable puts a task of the run into the set of runnable ones, or takes it out.
func (x *index) setRunnable(j *Job, r *run, i int, on bool) {
	rank, kind := int(r.rank)+i-int(r.first), int(r.kind)
	switch {
	case on && j.runnable.add(rank):
		j.count[kind]++
		if j.on {
			x.work(Work{j.Tag, j.shape.types[kind]})
		}
	case !on && j.runnable.remove(rank):
		j.count[kind]--
	default:
		return
	}
	x.place(j, kind)
}

// Pick returns the best task that the worker could start now, and whether there
// is one. Best is the highest job priority, then the highest task priority,
// then the oldest job, then the least index. The job's tag is none or one of the
// worker's, the task's type one of its types and not blocked for it in the job,
// and it did not fail the task before, unless nobody else who is awake could do
// it. Who is awake, tags and types are those of the last SaveWorker. Nothing is
// changed: SetTask assigns the task.
//
// It costs about tags x types x log(jobs), however many tasks wait.
func (tx *Tx) Pick(w *Worker) (Task, bool) {
	tx.check()
	var best standing
	var task Task // none as long as its job is nil
	for _, q := range w.queuesIn(tx.x) {
		q.Scan(func(e *entry) bool {
			if task.Job != nil && best.before(e.standing) {
				return false // neither this job nor those behind it can be better
			}
			i, r, ok := e.job.bestOf(e.kind, w)
			if !ok {
				return true
			}
			// The entry's standing promises its best task; this worker may have
			// failed that one, so what it gets is compared by itself.
			got := standing{e.priority, r.priority, e.seq}
			if task.Job == nil || got.before(best) || got == best && i < task.Index {
				best, task = got, Task{Job: e.job, Index: i}
			}
			return true
		})
	}
	return task, task.Job != nil
}

// bestOf returns the best runnable task of a type that the worker may have, and
// the run it is in.
func (j *Job) bestOf(kind int, w *Worker) (int, *run, bool) {
	if j.blockedFrom(w.seq, j.shape.types[kind]) {
		return 0, nil, false
	}
	end := int(j.shape.typeStart[kind+1])
	for rank := int(j.shape.typeStart[kind]); ; rank++ {
		rank = j.runnable.next(rank)
		if rank < 0 || rank >= end {
			return 0, nil, false
		}
		i, r := j.shape.atRank(rank)
		if j.mayTry(i, w) {
			return i, r, true
		}
	}
}

// queuesIn returns the queues of all the worker's tags and types.
func (w *Worker) queuesIn(x *index) []*queue {
	if w.queues == nil {
		for _, kind := range w.TaskTypes {
			w.queues = append(w.queues, x.queue(Work{"", kind}))
			for _, tag := range w.Tags {
				w.queues = append(w.queues, x.queue(Work{tag, kind}))
			}
		}
	}
	return w.queues
}

// NewWork returns the pairs of tag and type for which this operation made
// tasks runnable so far, each once.
func (tx *Tx) NewWork() []Work { return slices.Clone(tx.work) }
