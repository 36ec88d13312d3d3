package store

import (
	"iter"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// What follows asks the scheduler, and turns its jobs and tasks into the handles
// that callers hold.

// Work is a pair of a tag and a task type for which tasks became runnable. The
// empty tag is that of jobs for any worker.
type Work = scheduler.Work

// jobOf returns the handle of a job that the scheduler knows.
func jobOf(j *scheduler.Job) *Job { return j.Handle.(*Job) }

func taskOf(t scheduler.Task) Task {
	if t.Job == nil {
		return Task{}
	}
	return Task{Job: jobOf(t.Job), Index: t.Index}
}

func jobsOf(jobs []*scheduler.Job) []*Job {
	var all []*Job
	for _, j := range jobs {
		all = append(all, jobOf(j))
	}
	return all
}

// Pick returns the best task that the worker could start now, and whether there
// is one; see package scheduler. Tags, types and status of workers are those of
// the last SaveWorker. Nothing is changed: SetTask assigns the task.
func (tx *Tx) Pick(w *Worker) (Task, bool) {
	tx.check()
	t, ok := tx.x.sched.Pick(w.sched)
	return taskOf(t), ok
}

// PickIf is Pick with a condition of the caller's own; see package scheduler.
func (tx *Tx) PickIf(w *Worker, may func(Task) bool) (Task, bool) {
	tx.check()
	t, ok := tx.x.sched.PickIf(w.sched, func(t scheduler.Task) bool { return may(taskOf(t)) })
	return taskOf(t), ok
}

// Obstacle returns what keeps Pick from giving the task to the worker;
// NoObstacle if it would, had it no better one.
func (tx *Tx) Obstacle(t Task, w *Worker) farm.Obstacle {
	tx.check()
	return tx.x.sched.Obstacle(t.sched(), w.sched)
}

// Suits reports whether a task that is handed out could be the worker's, if it waited.
func (tx *Tx) Suits(t Task, w *Worker) bool {
	tx.check()
	return tx.x.sched.Suits(t.sched(), w.sched)
}

// A Demand is the tasks of one type of a job that wait for nothing but a worker.
type Demand struct {
	scheduler.Demand
	First Task // the one that is handed out first
}

// Demands returns what the scheduler would hand out of a job, by type; nothing
// if it hands out none of its tasks.
func (tx *Tx) Demands(j *Job) []Demand {
	tx.check()
	var all []Demand
	for _, d := range tx.x.sched.Demands(j.sched) {
		all = append(all, Demand{d, taskOf(d.First)})
	}
	return all
}

// A Class is all tasks of one kind of work, in all jobs, that wait for nothing but a worker.
type Class struct{ scheduler.Class }

// Classes returns the classes that have tasks, by tag, type and need. Nothing is looked
// through: they are kept.
func (tx *Tx) Classes() (all []Class) {
	tx.check()
	for _, c := range tx.x.sched.Classes() {
		all = append(all, Class{c})
	}
	return all
}

// Jobs yields the jobs of a class in the order in which their tasks are handed out. It is
// for within the transaction.
func (c Class) Jobs() iter.Seq[Demand] {
	return func(yield func(Demand) bool) {
		for d := range c.Class.Jobs() {
			if !yield(Demand{d, taskOf(d.First)}) {
				return
			}
		}
	}
}

// Serves yields each kind of work that a worker may be given.
func (tx *Tx) Serves(w *Worker) iter.Seq[Work] {
	tx.check()
	return tx.x.sched.Serves(w.sched)
}

// Match returns what keeps Pick from giving any of the demanded tasks to the
// worker, and one that it may have if there is no obstacle.
func (tx *Tx) Match(d Demand, w *Worker) (Task, farm.Obstacle) {
	tx.check()
	t, o := tx.x.sched.Match(d.Demand, w.sched)
	return taskOf(t), o
}

// JobsAhead returns how many other jobs are looked at before this one when a
// worker asks that takes tasks of the type and carries the job's tag: those of
// higher priority, and others that come first. No more than 100 are counted.
func (tx *Tx) JobsAhead(d Demand) (higher, others int) {
	tx.check()
	return tx.x.sched.JobsAhead(d.Demand)
}

// FirstUnready returns the first task of the job that waits for tasks it needs,
// and whether one was found near the beginning of the plan.
func (tx *Tx) FirstUnready(j *Job) (Task, bool) {
	tx.check()
	t, ok := j.sched.FirstUnready()
	return taskOf(t), ok
}

// A Mismatch is why a worker does not get what would be handed out to others.
type Mismatch struct {
	scheduler.Mismatch
	Blocked []*Job // jobs with tasks for it that it is blocked from; 100 at most
	Failed  []*Job // jobs whose tasks for it it failed; 100 at most
}

// Mismatch returns why a worker does not get what waits. Its cost grows with the
// pairs of tags and types in use, not with jobs or tasks.
func (tx *Tx) Mismatch(w *Worker) Mismatch {
	tx.check()
	m := tx.x.sched.Mismatch(w.sched)
	return Mismatch{m, jobsOf(m.Blocked), jobsOf(m.Failed)}
}

// Capable returns how many workers, not counting other, could do a task: they are
// not deleted, take its type, carry its job's tag and are not blocked. Of these,
// untried have not failed it. Whether they are awake makes no difference.
func (tx *Tx) Capable(t Task, other *Worker) (capable, untried int) {
	tx.check()
	return tx.x.sched.Capable(t.sched(), other.sched)
}

// Larger returns how many workers, not counting other, could do a task that other now
// failed for want of memory, as they have more of it, or do not tell.
func (tx *Tx) Larger(t Task, other *Worker) int {
	tx.check()
	return tx.x.sched.Larger(t.sched(), other.sched)
}

// BlenderNeeds returns how many different needs the scheduler keeps count of.
func (tx *Tx) BlenderNeeds() int {
	tx.check()
	return tx.x.sched.Needs()
}

// TypesWithoutWorkers returns the types that workers are blocked from in the job
// and that nobody else could do, in order.
func (tx *Tx) TypesWithoutWorkers(j *Job) []string {
	tx.check()
	return tx.x.sched.TypesWithoutWorkers(j.sched)
}

// Failures returns how many tasks of the type the worker failed in the job,
// as their states say.
func (tx *Tx) Failures(j *Job, w *Worker, taskType string) int {
	tx.check()
	return j.sched.Failures(w.sched, taskType)
}

// FailedBy returns the tasks of the type that the worker failed and that are in
// the status, in index order.
func (tx *Tx) FailedBy(j *Job, w *Worker, taskType string, status farm.TaskStatus) []Task {
	tx.check()
	return tasksAt(j, j.sched.FailedBy(w.sched, taskType, status))
}

// Failed returns the tasks in one of the statuses that some worker failed since
// they were last requeued, in index order.
func (tx *Tx) Failed(j *Job, statuses ...farm.TaskStatus) []Task {
	tx.check()
	return tasksAt(j, j.sched.Failed(statuses...))
}

func tasksAt(j *Job, indexes []int) []Task {
	var tasks []Task
	for _, i := range indexes {
		tasks = append(tasks, Task{Job: j, Index: i})
	}
	return tasks
}
