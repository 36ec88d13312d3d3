package store

import (
	"fmt"
	"iter"

	"renderfarm/farm"
)

// Job is a live job: the embedded farm.Job is what SaveJob stores, the rest is
// what the scheduler knows of its tasks. It belongs to the writer goroutine and
// is valid during one Update only. Counts and StepsDone follow SetTask by
// themselves.
type Job struct {
	farm.Job

	uuid     farm.UUID
	seq      uint32 // its number in the file; 0 until it is stored
	removing bool   // RemoveJob has begun
	gone     bool   // RemoveJob is done
	dirty    bool   // its record changed since the last commit
	parked   bool   // in index.parked
	x        *index

	shape    *shape
	statuses []uint8             // by task: its status, and hasRecord
	done     []uint32            // by task: steps done; nil while they are all 0
	failedBy map[uint32][]uint32 // by task: workers that failed it
	failures map[blockKey]int32  // how often each is in failedBy, by task type
	left     []int32             // by list of needs: needed tasks that are not completed
	bad      []int32             // by list of needs: needed tasks that failed or were canceled
	runnable set                 // ranks of the tasks that wait for nothing but a worker
	count    []int32             // by type: members of runnable
	blocked  map[blockKey]int64  // when, in ms
	on       bool                // the scheduler hands out its tasks
	entries  []entry             // by type: its places in the queues
	changes  uint32              // number of the last change in its audit; 0: look it up
}

// hasRecord marks a task that has a record in the file.
const hasRecord = 0x80

// A blockKey is a worker that gets no more tasks of a type from the job.
type blockKey struct {
	worker uint32
	kind   string
}

// newJob makes a job whose tasks are all queued. settle comes after their
// states are set.
func newJob(r jobRecord, s *shape) *Job {
	j := &Job{Job: r.Job, uuid: r.uuid, removing: r.removing, shape: s}
	j.statuses = make([]uint8, s.tasks)
	j.runnable = newSet(s.tasks)
	j.count = make([]int32, len(s.types))
	j.entries = make([]entry, len(s.types))
	return j
}

// settle computes what follows from the tasks' statuses: what the lists of
// needs still miss, and which tasks are runnable.
func (j *Job) settle() {
	lists := j.shape.needs.lists
	if len(lists) > 1 {
		j.left, j.bad = make([]int32, len(lists)), make([]int32, len(lists))
		completed, spoiled := make([]int32, j.shape.tasks+1), make([]int32, j.shape.tasks+1)
		for i := range j.statuses {
			completed[i+1], spoiled[i+1] = completed[i], spoiled[i]
			switch st := j.status(i); {
			case st == farm.TaskCompleted:
				completed[i+1]++
			case st.Spoiled():
				spoiled[i+1]++
			}
		}
		for list, spans := range lists {
			for _, p := range spans {
				j.left[list] += int32(p.len()) - (completed[p.to] - completed[p.from])
				j.bad[list] += spoiled[p.to] - spoiled[p.from]
			}
		}
	}
	for r := range j.shape.runs {
		run := &j.shape.runs[r]
		if !j.ready(run) {
			continue
		}
		for i := int(run.first); i < j.shape.end(r); i++ {
			if j.status(i).Waiting() && j.runnable.add(int(run.rank)+i-int(run.first)) {
				j.count[run.kind]++
			}
		}
	}
}

func (j *Job) status(i int) farm.TaskStatus { return farm.TaskStatus(j.statuses[i] &^ hasRecord) }

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
		j.done = make([]uint32, j.shape.tasks)
	}
	j.done[i] = uint32(n)
}

// ready reports whether all that the run's tasks need is completed.
func (j *Job) ready(r *run) bool { return r.needs == 0 || j.left[r.needs] == 0 }

// wanted reports whether the scheduler may hand out tasks of the job.
func (j *Job) wanted() bool {
	return !j.removing && j.Deleting.IsZero() && j.Status().Runs()
}

// busy reports whether the job must stay in memory.
func (j *Job) busy() bool { return j.wanted() || j.Counts[farm.TaskActive] > 0 || j.dirty }

// Seq returns the job's number in the order of creation, from 1.
func (j *Job) Seq() uint32 { return j.seq }

// Len returns the number of tasks.
func (j *Job) Len() int { return j.shape.tasks }

// Task returns a handle of the task with the index, which must be in range.
func (j *Job) Task(i int) Task {
	if i < 0 || i >= j.shape.tasks {
		panic(fmt.Sprintf("store: job %s has no task %d", j.ID, i))
	}
	return Task{Job: j, Index: i}
}

// TasksIn yields the tasks that are in one of the statuses when their turn
// comes, in index order. SetTask may be called on any task meanwhile.
func (j *Job) TasksIn(statuses ...farm.TaskStatus) iter.Seq[Task] { return j.TasksFrom(0, statuses...) }

// TasksFrom is TasksIn without the tasks before the one with the first index.
func (j *Job) TasksFrom(first int, statuses ...farm.TaskStatus) iter.Seq[Task] {
	return func(yield func(Task) bool) {
		var wanted [hasRecord]bool
		some := 0
		for _, st := range statuses {
			wanted[st] = true
			some += j.Counts[st]
		}
		for i := first; i < len(j.statuses) && some > 0; i++ {
			if wanted[j.statuses[i]&^hasRecord] && !yield(Task{Job: j, Index: i}) {
				return
			}
		}
	}
}

// Task is a handle of one task of a live job, valid as long as the job is.
type Task struct {
	Job   *Job
	Index int // in the job's plan
}

// ID returns the task's id. It is derived, and the same for ever.
func (t Task) ID() farm.TaskID {
	return farm.TaskID(taskUUID(t.Job.uuid, uint32(t.Index)).String())
}

// Status returns the task's status, which costs less than State.
func (t Task) Status() farm.TaskStatus { return t.Job.status(t.Index) }

// State returns the task's state. The result is the caller's.
func (t Task) State() farm.TaskState { return t.Job.x.state(t) }

// Type returns the task's type.
func (t Task) Type() string { return t.Job.shape.types[t.Job.shape.of(t.Index).kind] }

// Priority returns the task's priority among the tasks of its job.
func (t Task) Priority() int { return int(t.Job.shape.of(t.Index).priority) }

// Steps returns the task's number of steps.
func (t Task) Steps() int { return int(t.Job.shape.of(t.Index).steps) }

// Ready reports whether all tasks that this one needs are completed.
func (t Task) Ready() bool { return t.Job.ready(t.Job.shape.of(t.Index)) }

// Spoiled reports whether a task that this one needs failed or was canceled.
func (t Task) Spoiled() bool {
	list := t.Job.shape.of(t.Index).needs
	return list != 0 && t.Job.bad[list] > 0
}

// Needs yields the tasks that this one needs directly.
func (t Task) Needs() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		s := t.Job.shape
		for i := range each(s.needs.lists[s.of(t.Index).needs]) {
			if !yield(Task{Job: t.Job, Index: int(i)}) {
				return
			}
		}
	}
}

// Dependents yields the tasks that need this one directly. SetTask may be
// called on them meanwhile.
func (tx *Tx) Dependents(t Task) iter.Seq[Task] {
	return func(yield func(Task) bool) {
		s := t.Job.shape
		for _, list := range s.needs.listsWith(uint32(t.Index), nil) {
			for _, r := range s.needs.runsUsing(list) {
				for i := int(s.runs[r].first); i < s.end(int(r)); i++ {
					if !yield(Task{Job: t.Job, Index: i}) {
						return
					}
				}
			}
		}
	}
}
