package scheduler

import (
	"slices"

	"renderfarm/farm"
)

// What follows answers why a job or a worker gets nothing, from what is kept for
// Pick. Nothing here changes anything.

// A Demand is the tasks of one type of a job that wait for nothing but a worker.
type Demand struct {
	Type  string
	Tasks int
	First Task // the one that is handed out first

	kind int
}

// Demands returns what would be handed out of a job, by type; nothing if none of
// its tasks are.
func (s *Scheduler) Demands(j *Job) []Demand {
	var all []Demand
	for kind, e := range j.entries {
		if e.in {
			i, _ := j.plan.atRank(e.first)
			all = append(all, Demand{Type: j.plan.Types[kind], Tasks: int(j.ready[kind]), First: Task{Job: j, Index: i}, kind: kind})
		}
	}
	return all
}

// Match returns what keeps Pick from giving any of the demanded tasks to the
// worker, and one that it may have if there is no obstacle.
func (s *Scheduler) Match(d Demand, w *Worker) (Task, farm.Obstacle) {
	switch o := s.Obstacle(d.First, w); o {
	case farm.NoObstacle:
		return d.First, o
	case farm.FailedBefore, farm.MemoryShort, farm.StorageFirst: // there may be others of the type that it may have
		if t, ok := s.bestOf(d.First.Job, d.kind, w); ok {
			return t, farm.NoObstacle
		}
		return Task{}, o
	default:
		return Task{}, o
	}
}

// maxCounted bounds how many jobs are counted or returned.
const maxCounted = 100

// JobsAhead returns how many other jobs are looked at before this one when a
// worker asks that takes tasks of the type and carries the job's tag: those of
// higher priority, and others that come first. No more than 100 are counted.
func (s *Scheduler) JobsAhead(d Demand) (higher, others int) {
	j := d.First.Job
	me := &j.entries[d.kind]
	count := func(e *entry) bool {
		if !e.before(me.precedence) || higher+others == maxCounted {
			return false
		}
		if e.priority > me.priority {
			higher++
		} else {
			others++
		}
		return true
	}
	for _, tag := range slices.Compact([]farm.TagID{"", j.terms.Tag}) {
		for _, need := range slices.Concat([]farm.BlenderNeed{{}}, s.needs) {
			if q := s.queues[Work{tag, d.Type, need}]; q != nil {
				q.Scan(count)
			}
		}
	}
	return higher, others
}

// maxRuns bounds how much of a plan FirstUnready looks at.
const maxRuns = 1000

// FirstUnready returns the first task of the job that waits for tasks it needs,
// and whether one was found near the beginning of the plan.
func (j *Job) FirstUnready() (Task, bool) {
	for n := range j.plan.Runs[:min(len(j.plan.Runs), maxRuns)] {
		if r := &j.plan.Runs[n]; !j.needsMet(r) && j.statuses[r.First].Waiting() {
			return Task{Job: j, Index: int(r.First)}, true
		}
	}
	return Task{}, false
}

// A Mismatch is why a worker does not get what would be handed out to others.
type Mismatch struct {
	Types   []string     // types of tasks that wait, and that it does not take
	Tags    []farm.TagID // tags of jobs with tasks that wait, of types it takes, and that it does not carry
	Blocked []*Job       // jobs with tasks for it that it is blocked from; 100 at most
	Failed  []*Job       // jobs whose tasks for it it failed, or has too little memory for; 100 at most

	StorageFirst bool // tasks wait for workers with the storage, and it has a mirror

	Blenders []farm.BlenderNeed // of jobs with tasks that wait, and for which it has no Blender, or others have a better one
}

// Mismatch returns why a worker does not get what waits. Of each pair of a tag and a type
// it looks at the first jobs, 100 at most: a worker that gets nothing is kept from each of
// them. Its cost grows with the pairs in use, not with jobs or tasks.
func (s *Scheduler) Mismatch(w *Worker) Mismatch {
	var m Mismatch
	for work, q := range s.queues {
		switch {
		case q.Len() == 0:
		case !slices.Contains(w.placement.types, work.Type):
			m.Types = append(m.Types, work.Type)
		case !w.placement.carries(work.Tag):
			m.Tags = append(m.Tags, work.Tag)
		case !w.placement.meets(work.Need) || q.standBack(w):
			m.Blenders = append(m.Blenders, work.Need)
		case q.leavesAll(w):
			m.StorageFirst = true
		default:
			looked := 0
			q.Scan(func(e *entry) bool {
				looked++
				if !s.suits(e.job, work.Type, w) {
					m.Blenders = append(m.Blenders, work.Need)
				} else if e.job.Blocked(w, work.Type) {
					m.Blocked = append(m.Blocked, e.job)
				} else if _, ok := s.bestOf(e.job, e.kind, w); ok {
					return true
				} else if i, _ := e.job.plan.atRank(e.first); s.leavesIt(Task{e.job, i}, w) {
					m.StorageFirst = true
				} else {
					m.Failed = append(m.Failed, e.job)
				}
				return looked < maxCounted && len(m.Blocked)+len(m.Failed) < maxCounted
			})
		}
	}
	slices.Sort(m.Types) // a type is in the queues of several tags
	slices.Sort(m.Tags)
	m.Types, m.Tags = slices.Compact(m.Types), slices.Compact(m.Tags)
	slices.SortFunc(m.Blenders, farm.BlenderNeed.Compare)
	m.Blenders = slices.Compact(m.Blenders)
	return m
}
