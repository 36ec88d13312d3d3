package store

import (
	"slices"
	"time"

	"renderfarm/farm"
)

// Tx is one operation. It is valid only inside the function given to Update.
type Tx struct {
	x     *index
	now   time.Time
	after []func()
	work  []Work
	open  bool
}

// check catches the use of an operation that is over, which would otherwise
// corrupt the index without a trace.
func (tx *Tx) check() {
	if !tx.open {
		panic("store: a transaction is used outside of its Update")
	}
}

// Now returns the time of the operation, in UTC and whole milliseconds. It is
// read once per commit.
func (tx *Tx) Now() time.Time { return tx.now }

// EventNumber returns the next event number, from 1. Numbers are never used
// again, not even after a crash.
func (tx *Tx) EventNumber() uint64 {
	tx.check()
	tx.x.numbers.event++
	return tx.x.numbers.event
}

// AfterCommit registers a function that the writer calls when the operation is
// on the disk, in order, before Update returns. It must be quick and must not
// call Update. It is not called when fn returns an error.
func (tx *Tx) AfterCommit(f func()) {
	tx.check()
	tx.after = append(tx.after, f)
}

// NewWork returns the pairs of tag and type for which this operation made
// tasks runnable so far, each once.
func (tx *Tx) NewWork() []Work { return slices.Clone(tx.work) }

func (tx *Tx) noteWork(w Work) {
	if !slices.Contains(tx.work, w) {
		tx.work = append(tx.work, w)
	}
}

// SetTask stores the state of a task; s.Updated is set to Now. Everything that
// follows from it is kept right: the job's counts and steps, what the tasks that
// need this one wait for, what is runnable, which tasks the worker holds. The
// job's record is written once per commit. The workers that s names must exist.
func (tx *Tx) SetTask(t Task, s farm.TaskState) {
	tx.check()
	x, j := tx.x, t.Job
	if j.removing {
		panic("store: SetTask on a job that is being removed")
	}
	created := j.Created.UnixMilli()
	s.Updated = tx.now
	r := x.record(&s, t.Steps())
	was, steps := t.Status(), j.steps(t.Index)
	completedBy, failedBy := x.completedBy(t), t.sched().FailedBy()

	var worker *Worker
	if r.status == farm.TaskActive {
		if worker = x.workers[s.Worker]; worker == nil {
			panic("store: a task is active without a worker")
		}
	}
	if worker != nil || was == farm.TaskActive {
		x.hold(t, worker, r.state(*x.names.Load()))
	}
	j.setSteps(t.Index, r.done)
	j.StepsDone += r.done - steps
	x.sched.SetTask(t.sched(), r.status, r.failedBy)
	x.sched.SetOutOfMemory(t.sched(), r.cause.IsMemory())
	x.credit(t, was, completedBy, failedBy, &r)
	j.Counts = j.sched.Counts()
	if was != r.status || steps != r.done {
		x.changed(j, tx.now)
	}

	key := keyOf(t).bytes()
	if r.pristine() {
		j.recorded.set(t.Index, false)
		x.writes.put(taskBucket, key, nil)
		return
	}
	j.recorded.set(t.Index, true)
	x.writes.put(taskBucket, key, taskBucket.seal(key, r.appendTo(make([]byte, 0, 48), created)))
}

// Active returns the tasks that the worker holds, the oldest first.
func (tx *Tx) Active(w *Worker) []Task {
	tx.check()
	return slices.Clone(w.active)
}

// Holds reports whether the worker has any task.
func (tx *Tx) Holds(w *Worker) bool {
	tx.check()
	return len(w.active) > 0
}

// Task returns the task with the id, or farm.NotFound.
func (tx *Tx) Task(id farm.TaskID) (Task, error) {
	tx.check()
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return Task{}, errNoTask
	}
	j, err := tx.x.job(prefixOf(u))
	if err != nil || j == nil {
		return Task{}, orNotFound(err, errNoTask)
	}
	i, ok := indexIn(j.uuid, u)
	if !ok || int(i) >= j.Len() || j.removing {
		return Task{}, errNoTask
	}
	return Task{Job: j, Index: int(i)}, nil
}

var (
	errNoJob    = farm.Errorf(farm.NotFound, "no such job")
	errNoTask   = farm.Errorf(farm.NotFound, "no such task")
	errNoWorker = farm.Errorf(farm.NotFound, "no such worker")
	errNoTag    = farm.Errorf(farm.NotFound, "no such worker tag")
)

func orNotFound(err, notFound error) error {
	if err != nil {
		return err
	}
	return notFound
}
