package store

import (
	"slices"

	"renderfarm/farm"
)

// A crew counts the workers that may be given tasks with a tag and of a type.
type crew struct {
	able  int // not deleted
	awake int // of these
}

// A post is what of a worker the crews were last counted by. It is kept apart
// from the worker, whose fields callers change.
type post struct {
	types []string
	tags  []farm.TagID
	able  bool
	awake bool
}

func postOf(w *Worker) post {
	able := w.Deleted.IsZero()
	return post{types: w.TaskTypes, tags: w.Tags, able: able, awake: able && w.Status == farm.WorkerAwake}
}

func (p *post) same(q *post) bool {
	return p.able == q.able && p.awake == q.awake && slices.Equal(p.types, q.types) && slices.Equal(p.tags, q.tags)
}

// takes reports whether the worker is one of those for the tag and type.
func (p *post) takes(tag farm.TagID, taskType string) bool {
	return p.able && slices.Contains(p.types, taskType) && (tag == "" || slices.Contains(p.tags, tag))
}

// each calls f with every queue that the worker serves, once.
func (p *post) each(x *index, f func(*queue)) {
	for i, kind := range p.types {
		if slices.Contains(p.types[:i], kind) {
			continue
		}
		f(x.queue(Work{"", kind}))
		for i, tag := range p.tags {
			if tag != "" && !slices.Contains(p.tags[:i], tag) {
				f(x.queue(Work{tag, kind}))
			}
		}
	}
}

// muster counts the worker where it is now instead of where it was. Where a
// worker leaves, others may be alone now with what they failed: that is work.
func (x *index) muster(w *Worker) {
	now := postOf(w)
	if w.post.same(&now) {
		return
	}
	now.types, now.tags = slices.Clone(now.types), slices.Clone(now.tags)
	was := w.post
	w.post, w.queues = now, nil
	was.each(x, func(q *queue) { q.crew.count(&was, -1) })
	now.each(x, func(q *queue) { q.crew.count(&now, +1) })
	if !was.awake {
		return
	}
	was.each(x, func(q *queue) {
		if q.failing > 0 && !(now.awake && now.takes(q.work.Tag, q.work.Type)) {
			x.work(q.work)
		}
	})
}

func (c *crew) count(p *post, n int) {
	if p.able {
		c.able += n
	}
	if p.awake {
		c.awake += n
	}
}

// bySeq returns the worker with the number.
func (x *index) bySeq(seq uint32) *Worker { return x.workers[(*x.names.Load())[seq]] }

// blockedFrom reports whether the worker with the number is blocked from a type.
func (j *Job) blockedFrom(worker uint32, taskType string) bool {
	if len(j.blocked) == 0 {
		return false
	}
	_, blocked := j.blocked[blockKey{worker, taskType}]
	return blocked
}

// alone reports whether nobody awake could do a task but those that failed it:
// then they may try again.
func (x *index) alone(j *Job, i int, taskType string) bool {
	left := x.queue(Work{j.Tag, taskType}).crew.awake
	failed := j.failedBy[uint32(i)]
	if left > len(failed)+len(j.blocked) {
		return false // too many to look at each
	}
	for _, seq := range failed {
		if w := x.bySeq(seq); w.post.awake && w.post.takes(j.Tag, taskType) && !j.blockedFrom(seq, taskType) {
			left--
		}
	}
	for k := range j.blocked {
		if w := x.bySeq(k.worker); k.kind == taskType && w.post.awake && w.post.takes(j.Tag, taskType) {
			left--
		}
	}
	return left <= 0
}

// Able returns how many workers, not counting other, could do a task: they are not
// deleted, take its type, carry its job's tag and are not blocked. Of these,
// fresh have not failed it. Whether they are awake makes no difference.
func (tx *Tx) Able(t Task, other *Worker) (able, fresh int) {
	tx.check()
	j, taskType := t.Job, t.Type()
	able = tx.x.able(j, taskType, other)
	fresh = able
	for _, seq := range j.failedBy[uint32(t.Index)] {
		if w := tx.x.bySeq(seq); w != other && w.post.takes(j.Tag, taskType) && !j.blockedFrom(seq, taskType) {
			fresh--
		}
	}
	return able, fresh
}

func (x *index) able(j *Job, taskType string, other *Worker) int {
	able := x.queue(Work{j.Tag, taskType}).crew.able
	if other != nil && other.post.takes(j.Tag, taskType) {
		able--
	}
	for k := range j.blocked {
		if w := x.bySeq(k.worker); k.kind == taskType && w != other && w.post.takes(j.Tag, taskType) {
			able--
		}
	}
	return able
}

// Deserted returns the types that workers are blocked from in the job and that
// nobody else could do, in order.
func (tx *Tx) Deserted(j *Job) (types []string) {
	tx.check()
	for k := range j.blocked {
		if !slices.Contains(types, k.kind) && tx.x.able(j, k.kind, nil) == 0 {
			types = append(types, k.kind)
		}
	}
	slices.Sort(types)
	return types
}

// Failures returns how many tasks of the type the worker failed in the job,
// as their states say.
func (tx *Tx) Failures(j *Job, w *Worker, taskType string) int {
	tx.check()
	return int(j.failures[blockKey{w.seq, taskType}])
}

// FailedBy returns the tasks of the type that the worker failed and that are in
// the status, in index order.
func (tx *Tx) FailedBy(j *Job, w *Worker, taskType string, status farm.TaskStatus) []Task {
	if tx.Failures(j, w, taskType) == 0 {
		return nil
	}
	return slices.DeleteFunc(tx.Failed(j, status), func(t Task) bool {
		return t.Type() != taskType || !slices.Contains(j.failedBy[uint32(t.Index)], w.seq)
	})
}

// Failed returns the tasks in one of the statuses that some worker failed since
// they were last requeued, in index order.
func (tx *Tx) Failed(j *Job, statuses ...farm.TaskStatus) []Task {
	tx.check()
	var found []Task
	for i := range j.failedBy {
		if t := (Task{Job: j, Index: int(i)}); slices.Contains(statuses, t.Status()) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Task) int { return a.Index - b.Index })
	return found
}

// setFailedBy notes who failed a task, and counts it for each of them.
func (x *index) setFailedBy(j *Job, i int, workers []uint32) {
	was := j.failedBy[uint32(i)]
	if len(was) == 0 && len(workers) == 0 || slices.Equal(was, workers) {
		return
	}
	kind := j.shape.types[j.shape.of(i).kind]
	count := func(workers []uint32, n int32) {
		for _, w := range workers {
			k := blockKey{w, kind}
			if j.failures[k] += n; j.failures[k] == 0 {
				delete(j.failures, k)
			}
		}
	}
	if j.failedBy == nil {
		j.failedBy, j.failures = map[uint32][]uint32{}, map[blockKey]int32{}
	}
	count(was, -1)
	count(workers, +1)
	if len(workers) > 0 {
		j.failedBy[uint32(i)] = workers
	} else {
		delete(j.failedBy, uint32(i))
	}
	for kind := range j.entries {
		x.queueFailing(&j.entries[kind])
	}
}

// queueFailing counts the job's entry among those of its queue with failures.
func (x *index) queueFailing(e *entry) {
	failing := e.in && len(e.job.failedBy) > 0
	switch {
	case failing == e.failing:
		return
	case failing:
		x.queue(e.work).failing++
	default:
		x.queue(e.work).failing--
	}
	e.failing = failing
}
