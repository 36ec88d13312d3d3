package scheduler

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// A Class is all tasks of one kind of work, in all jobs, that wait for nothing but a
// worker. They are counted as they become runnable, and never looked at.
type Class struct {
	Work
	Tasks int

	queue *queue
}

// Classes returns the classes that have tasks, by tag, type and need.
func (s *Scheduler) Classes() []Class {
	var all []Class
	for work, q := range s.queues {
		if q.tasks > 0 {
			all = append(all, Class{work, q.tasks, q})
		}
	}
	slices.SortFunc(all, func(a, b Class) int {
		return cmp.Or(strings.Compare(string(a.Tag), string(b.Tag)), strings.Compare(a.Type, b.Type), a.Need.Compare(b.Need))
	})
	return all
}

// Jobs yields the jobs of a class in the order in which their tasks are handed out.
func (c Class) Jobs() iter.Seq[Demand] {
	return func(yield func(Demand) bool) {
		c.queue.Scan(func(e *entry) bool {
			i, _ := e.job.plan.atRank(e.first)
			return yield(Demand{Type: c.Type, Tasks: e.tasks, First: Task{Job: e.job, Index: i}, kind: e.kind})
		})
	}
}

// Serves yields each kind of work that a worker may be given, blocks and failures apart.
func (s *Scheduler) Serves(w *Worker) iter.Seq[Work] {
	return func(yield func(Work) bool) {
		for _, q := range w.queuesIn(s) {
			if !yield(q.work) {
				return
			}
		}
	}
}
