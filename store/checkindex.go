package store

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// checkIndex compares the running index, which must have nothing left to write,
// with one that is rebuilt from the file.
func checkIndex(tx *bolt.Tx, x *index, report func(error) bool) {
	fresh := newIndex(tx.DB())
	if err := fresh.rebuild(tx); err != nil {
		report(err)
		return
	}
	c := &comparison{report: report}
	c.same("counters", x.numbers, fresh.numbers)
	c.same("tags", x.tags, fresh.tags)
	c.same("number of active tasks", len(x.held), len(fresh.held))
	for key, h := range x.held {
		f := fresh.held[key]
		if f == nil {
			c.differ("task %x is active in memory only", key)
			continue
		}
		c.same(fmt.Sprintf("state of active task %x", key), h.state, f.state)
		c.same(fmt.Sprintf("worker of active task %x", key), h.worker.seq, f.worker.seq)
	}
	c.workers(x, fresh)
	// A rebuilt index has exactly the jobs that must be in memory. The running
	// one may have others, which somebody asked for: those are read now.
	for p, j := range fresh.jobs {
		if x.jobs[p] == nil {
			c.differ("job %s may run and is not in memory", j.ID)
		}
	}
	c.queues(x, fresh) // before others are read into the rebuilt one
	for p, j := range x.jobs {
		f := fresh.jobs[p]
		if f == nil {
			var err error
			if f, err = fresh.load(tx, j.seq); err != nil {
				report(err)
				continue
			}
		}
		c.job(j, f)
	}
}

// A comparison collects differences between memory and file.
type comparison struct{ report func(error) bool }

func (c *comparison) differ(format string, args ...any) {
	c.report(fmt.Errorf("index and file differ: %s", fmt.Sprintf(format, args...)))
}

func (c *comparison) same(what string, memory, file any) {
	if !reflect.DeepEqual(memory, file) {
		c.differ("%s: %v in memory, %v in the file", what, memory, file)
	}
}

// workers compares what workers are, and that each knows what it holds.
func (c *comparison) workers(x, fresh *index) {
	c.same("workers", *x.names.Load(), *fresh.names.Load())
	for id, w := range x.workers {
		f := fresh.workers[id]
		if f == nil {
			c.differ("worker %s is in memory only", id)
			continue
		}
		if !sameStill(&w.Worker, &f.Worker) || w.Status != f.Status || w.Request != f.Request || w.LastTask != f.LastTask ||
			!w.LastSeen.Equal(f.LastSeen) || !w.Updated.Equal(f.Updated) {
			c.differ("worker %s: %+v in memory, %+v in the file", id, w.Worker, f.Worker)
		}
		for _, t := range w.active {
			if h := x.held[keyOf(t)]; h == nil || h.worker != w || h.task != t {
				c.differ("worker %s holds task %x, which is not active there", id, keyOf(t))
			}
		}
		c.same("number of tasks of worker "+string(id), len(w.active), len(f.active))
	}
}

// queues compares who stands where in which queue.
func (c *comparison) queues(x, fresh *index) {
	type place struct {
		job      uint32
		kind     int
		priority int
		top      int32
		first    int
	}
	places := func(x *index) map[Work][]place {
		all := map[Work][]place{}
		for work, q := range x.queues {
			q.Scan(func(e *entry) bool {
				if !e.in || e.work != work {
					c.differ("job %s is in queue %v and knows nothing of it", e.job.ID, work)
				}
				all[work] = append(all[work], place{e.job.seq, e.kind, e.priority, e.top, e.first})
				return true
			})
		}
		return all
	}
	memory, file := places(x), places(fresh)
	for work := range maps.Keys(memory) {
		c.same(fmt.Sprintf("queue %v", work), memory[work], file[work])
	}
	c.same("number of queues in use", len(memory), len(file))
	for work, q := range x.queues {
		c.same(fmt.Sprintf("crew of %v", work), q.crew, fresh.queue(work).crew)
		c.same(fmt.Sprintf("failing jobs in queue %v", work), q.failing, fresh.queue(work).failing)
	}
	for work, q := range fresh.queues {
		c.same(fmt.Sprintf("crew of %v", work), x.queue(work).crew, q.crew)
	}
}

// job compares all that is known of one job, except its places in queues.
func (c *comparison) job(j, f *Job) {
	what := func(part string) string { return fmt.Sprintf("%s of job %s", part, j.ID) }
	c.same(what("record"), j.Job, f.Job)
	c.same(what("plan"), j.shape, f.shape)
	c.same(what("removal"), j.removing, f.removing)
	c.same(what("place in the scheduler"), j.on, f.on)
	// Statuses include whether a task has a record, because State relies on it.
	if !slices.Equal(j.statuses, f.statuses) {
		c.differ("%s: %v in memory, %v in the file", what("statuses"), j.statuses, f.statuses)
	}
	for i := range j.statuses { // one of the two may not have made room for steps
		if j.steps(i) != f.steps(i) {
			c.differ("%s: task %d has %d in memory, %d in the file", what("steps"), i, j.steps(i), f.steps(i))
		}
	}
	if !maps.EqualFunc(j.failedBy, f.failedBy, slices.Equal[[]uint32]) {
		c.same(what("failures"), j.failedBy, f.failedBy)
	}
	if !maps.Equal(j.failures, f.failures) {
		c.same(what("failures by worker"), j.failures, f.failures)
	}
	if !maps.Equal(j.blocked, f.blocked) {
		c.same(what("blocklist"), j.blocked, f.blocked)
	}
	c.same(what("missing needs"), j.left, f.left)
	c.same(what("spoiled needs"), j.bad, f.bad)
	c.same(what("runnable tasks"), j.runnable, f.runnable)
	c.same(what("runnable tasks by type"), j.count, f.count)
}
