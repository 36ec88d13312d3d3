package scheduler

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Differ is told of one difference between two schedulers.
type Differ func(format string, args ...any)

func (d Differ) same(what string, live, rebuilt any) {
	if !reflect.DeepEqual(live, rebuilt) {
		d("%s: %v, and %v when rebuilt", what, live, rebuilt)
	}
}

// Compare tells of everything in which the queues and workers of a scheduler
// differ from those of one that was rebuilt from what is stored.
func Compare(live, rebuilt *Scheduler, d Differ) {
	d.same("number of workers", len(live.workers), len(rebuilt.workers))
	for n := 1; n < min(len(live.workers), len(rebuilt.workers)); n++ {
		if l, r := live.workers[n], rebuilt.workers[n]; !l.placement.same(&r.placement) {
			d("worker %d: counted as %+v, and as %+v when rebuilt", n, l.placement, r.placement)
		}
	}
	inUse := func(s *Scheduler) (all map[Work][]place) {
		all = map[Work][]place{}
		for work, q := range s.queues {
			if found := q.places(d); len(found) > 0 {
				all[work] = found
			}
		}
		return all
	}
	l, r := inUse(live), inUse(rebuilt)
	for work := range maps.Keys(l) {
		if !slices.Equal(l[work], r[work]) {
			d("queue %v: %+v, and %+v when rebuilt", work, l[work], r[work])
		}
	}
	d.same("number of queues in use", len(l), len(r))
	for work, q := range live.queues {
		other := rebuilt.queue(work)
		d.same(fmt.Sprintf("groups of queue %v", work), q.lots(d), other.lots(d))
		if q.capacity != other.capacity {
			d("capacity of %v: %+v, and %+v when rebuilt", work, q.capacity, other.capacity)
		}
		if q.tasks != other.tasks {
			d("runnable tasks in queue %v: %d, and %d when rebuilt", work, q.tasks, other.tasks)
		}
		if q.failing != other.failing {
			d("jobs with failures in queue %v: %d, and %d when rebuilt", work, q.failing, other.failing)
		}
	}
	for work, q := range rebuilt.queues {
		if live.queues[work] == nil && q.capacity != (capacity{}) {
			d("capacity of %v: none, and %+v when rebuilt", work, q.capacity)
		}
	}
}

// A place is where a job stands in a queue.
type place struct {
	precedence
	kind, first int
}

func (q *queue) places(d Differ) (all []place) {
	q.Scan(func(e *entry) bool {
		if !e.in || e.work != q.work {
			d("job %d is in queue %v and knows nothing of it", e.number, q.work)
		}
		all = append(all, place{e.precedence, e.kind, e.first})
		return true
	})
	return all
}

// lots returns where the lots of the queue stand in their groups.
func (q *queue) lots(d Differ) map[alike][]place {
	all := map[alike][]place{}
	for key, g := range q.groups {
		first, ok := g.Min()
		if at, _ := q.order.Get(g); !ok || at != g || g.top != first.precedence {
			d("group %+v of queue %v is not where its first lot belongs", key, q.work)
		}
		g.Scan(func(l *lot) bool {
			if l.group != g {
				d("job %d is in group %+v of queue %v and knows nothing of it", l.number, key, q.work)
			}
			all[key] = append(all[key], place{l.precedence, l.kind, l.first})
			return true
		})
	}
	if q.order.Len() != len(q.groups) {
		d("queue %v has %d groups, and %d in order", q.work, len(q.groups), q.order.Len())
	}
	return all
}

// members returns the ranks of each lot that is not ordinary.
func (j *Job) members() map[lotKey][]uint32 {
	all := map[lotKey][]uint32{}
	for key, l := range j.lots {
		all[key] = l.ranks.Keys()
	}
	return all
}

// CompareJobs tells of everything in which a job differs from one that was
// rebuilt from what is stored, its places in the queues apart.
func CompareJobs(live, rebuilt *Job, d Differ) {
	d.same("number", live.number, rebuilt.number)
	d.same("terms", live.terms, rebuilt.terms)
	d.same("plan", live.plan, rebuilt.plan)
	if !slices.Equal(live.statuses, rebuilt.statuses) {
		d("statuses: %v, and %v when rebuilt", live.statuses, rebuilt.statuses)
	}
	d.same("counts", live.counts, rebuilt.counts)
	if !maps.EqualFunc(live.failedBy, rebuilt.failedBy, slices.Equal[[]uint32]) {
		d("failures: %v, and %v when rebuilt", live.failedBy, rebuilt.failedBy)
	}
	if !maps.Equal(live.failures, rebuilt.failures) {
		d("failures by worker: %v, and %v when rebuilt", live.failures, rebuilt.failures)
	}
	if !maps.Equal(live.inRow, rebuilt.inRow) {
		d("failures in a row: %v, and %v when rebuilt", live.inRow, rebuilt.inRow)
	}
	if !maps.Equal(live.done, rebuilt.done) {
		d("tasks completed by worker: %v, and %v when rebuilt", live.done, rebuilt.done)
	}
	if !maps.Equal(live.blocked, rebuilt.blocked) {
		d("blocklist: %v, and %v when rebuilt", live.blocked, rebuilt.blocked)
	}
	if !maps.Equal(live.outOfMemory, rebuilt.outOfMemory) {
		d("tasks that lacked memory: %v, and %v when rebuilt", live.outOfMemory, rebuilt.outOfMemory)
	}
	d.same("missing needs", live.left, rebuilt.left)
	d.same("spoiled needs", live.spoiled, rebuilt.spoiled)
	d.same("runnable tasks", live.runnable, rebuilt.runnable)
	d.same("runnable tasks by type", live.ready, rebuilt.ready)
	d.same("ordinary runnable tasks", *live.ordinary(), *rebuilt.ordinary())
	d.same("lots", live.members(), rebuilt.members())
}
