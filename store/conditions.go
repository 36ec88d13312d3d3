package store

import (
	"slices"

	"renderfarm/farm"
)

// A condition must hold for a task to be handed to a worker.
type condition struct {
	farm.Obstacle // what is in the way if it does not hold
	holds         func(t Task, w *Worker) bool
}

// conditions are all that Pick wants of a task and a worker. Pick does not go
// through them for each task: the index is these conditions, kept. A job is in
// queues while the first holds, the set of runnable tasks has those for which the
// next two hold, a worker looks into the queues of the two after them, and
// bestOf asks the rest. All use the functions that are named here, and a test
// compares Pick with the list.
var conditions = []condition{
	{farm.JobStopped, func(t Task, _ *Worker) bool { return t.Job.wanted() }},
	{farm.TaskNotWaiting, func(t Task, _ *Worker) bool { return t.Status().Waiting() }},
	{farm.NeedsMissing, func(t Task, _ *Worker) bool { return t.Ready() }},
	{farm.TypeNotTaken, func(t Task, w *Worker) bool { return slices.Contains(w.TaskTypes, t.Type()) }},
	{farm.TagNotCarried, func(t Task, w *Worker) bool { return w.carries(t.Job.Tag) }},
	{farm.WorkerBlocked, func(t Task, w *Worker) bool { return !t.Job.blockedFrom(w.seq, t.Type()) }},
	{farm.FailedBefore, func(t Task, w *Worker) bool { return t.Job.mayTry(t.Index, w) }},
}

// Obstacle returns what keeps Pick from giving the task to the worker;
// NoObstacle if it would, had it no better one.
func (tx *Tx) Obstacle(t Task, w *Worker) farm.Obstacle {
	tx.check()
	for _, c := range conditions {
		if !c.holds(t, w) {
			return c.Obstacle
		}
	}
	return farm.NoObstacle
}

// carries reports whether jobs with the tag are for the worker.
func (w *Worker) carries(tag farm.TagID) bool { return tag == "" || slices.Contains(w.Tags, tag) }

// waits reports whether the task of the run waits for nothing but a worker.
func (j *Job) waits(r *run, i int) bool { return j.status(i).Waiting() && j.ready(r) }

// mayTry reports whether the worker may have the task as far as failing goes.
func (j *Job) mayTry(i int, w *Worker) bool {
	return len(j.failedBy) == 0 || !slices.Contains(j.failedBy[uint32(i)], w.seq) || j.x.alone(j, i, j.shape.types[j.shape.of(i).kind])
}

// A Demand is the tasks of one type that wait for nothing but a worker.
type Demand struct {
	Type  string
	Tasks int
	First Task // the one that is handed out first

	kind int
}

// Demands returns what the scheduler would hand out of a job, by type; nothing
// if it hands out none of its tasks.
func (tx *Tx) Demands(j *Job) []Demand {
	tx.check()
	var all []Demand
	for kind, e := range j.entries {
		if e.in {
			i, _ := j.shape.atRank(e.first)
			all = append(all, Demand{Type: j.shape.types[kind], Tasks: int(j.count[kind]), First: Task{Job: j, Index: i}, kind: kind})
		}
	}
	return all
}

// Meets returns what keeps Pick from giving any of the demanded tasks to the
// worker, and one that it may have if there is none.
func (tx *Tx) Meets(d Demand, w *Worker) (Task, farm.Obstacle) {
	switch o := tx.Obstacle(d.First, w); o {
	case farm.NoObstacle:
		return d.First, o
	case farm.FailedBefore: // there may be others of the type that it did not fail
		if i, _, ok := d.First.Job.bestOf(d.kind, w); ok {
			return Task{Job: d.First.Job, Index: i}, farm.NoObstacle
		}
		return Task{}, o
	default:
		return Task{}, o
	}
}

// maxAhead bounds how many jobs are counted.
const maxAhead = 100

// Ahead returns how many other jobs are looked at before this one when a worker
// asks that does tasks of the type and carries the job's tag: those of higher
// priority, and others that come first. No more than 100 are counted.
func (tx *Tx) Ahead(d Demand) (higher, others int) {
	j := d.First.Job
	me := &j.entries[d.kind]
	for _, tag := range slices.Compact([]farm.TagID{"", j.Tag}) {
		tx.x.queue(Work{tag, d.Type}).Scan(func(e *entry) bool {
			if !e.before(me.standing) || higher+others == maxAhead {
				return false
			}
			if e.priority > me.priority {
				higher++
			} else {
				others++
			}
			return true
		})
	}
	return higher, others
}

// Missing returns how many of the tasks that this one needs directly are not
// completed, and how many it needs.
func (t Task) Missing() (missing, needed int) {
	list := t.Job.shape.of(t.Index).needs
	if list == 0 {
		return 0, 0
	}
	return int(t.Job.left[list]), size(t.Job.shape.needs.lists[list])
}

// maxRuns bounds how much of a plan Held looks at.
const maxRuns = 1000

// Held returns the first task of the job that waits for tasks it needs, and
// whether one was found near the beginning of the plan.
func (tx *Tx) Held(j *Job) (Task, bool) {
	tx.check()
	for n := range j.shape.runs[:min(len(j.shape.runs), maxRuns)] {
		if r := &j.shape.runs[n]; !j.ready(r) && j.status(int(r.first)).Waiting() {
			return Task{Job: j, Index: int(r.first)}, true
		}
	}
	return Task{}, false
}

// Openings is what a worker does not get of all that the scheduler would hand out.
type Openings struct {
	Types   []string     // types of tasks that wait, and that it does not do
	Tags    []farm.TagID // tags of jobs with tasks that wait, of types it does, and that it does not carry
	Blocked []*Job       // jobs with tasks for it that it is blocked from; 100 at most
	Failed  []*Job       // jobs whose tasks for it it failed; 100 at most
}

// Openings returns what a worker does not get. Its cost grows with the pairs of
// tags and types in use, not with jobs or tasks.
func (tx *Tx) Openings(w *Worker) Openings {
	tx.check()
	var o Openings
	for work, q := range tx.x.queues {
		switch {
		case q.Len() == 0:
		case !slices.Contains(w.TaskTypes, work.Type):
			if !slices.Contains(o.Types, work.Type) {
				o.Types = append(o.Types, work.Type)
			}
		case !w.carries(work.Tag):
			if !slices.Contains(o.Tags, work.Tag) {
				o.Tags = append(o.Tags, work.Tag)
			}
		default:
			q.Scan(func(e *entry) bool {
				if e.job.blockedFrom(w.seq, work.Type) {
					o.Blocked = append(o.Blocked, e.job)
				} else if _, _, ok := e.job.bestOf(e.kind, w); !ok {
					o.Failed = append(o.Failed, e.job)
				}
				return len(o.Blocked)+len(o.Failed) < maxAhead
			})
		}
	}
	slices.Sort(o.Types)
	slices.Sort(o.Tags)
	return o
}
