package store

import (
	"encoding/binary"
	"errors"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// Who completed and who failed a task is in the task's record, so that what each
// worker did in a job follows from the records. That its failures came in a row does
// not; bucket inrow has it, for those whose row is not 0.

// completedBy returns the number of the worker that completed the task, 0 if it is
// unknown or the task is not completed.
func (x *index) completedBy(t Task) uint32 {
	if t.Status() != farm.TaskCompleted {
		return 0
	}
	return x.number(x.state(t).Worker)
}

// credit counts what a task's new state, which the scheduler has already, means for
// the workers that completed or failed it, and those that did so before.
func (x *index) credit(t Task, was farm.TaskStatus, completedBy uint32, failedBy []uint32, now *taskRecord) {
	j, taskType := t.Job, t.Type()
	if was == farm.TaskCompleted {
		j.sched.CountDone(completedBy, taskType, -1)
	}
	for _, w := range now.failedBy {
		if !slices.Contains(failedBy, w) {
			x.setInRow(j, w, taskType, j.sched.InRow(w, taskType)+1)
		}
	}
	for _, w := range failedBy { // what was forgiven counts no more
		if !slices.Contains(now.failedBy, w) {
			x.setInRow(j, w, taskType, min(j.sched.InRow(w, taskType), j.sched.FailedTasks(w, taskType)))
		}
	}
	if now.status == farm.TaskCompleted {
		j.sched.CountDone(now.worker, taskType, +1)
		if was != now.status {
			x.setInRow(j, now.worker, taskType, 0)
		}
	}
}

// setInRow keeps how many tasks of the type the worker failed in a row.
func (x *index) setInRow(j *Job, worker uint32, taskType string, n int) {
	if j.sched.InRow(worker, taskType) == n {
		return
	}
	j.sched.SetInRow(worker, taskType, n)
	key := blockKey(j, worker, taskType)
	if n == 0 {
		x.writes.put(inRowBucket, key, nil)
		return
	}
	x.writes.put(inRowBucket, key, inRowBucket.seal(key, binary.AppendUvarint([]byte{recordVersion}, uint64(n))))
}

// loadInRow reads how many tasks each worker failed in a row in the job.
func (l *loader) loadInRow(j *Job, key []byte) error {
	return recordsAt(l.inRow, inRowBucket, key, func(key, payload []byte) error {
		if len(key) < 8 {
			return errShort
		}
		worker, taskType := binary.BigEndian.Uint32(key[4:]), string(key[8:])
		r := reader{rest: payload}
		n := r.count(j.Len())
		if err := r.end(); err != nil {
			return err
		}
		if n == 0 || n > j.sched.FailedTasks(worker, taskType) {
			return errors.New("the worker did not fail so many tasks")
		}
		j.sched.SetInRow(worker, taskType, n)
		return nil
	})
}

// BlockedWorkers returns how many workers are blocked from something in the job.
func (tx *Tx) BlockedWorkers(j *Job) int {
	tx.check()
	workers := map[uint32]bool{}
	for w := range j.sched.Blocks() {
		workers[w] = true
	}
	return len(workers)
}

// Results returns what the worker, and the others that are not blocked, made of the
// job's tasks of the type.
func (tx *Tx) Results(j *Job, w *Worker, taskType string) scheduler.Results {
	tx.check()
	return j.sched.Results(w.sched, taskType)
}
