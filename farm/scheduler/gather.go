package scheduler

import (
	"slices"

	"renderfarm/farm"
)

// A task that reads what many others made, such as a video of their frames, is for
// workers with the shared storage first: one with a mirror of it would have to fetch all
// of that. It gets the task only when nobody who is awake has the storage and could do it,
// whether he is busy or not.

// gathers reports whether the tasks of the run with the number read what many others
// made: videos do, and a task that alone needs all of some others, such as one that
// merges the parts of a still. Frames that are rendered after several simulations all
// need the same, and have to be shared out.
func (p *Plan) gathers(run int) bool {
	r := &p.Runs[run]
	switch p.Types[r.Type] {
	case farm.TypeMisc:
		return false
	case farm.TypeFFmpeg:
		return true
	}
	return r.Needs != 0 && p.End(run)-int(r.First) == 1 && len(p.needs.runsUsing(r.Needs)) == 1 && size(p.Lists[r.Needs]) > 1
}

// stores reports whether the worker has the storage and gets tasks.
func (p *placement) stores() bool { return p.awake && !p.inUse && !p.mirror }

// leavesIt reports whether the worker, which has a mirror, has to leave the task to one
// with the storage.
func (s *Scheduler) leavesIt(t Task, w *Worker) bool {
	if !w.placement.mirror || !t.run().gathers {
		return false
	}
	c := &s.queue(t.Job.terms.work(t.Type())).capacity
	return s.anybody(t, (*placement).stores, c.storing, c.newerStoring)
}

// leavesAll reports that of all of the queue, without a look at its jobs.
func (q *queue) leavesAll(w *Worker) bool {
	return w.placement.mirror && q.work.Type == farm.TypeFFmpeg && q.failing == 0 && q.capacity.storing > 0
}

// storageLeft reports whether workers with mirrors may get tasks of the queue now that
// one with the storage is another than it was.
func (q *queue) storageLeft(was, now *placement) bool {
	stays := now.stores() && now.takes(q.work) && now.onlyNewer(q.work.Need) == was.onlyNewer(q.work.Need)
	return was.stores() && !stays && q.Len() > 0 && (q.failing > 0 || q.capacity.storing <= q.capacity.newerStoring)
}

// anybody reports whether one of the workers that are like this could do the task and
// has not failed it. The queue of the task has counted them: all, and those of them that
// have only newer Blenders.
func (s *Scheduler) anybody(t Task, like func(*placement) bool, all, newer int) bool {
	j, work := t.Job, t.Job.terms.work(t.Type())
	failed := j.failedBy[uint32(t.Index)]
	if j.outOfMemory[uint32(t.Index)] {
		return slices.ContainsFunc(s.workers[1:], func(w *Worker) bool {
			return like(&w.placement) && s.could(t, w, nil) && !slices.Contains(failed, w.number) && s.enoughMemory(t, w)
		})
	}
	left := all
	if newer > 0 && s.presentFor(j, work, nil) > 0 {
		left -= newer
	}
	if left > len(failed)+len(j.blocked) {
		return true // too many to look at each
	}
	counts := func(w *Worker) bool {
		return like(&w.placement) && w.placement.takes(work) && s.suits(j, work.Type, w)
	}
	for _, number := range failed {
		if w := s.workers[number]; counts(w) && !j.Blocked(w, work.Type) {
			left--
		}
	}
	for b := range j.blocked {
		if b.taskType == work.Type && counts(s.workers[b.worker]) {
			left--
		}
	}
	return left > 0
}
