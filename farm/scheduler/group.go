package scheduler

import "github.com/tidwall/btree"

// A group is the lots of a queue, best first, that are all the same to every worker.
type group struct {
	btree.BTreeG[*lot]
	alike
	queue  *queue
	number int        // among the groups of the queue since the start
	top    precedence // of its first lot
}

// alike is all that makes a difference to workers which serve a queue.
type alike struct {
	likeness
	blocked string // the workers that are blocked from the type in the job, see pack
}

func newGroups() *btree.BTreeG[*group] {
	return btree.NewBTreeGOptions(func(a, b *group) bool {
		if a.top != b.top {
			return a.top.before(b.top)
		}
		return a.number < b.number
	}, btree.Options{NoLocks: true})
}

// mayHave asks the conditions that are not kept in another way: by queues, and by what is
// runnable. The answer is the same for all tasks of a group.
func (s *Scheduler) mayHave(t Task, w *Worker) bool {
	taskType := t.Type()
	return !t.Job.Blocked(w, taskType) && s.suits(t.Job, taskType, w) && s.enoughMemory(t, w) && s.mayTry(t, w) && !s.leavesIt(t, w)
}

// example returns a task of the group.
func (g *group) example() Task {
	l, _ := g.Min()
	return l.best()
}

// best returns the best task of a lot that is in a group.
func (l *lot) best() Task { return l.job.taskAt(l.first) }

// regroup puts a lot into the group where its tasks belong, or takes it out.
func (s *Scheduler) regroup(l *lot) {
	j, rank := l.job, l.least()
	if rank < 0 || !j.terms.Open {
		l.leave()
		if rank < 0 && l.ranks != nil {
			delete(j.lots, lotKey{l.kind, l.likeness})
		}
		return
	}
	_, r := j.plan.atRank(rank)
	at := precedence{j.terms.Priority, r.Priority, j.number}
	key, work := alike{l.likeness, j.entries[l.kind].blocked}, j.terms.work(j.plan.Types[l.kind])
	if l.group == nil || l.group.alike != key || l.group.queue.work != work || l.precedence != at {
		l.leave()
		l.precedence = at
		l.join(s.queue(work), key)
	}
	l.first = rank
}

// regroupAll is regroup for all lots of a type.
func (s *Scheduler) regroupAll(j *Job, kind int) {
	if kind < 0 {
		return
	}
	var blocked []uint32
	for b := range j.blocked {
		if b.taskType == j.plan.Types[kind] {
			blocked = append(blocked, b.worker)
		}
	}
	j.entries[kind].blocked = pack(blocked)
	for l := range j.lotsOf(kind) {
		s.regroup(l)
	}
}

// join puts the lot into a group of the queue.
func (l *lot) join(q *queue, key alike) {
	g := q.groups[key]
	if g == nil {
		q.made++
		g = &group{BTreeG: *btree.NewBTreeGOptions(func(a, b *lot) bool { return a.precedence.before(b.precedence) }, btree.Options{NoLocks: true}),
			alike: key, queue: q, number: q.made}
		q.groups[key] = g
	}
	l.group = g
	g.change(func() { g.Set(l) })
}

// leave takes the lot out of its group, if it is in one.
func (l *lot) leave() {
	g := l.group
	if g == nil {
		return
	}
	l.group = nil
	g.change(func() { g.Delete(l) })
	if g.Len() == 0 {
		delete(g.queue.groups, g.alike)
	}
}

// change changes the lots of a group, and moves it to where it belongs in its queue then.
func (g *group) change(f func()) {
	was, _ := g.Min()
	f()
	first, _ := g.Min()
	if first == was {
		return
	}
	if was != nil {
		g.queue.order.Delete(g)
	}
	if first != nil {
		g.top = first.precedence
		g.queue.order.Set(g)
	}
}
