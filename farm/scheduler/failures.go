package scheduler

import (
	"iter"
	"slices"
	"time"

	"renderfarm/farm"
)

// Blocked reports whether the worker is blocked from tasks of the type in the job.
func (j *Job) Blocked(w *Worker, taskType string) bool {
	if len(j.blocked) == 0 {
		return false
	}
	_, blocked := j.blocked[workerType{w.number, taskType}]
	return blocked
}

// BlockedSince returns since when the worker is blocked from tasks of the type in
// the job; zero if it is not.
func (j *Job) BlockedSince(w *Worker, taskType string) time.Time {
	if at, blocked := j.blocked[workerType{w.number, taskType}]; blocked {
		return at.time()
	}
	return time.Time{}
}

// Blocks yields the numbers of the workers that are blocked in the job, and from
// which type, in no order. Unblock may be called meanwhile.
func (j *Job) Blocks() iter.Seq2[uint32, string] {
	return func(yield func(uint32, string) bool) {
		for b := range j.blocked {
			if !yield(b.worker, b.taskType) {
				return
			}
		}
	}
}

// Failures returns how many tasks of the type the worker failed in the job,
// however often each of them.
func (j *Job) Failures(w *Worker, taskType string) int { return j.FailedTasks(w.number, taskType) }

// FailedTasks is Failures of the worker with the number.
func (j *Job) FailedTasks(worker uint32, taskType string) int {
	return int(j.failures[workerType{worker, taskType}])
}

// FailedBy returns the numbers of the workers that failed the task since it was last
// requeued. It is not to be changed.
func (t Task) FailedBy() []uint32 { return t.Job.failedBy[uint32(t.Index)] }

// FailedBy returns the tasks of the type that the worker failed and that are in
// the status, in index order.
func (j *Job) FailedBy(w *Worker, taskType string, status farm.TaskStatus) []int {
	if j.Failures(w, taskType) == 0 {
		return nil
	}
	return slices.DeleteFunc(j.Failed(status), func(i int) bool {
		return Task{j, i}.Type() != taskType || !slices.Contains(j.failedBy[uint32(i)], w.number)
	})
}

// Failed returns the tasks in one of the statuses that some worker failed since
// they were last requeued, in index order.
func (j *Job) Failed(statuses ...farm.TaskStatus) []int {
	var found []int
	for i := range j.failedBy {
		if slices.Contains(statuses, j.statuses[i]) {
			found = append(found, int(i))
		}
	}
	slices.Sort(found)
	return found
}

// noteFailures notes who failed a task, and counts it for each of them.
func (j *Job) noteFailures(i int, workers []uint32) {
	was := j.failedBy[uint32(i)]
	if slices.Equal(was, workers) {
		return
	}
	taskType := Task{j, i}.Type()
	count := func(workers []uint32, n int32) {
		for _, w := range workers {
			k := workerType{w, taskType}
			if j.failures[k] += n; j.failures[k] == 0 {
				delete(j.failures, k)
			}
		}
	}
	if j.failedBy == nil {
		j.failedBy, j.failures = map[uint32][]uint32{}, map[workerType]int32{}
	}
	count(was, -1)
	count(workers, +1)
	if len(workers) > 0 {
		j.failedBy[uint32(i)] = workers
	} else {
		delete(j.failedBy, uint32(i))
	}
}
