package scheduler

// Pick returns the best task that the worker could start now, and whether there
// is one; see the package comment for which that is and what it costs. Who is
// awake, and the workers' tags and types, are those of the last SetWorker.
// Nothing is changed: SetTask assigns the task.
func (s *Scheduler) Pick(w *Worker) (Task, bool) { return s.PickIf(w, nil) }

// PickIf is Pick with a condition of the caller's own, which is asked about tasks that the
// worker may have, the best first; of those that are the same to all workers only the best of
// each job. When it refused many, there is none. nil refuses nothing.
func (s *Scheduler) PickIf(w *Worker, may func(Task) bool) (Task, bool) {
	var best precedence
	refused := 0
	var task Task // none as long as its job is nil
	for _, q := range w.queuesIn(s) {
		if q.standBack(w) || q.leavesAll(w) {
			continue
		}
		q.order.Scan(func(g *group) bool {
			if task.Job != nil && best.before(g.top) {
				return false // neither this group nor those behind it have a better one
			}
			if !s.mayHave(g.example(), w) {
				return true
			}
			g.Scan(func(l *lot) bool {
				t := l.best()
				switch {
				case task.Job != nil && best.before(l.precedence):
				case may != nil && !may(t):
					refused++
					return refused < maxCounted
				case task.Job == nil || l.before(best) || t.Index < task.Index: // of the same job, if none is before the other
					best, task = l.precedence, t
				}
				return false
			})
			return refused < maxCounted
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

// queuesIn returns the queues of all the worker's tags and types.
func (w *Worker) queuesIn(s *Scheduler) []*queue {
	if w.queues == nil {
		w.placement.each(s, func(q *queue) { w.queues = append(w.queues, q) })
	}
	return w.queues
}
