package store

import (
	"fmt"
	"iter"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// Job is what callers hold of a job during one Update: the embedded farm.Job,
// which SaveJob stores, and a handle on its tasks. It belongs to the writer
// goroutine. Counts and StepsDone follow SetTask by themselves.
type Job struct {
	farm.Job

	sched    *scheduler.Job // what decides which of its tasks are handed out
	uuid     farm.UUID
	seq      uint32 // its number in the file; 0 until it is stored
	removing bool   // RemoveJob has begun
	gone     bool   // RemoveJob is done
	damage   error  // nil; else it is in quarantine, and this is for who asks for it
	dirty    bool   // its record changed since the last commit
	cached   bool   // in index.cached
	x        *index

	recorded  bits             // by task: it has a record in the file
	done      []uint32         // by task: steps done; nil while they are all 0
	costs     *farm.FrameCosts // nil: none, or not read yet; see Tx.Costs
	costly    bool             // costs changed since the last commit
	costsLost bool             // its record is damaged
	holders   int              // workers that hold tasks of it
	changes   uint32           // number of the last change in its audit; 0: look it up
}

// newJob makes a job whose tasks are all queued and never touched.
func newJob(r jobRecord, plan *scheduler.Plan) *Job {
	return &Job{Job: r.Job, uuid: r.uuid, removing: r.removing, sched: scheduler.NewJob(plan), recorded: newBits(plan.Tasks)}
}

// bits is a set of task indexes.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bits) set(i int, on bool) {
	if on {
		b[i>>6] |= 1 << (i & 63)
	} else {
		b[i>>6] &^= 1 << (i & 63)
	}
}

func (j *Job) steps(i int) int {
	if j.done == nil {
		return 0
	}
	return int(j.done[i])
}

func (j *Job) setSteps(i, n int) {
	if j.done == nil {
		if n == 0 {
			return
		}
		j.done = make([]uint32, j.Len())
	}
	j.done[i] = uint32(n)
}

// terms are what the scheduler is told of the job.
func (j *Job) terms() scheduler.Terms {
	return scheduler.Terms{Open: !j.removing && j.damage == nil && j.Deleting.IsZero() && j.Status().Runs(), Priority: j.Priority, Tag: j.Tag, Need: j.Blender}
}

// busy reports whether the job must stay in memory.
func (j *Job) busy() bool { return j.terms().Open || j.Counts[farm.TaskActive] > 0 || j.dirty }

// Removing reports whether RemoveJob has begun with the job: lists do not show it any more.
func (j *Job) Removing() bool { return j.removing }

// Seq returns the job's number in the order of creation, from 1.
func (j *Job) Seq() uint32 { return j.seq }

// Len returns the number of tasks.
func (j *Job) Len() int { return j.sched.Plan().Tasks }

// Task returns a handle of the task with the index, which must be in range.
func (j *Job) Task(i int) Task {
	if i < 0 || i >= j.Len() {
		panic(fmt.Sprintf("store: job %s has no task %d", j.ID, i))
	}
	return Task{Job: j, Index: i}
}

// Workers returns how many workers hold tasks of the job. Those that hold their next
// task, too, count once.
func (j *Job) Workers() int { return j.holders }

// TasksIn yields the tasks that are in one of the statuses when their turn
// comes, in index order. SetTask may be called on any task meanwhile.
func (j *Job) TasksIn(statuses ...farm.TaskStatus) iter.Seq[Task] { return j.TasksFrom(0, statuses...) }

// TasksFrom is TasksIn without the tasks before the one with the first index.
func (j *Job) TasksFrom(first int, statuses ...farm.TaskStatus) iter.Seq[Task] {
	return tasksOf(j, j.sched.TasksFrom(first, statuses...))
}

// tasksOf yields handles of the tasks with the indexes.
func tasksOf[I int | uint32](j *Job, indexes iter.Seq[I]) iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for i := range indexes {
			if !yield(Task{Job: j, Index: int(i)}) {
				return
			}
		}
	}
}

// Task is a handle of one task, valid as long as its Job is.
type Task struct {
	Job   *Job
	Index int // in the job's plan
}

func (t Task) sched() scheduler.Task { return scheduler.Task{Job: t.Job.sched, Index: t.Index} }

// ID returns the task's id. It is derived, and the same for ever.
func (t Task) ID() farm.TaskID {
	return farm.TaskID(taskUUID(t.Job.uuid, uint32(t.Index)).String())
}

// Status returns the task's status, which costs less than State.
func (t Task) Status() farm.TaskStatus { return t.sched().Status() }

// State returns the task's state. The result is the caller's.
func (t Task) State() farm.TaskState { return t.Job.x.state(t) }

// Type returns the task's type.
func (t Task) Type() string { return t.sched().Type() }

// Priority returns the task's priority among the tasks of its job.
func (t Task) Priority() int { return t.sched().Priority() }

// Precedes reports whether the task is handed out before the other if both can be.
func (t Task) Precedes(other Task) bool { return t.sched().Precedes(other.sched()) }

// Steps returns the task's number of steps.
func (t Task) Steps() int { return t.sched().Steps() }

// Ready reports whether all tasks that this one needs are completed.
func (t Task) Ready() bool { return t.sched().Ready() }

// Spoiled reports whether a task that this one needs failed or was canceled.
func (t Task) Spoiled() bool { return t.sched().Spoiled() }

// Missing returns how many of the tasks that this one needs directly are not
// completed, and how many it needs.
func (t Task) Missing() (missing, needed int) { return t.sched().Missing() }

// Needs yields the tasks that this one needs directly.
func (t Task) Needs() iter.Seq[Task] { return tasksOf(t.Job, t.sched().Needs()) }

// Needed returns, by task of the job, whether it is the task or one that the task
// needs, directly or not; Needing, whether it is the task or one that needs it.
// Both cost about as much as looking at each task once.
func (t Task) Needed() []bool { return t.sched().Needed() }

// Needing is Needed the other way round.
func (t Task) Needing() []bool { return t.sched().Needing() }

// Dependents yields the tasks that need this one directly. SetTask may be
// called on them meanwhile.
func (tx *Tx) Dependents(t Task) iter.Seq[Task] { return tasksOf(t.Job, t.sched().Dependents()) }
