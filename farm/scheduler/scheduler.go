package scheduler

import (
	"slices"
	"time"

	"renderfarm/farm"
)

// A Scheduler is the queues of all jobs that are handed out, and all workers.
// It is for one goroutine.
type Scheduler struct {
	queues  map[Work]*queue
	needs   []farm.BlenderNeed // that queues were made for
	workers []*Worker          // by number, from 1
	newWork func(Work)
}

// Work is a tag, a task type and a Blender: what a worker waits for when it has no
// task. The empty tag is that of jobs for any worker, and the zero need that of tasks
// that run no Blender, or whichever.
type Work struct {
	Tag  farm.TagID
	Type string
	Need farm.BlenderNeed
}

// New returns a scheduler without jobs and workers.
func New() *Scheduler {
	return &Scheduler{queues: map[Work]*queue{}, workers: []*Worker{nil}, newWork: func(Work) {}}
}

// OnWork sets the function that is told for which pairs of tag and type there
// may be work now that was not there before. It is told too often rather than
// too rarely.
func (s *Scheduler) OnWork(f func(Work)) { s.newWork = f }

// Add gives a job its number, by which jobs are older or younger, and the owner's
// handle. It is in no queue until SetTerms opens it.
func (s *Scheduler) Add(j *Job, number uint32, handle any) { j.number, j.Handle = number, handle }

// SetTerms puts the job into the queues where its terms and its runnable tasks
// want it to be.
func (s *Scheduler) SetTerms(j *Job, t Terms) {
	j.terms = t
	for kind := range j.entries {
		s.place(j, kind)
		s.regroupAll(j, kind)
	}
}

// Remove takes a job out of all queues and lets go of what is known of its tasks;
// it has none any more.
func (s *Scheduler) Remove(j *Job) {
	s.SetTerms(j, Terms{})
	number, handle := j.number, j.Handle
	*j = *NewJob(&Plan{})
	s.Add(j, number, handle)
}

// SetTask changes a task's status and the numbers of the workers that failed it,
// and all that follows: counts, what the tasks that need it still wait for, what
// is runnable, the job's places in the queues.
func (s *Scheduler) SetTask(t Task, status farm.TaskStatus, failedBy []uint32) {
	j, i := t.Job, t.Index
	was := j.statuses[i]
	if !slices.Equal(j.failedBy[uint32(i)], failedBy) {
		s.relabel(t, func() { j.noteFailures(i, failedBy) })
		s.countAllFailing(j)
		if status.Waiting() && was.Waiting() && j.terms.Open && t.Ready() {
			// For those that failed it, and where the last who had not failed it now
			// has; nothing else changes.
			s.newWork(j.terms.work(t.Type()))
		}
	}
	s.setStatus(j, i, status)
}

func (s *Scheduler) setStatus(j *Job, i int, now farm.TaskStatus) {
	was := j.statuses[i]
	if was == now {
		return
	}
	j.statuses[i] = now
	j.counts[was]--
	j.counts[now]++
	r := j.plan.Run(i)
	s.setRunnable(j, r, i, j.waits(r, i))
	left, spoiled := missing(now)-missing(was), spoils(now)-spoils(was)
	if left == 0 && spoiled == 0 || len(j.left) == 0 {
		return
	}
	var room [8]uint32
	for _, list := range j.plan.needs.listsWith(uint32(i), room[:0]) {
		j.spoiled[list] += spoiled
		had := j.left[list] == 0
		j.left[list] += left
		if has := j.left[list] == 0; has != had {
			s.listChanged(j, list)
		}
	}
}

// listChanged follows a list of needs that has just become complete, or incomplete.
func (s *Scheduler) listChanged(j *Job, list uint32) {
	for _, n := range j.plan.needs.runsUsing(list) {
		r := &j.plan.Runs[n]
		for i := int(r.First); i < j.plan.End(int(n)); i++ {
			s.setRunnable(j, r, i, j.waits(r, i))
		}
	}
}

// setRunnable puts a task of the run among the runnable ones, or takes it out.
func (s *Scheduler) setRunnable(j *Job, r *Run, i int, on bool) {
	rank, kind := r.rankOf(i), int(r.Type)
	var l *lot
	switch {
	case on && j.runnable.add(rank):
		j.ready[kind]++
		l = j.file(r, i)
		if j.terms.Open {
			s.newWork(j.terms.work(j.plan.Types[kind]))
		}
	case !on && j.runnable.remove(rank):
		j.ready[kind]--
		l = j.unfile(r, i)
	default:
		return
	}
	s.place(j, kind)
	s.regroup(l)
}

// Block keeps the worker from getting tasks of the type from the job.
func (s *Scheduler) Block(j *Job, w *Worker, taskType string, since time.Time) {
	j.RestoreBlock(w.number, taskType, since)
	s.regroupAll(j, slices.Index(j.plan.Types, taskType))
	s.countAllFailing(j)
	s.noteRunnable(j, taskType) // others may be alone now with what they failed, or nobody else has the version of the file, or the storage
}

// Unblock lets the worker have tasks of the type from the job again.
func (s *Scheduler) Unblock(j *Job, w *Worker, taskType string) {
	delete(j.blocked, workerType{w.number, taskType})
	s.regroupAll(j, slices.Index(j.plan.Types, taskType))
	s.countAllFailing(j)
	s.noteRunnable(j, taskType)
}

// noteRunnable tells of the job's tasks of the type as of new work, if there are any.
func (s *Scheduler) noteRunnable(j *Job, taskType string) {
	if kind := slices.Index(j.plan.Types, taskType); kind >= 0 && j.terms.Open && j.ready[kind] > 0 {
		s.newWork(j.terms.work(taskType))
	}
}
