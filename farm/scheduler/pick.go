package scheduler

// Pick returns the best task that the worker could start now, and whether there
// is one; see the package comment for which that is and what it costs. Who is
// awake, and the workers' tags and types, are those of the last SetWorker.
// Nothing is changed: SetTask assigns the task.
func (s *Scheduler) Pick(w *Worker) (Task, bool) { return s.PickIf(w, nil) }

// PickIf is Pick with a condition of the caller's own, which is asked about the best task
// of each job, for this worker; a job whose best one it refuses is passed over. When it
// refused many, there is none. nil refuses nothing.
func (s *Scheduler) PickIf(w *Worker, may func(Task) bool) (Task, bool) {
	var best precedence
	refused := 0
	var task Task // none as long as its job is nil
	for _, q := range w.queuesIn(s) {
		if q.standBack(w) || q.leavesAll(w) {
			continue
		}
		q.Scan(func(e *entry) bool {
			if task.Job != nil && best.before(e.precedence) {
				return false // neither this job nor those behind it can be better
			}
			i, r, ok := s.bestOf(e.job, e.kind, w)
			if !ok {
				return true
			}
			if may != nil && !may(Task{Job: e.job, Index: i}) {
				refused++
				return refused < maxCounted
			}
			// The entry promises its best task; this worker may have failed that
			// one, so what it gets is compared by itself.
			got := precedence{e.priority, r.Priority, e.number}
			if task.Job == nil || got.before(best) || got == best && i < task.Index {
				best, task = got, Task{Job: e.job, Index: i}
			}
			return true
		})
	}
	return task, task.Job != nil
}

// Precedes reports whether the task is handed out before the other if both can be.
func (t Task) Precedes(other Task) bool {
	a, b := t.precedence(), other.precedence()
	return a.before(b) || a == b && t.Index < other.Index
}

func (t Task) precedence() precedence {
	return precedence{t.Job.terms.Priority, t.Job.plan.Run(t.Index).Priority, t.Job.number}
}

// bestOf returns the best runnable task of a type that the worker may have, and
// the run it is in.
func (s *Scheduler) bestOf(j *Job, kind int, w *Worker) (int, *Run, bool) {
	if j.Blocked(w, j.plan.Types[kind]) || !s.suits(j, j.plan.Types[kind], w) {
		return 0, nil, false
	}
	end := int(j.plan.typeStart[kind+1])
	for rank := int(j.plan.typeStart[kind]); ; rank++ {
		rank = j.runnable.next(rank)
		if rank < 0 || rank >= end {
			return 0, nil, false
		}
		i, r := j.plan.atRank(rank)
		if s.enoughMemory(Task{j, i}, w) && s.mayTry(Task{j, i}, w) && !s.leavesIt(Task{j, i}, w) {
			return i, r, true
		}
	}
}

// queuesIn returns the queues of all the worker's tags and types.
func (w *Worker) queuesIn(s *Scheduler) []*queue {
	if w.queues == nil {
		w.placement.each(s, func(q *queue) { w.queues = append(w.queues, q) })
	}
	return w.queues
}
