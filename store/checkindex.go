package store

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm/scheduler"
)

// checkIndex compares the running index, which must have nothing left to write,
// with one that is rebuilt from the file, and so do their schedulers.
func checkIndex(tx *bolt.Tx, x *index, report func(error) bool) {
	fresh := newIndex(tx.DB(), slog.New(slog.DiscardHandler))
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
	scheduler.Compare(x.sched, fresh.sched, c.differ) // before others are read into the rebuilt one
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
		if !sameConstantPart(&w.Worker, &f.Worker) || w.Status != f.Status || w.Request != f.Request || w.LastTask != f.LastTask ||
			!w.LastSeen.Equal(f.LastSeen) || !w.Updated.Equal(f.Updated) {
			c.differ("worker %s: %+v in memory, %+v in the file", id, w.Worker, f.Worker)
		}
		if w.sched.Number() != w.seq || x.sched.Worker(w.seq) != w.sched {
			c.differ("worker %s is number %d, and %d to the scheduler", id, w.seq, w.sched.Number())
		}
		for _, t := range w.active {
			if h := x.held[keyOf(t)]; h == nil || h.worker != w || h.task != t {
				c.differ("worker %s holds task %x, which is not active there", id, keyOf(t))
			}
		}
		c.same("number of tasks of worker "+string(id), len(w.active), len(f.active))
	}
}

// job compares all that is known of one job, except its places in queues.
func (c *comparison) job(j, f *Job) {
	what := func(part string) string { return fmt.Sprintf("%s of job %s", part, j.ID) }
	c.same(what("record"), j.Job, f.Job)
	c.same(what("removal"), j.removing, f.removing)
	c.same(what("workers"), j.holders, f.holders)
	scheduler.CompareJobs(j.sched, f.sched, func(format string, args ...any) {
		c.differ("job %s: %s", j.ID, fmt.Sprintf(format, args...))
	})
	if jobOf(j.sched) != j {
		c.differ("job %s is another to the scheduler", j.ID)
	}
	if !j.removing && j.sched.Counts() != j.Counts {
		c.differ("%s: %v, and %v to the scheduler", what("counts"), j.Counts, j.sched.Counts())
	}
	// State relies on which tasks have a record.
	if !slices.Equal(j.recorded, f.recorded) {
		c.differ("%s: %v in memory, %v in the file", what("tasks with a record"), j.recorded, f.recorded)
	}
	for i := range j.Len() { // one of the two may not have made room for steps
		if j.steps(i) != f.steps(i) {
			c.differ("%s: task %d has %d in memory, %d in the file", what("steps"), i, j.steps(i), f.steps(i))
		}
	}
}
