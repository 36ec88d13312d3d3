package scheduler

import (
	"fmt"
	"iter"
	"time"

	"renderfarm/farm"
)

// A Job is what the scheduler knows of a job.
type Job struct {
	// Handle is the owner's own; the scheduler only keeps it. It leads from a
	// job that was picked back to what the owner knows of it.
	Handle any

	number   uint32 // the older the job, the less
	terms    Terms  // as they were last set
	plan     *Plan
	statuses []farm.TaskStatus // by task
	counts   farm.Counts       // tasks per status

	left     []int32 // by list of needs: needed tasks that are not completed
	spoiled  []int32 // by list of needs: needed tasks that failed or were canceled
	runnable bitmap  // ranks of the tasks that wait for nothing but a worker
	ready    []int32 // by type: members of runnable
	entries  []entry // by type: the job's places in the queues

	lots         map[lotKey]*lot // of the runnable tasks that are not ordinary; none is empty
	apart        bool            // there were some
	ordinaryOnly bitmap          // then: the runnable tasks that are, see ordinary

	failedBy map[uint32][]uint32   // by task: numbers of the workers that failed it
	failures map[workerType]int32  // how often each is in failedBy, by task type
	inRow    map[workerType]int32  // how many of them since the worker last completed one; never 0
	done     map[workerType]int32  // how many tasks each completed; never 0
	blocked  map[workerType]millis // since when

	outOfMemory map[uint32]bool // tasks whose last failure was for want of memory
}

// Terms are whether, when and to whom tasks of a job are handed out.
type Terms struct {
	Open     bool // tasks are handed out
	Priority int  // higher first
	Tag      farm.TagID
	Need     farm.BlenderNeed
}

// work returns what tasks of the type wait for.
func (t *Terms) work(taskType string) Work { return Work{t.Tag, taskType, t.Need.For(taskType)} }

// A workerType is the number of a worker, and a type of tasks.
type workerType struct {
	worker   uint32
	taskType string
}

// millis is a time in milliseconds since 1970, as the database keeps it.
type millis int64

func (m millis) time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// NewJob returns a job whose tasks are all queued. Restore says of which that is
// not so; then comes Derive, and then Scheduler.Add. Nothing before Add needs the
// scheduler, so any goroutine can do it.
func NewJob(plan *Plan) *Job {
	j := &Job{
		plan: plan, statuses: make([]farm.TaskStatus, plan.Tasks), counts: farm.Counts{farm.TaskQueued: plan.Tasks},
		runnable: newBitmap(plan.Tasks), ready: make([]int32, len(plan.Types)), entries: make([]entry, len(plan.Types)),
	}
	for kind := range j.entries {
		e := &j.entries[kind]
		e.job, e.kind, e.lot.job, e.lot.kind = j, kind, j, kind
	}
	return j
}

// Restore sets the status of a task, and the numbers of the workers that failed it.
func (j *Job) Restore(task int, status farm.TaskStatus, failedBy []uint32) {
	j.counts[j.statuses[task]]--
	j.statuses[task] = status
	j.counts[status]++
	j.noteFailures(task, failedBy)
}

// RestoreBlock blocks the worker with the number from tasks of the type.
func (j *Job) RestoreBlock(worker uint32, taskType string, since time.Time) {
	if j.blocked == nil {
		j.blocked = map[workerType]millis{}
	}
	j.blocked[workerType{worker, taskType}] = millis(since.UnixMilli())
}

// Derive computes what follows from the statuses of all tasks: what the lists of
// needs still miss, and which tasks are runnable. It looks at each task once.
func (j *Job) Derive() {
	lists := j.plan.Lists
	if len(lists) > 1 {
		j.left, j.spoiled = make([]int32, len(lists)), make([]int32, len(lists))
		completed, spoiled := make([]int32, j.plan.Tasks+1), make([]int32, j.plan.Tasks+1)
		for i, status := range j.statuses {
			completed[i+1], spoiled[i+1] = completed[i]+1-missing(status), spoiled[i]+spoils(status)
		}
		for list, spans := range lists {
			for _, s := range spans {
				j.left[list] += int32(s.Len()) - (completed[s.To] - completed[s.From])
				j.spoiled[list] += spoiled[s.To] - spoiled[s.From]
			}
		}
	}
	for n := range j.plan.Runs {
		run := &j.plan.Runs[n]
		if !j.needsMet(run) {
			continue
		}
		for i := int(run.First); i < j.plan.End(n); i++ {
			if j.statuses[i].Waiting() && j.runnable.add(run.rankOf(i)) {
				j.ready[run.Type]++
				j.file(run, i)
			}
		}
	}
}

// missing is how many tasks more a task in the status leaves to be completed.
func missing(s farm.TaskStatus) int32 {
	if s == farm.TaskCompleted {
		return 0
	}
	return 1
}

// spoils is how many spoiled tasks a task in the status counts for.
func spoils(s farm.TaskStatus) int32 {
	if s.Spoiled() {
		return 1
	}
	return 0
}

// needsMet reports whether all that the run's tasks need is completed.
func (j *Job) needsMet(r *Run) bool { return r.Needs == 0 || j.left[r.Needs] == 0 }

// waits reports whether the task of the run waits for nothing but a worker.
func (j *Job) waits(r *Run, i int) bool { return j.statuses[i].Waiting() && j.needsMet(r) }

// Terms returns what SetTerms set last.
func (j *Job) Terms() Terms { return j.terms }

// Plan returns what was planned.
func (j *Job) Plan() *Plan { return j.plan }

// Counts returns how many tasks are in each status.
func (j *Job) Counts() farm.Counts { return j.counts }

// Task returns the task with the index, which must be in range.
func (j *Job) Task(i int) Task {
	if i < 0 || i >= j.plan.Tasks {
		panic(fmt.Sprintf("scheduler: a job of %d tasks has no task %d", j.plan.Tasks, i))
	}
	return Task{Job: j, Index: i}
}

// TasksFrom yields the tasks from the index first on that are in one of the
// statuses when their turn comes, in index order. SetTask may be called meanwhile.
func (j *Job) TasksFrom(first int, statuses ...farm.TaskStatus) iter.Seq[int] {
	return func(yield func(int) bool) {
		var wanted [farm.TaskStatuses]bool
		some := 0
		for _, s := range statuses {
			wanted[s] = true
			some += j.counts[s]
		}
		for i := first; i < len(j.statuses) && some > 0; i++ {
			if wanted[j.statuses[i]] && !yield(i) {
				return
			}
		}
	}
}

// A Task is one task of a job.
type Task struct {
	Job   *Job
	Index int // in the job's plan
}

func (t Task) run() *Run { return t.Job.plan.Run(t.Index) }

// Status returns the task's status.
func (t Task) Status() farm.TaskStatus { return t.Job.statuses[t.Index] }

// Type returns the task's type.
func (t Task) Type() string { return t.Job.plan.Types[t.run().Type] }

// Priority returns the task's priority among the tasks of its job.
func (t Task) Priority() int { return int(t.run().Priority) }

// Steps returns the task's number of steps.
func (t Task) Steps() int { return int(t.run().Steps) }

// Ready reports whether all tasks that this one needs are completed.
func (t Task) Ready() bool { return t.Job.needsMet(t.run()) }

// Spoiled reports whether a task that this one needs failed or was canceled.
func (t Task) Spoiled() bool {
	list := t.run().Needs
	return list != 0 && t.Job.spoiled[list] > 0
}

// Missing returns how many of the tasks that this one needs directly are not
// completed, and how many it needs.
func (t Task) Missing() (missing, needed int) {
	list := t.run().Needs
	if list == 0 {
		return 0, 0
	}
	return int(t.Job.left[list]), size(t.Job.plan.Lists[list])
}

// Needs yields the indexes of the tasks that this one needs directly.
func (t Task) Needs() iter.Seq[uint32] { return each(t.Job.plan.Lists[t.run().Needs]) }

// Dependents yields the indexes of the tasks that need this one directly.
// SetTask may be called on them meanwhile.
func (t Task) Dependents() iter.Seq[int] {
	return func(yield func(int) bool) {
		p := t.Job.plan
		for _, list := range p.needs.listsWith(uint32(t.Index), nil) {
			for _, n := range p.needs.runsUsing(list) {
				for i := int(p.Runs[n].First); i < p.End(int(n)); i++ {
					if !yield(i) {
						return
					}
				}
			}
		}
	}
}
