package store

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// index is what the writer keeps in memory: jobs, workers and tags, the scheduler,
// and what is to be written. Only the writer goroutine touches it, apart from
// names. It always shows what the file will be after the next commit. It is rebuilt
// from the file at start, and Store.Check proves that the two agree.
type index struct {
	jobs    map[prefix]*Job // those in memory; all that are busy, some others
	cached  []*Job          // those in memory although they are not busy
	workers map[farm.WorkerID]*Worker
	tags    map[farm.TagID]farm.Tag
	sched   *scheduler.Scheduler
	held    map[taskKey]*holding // active tasks
	numbers counters
	saved   counters // as they are in the file

	// names are the ids of the workers by number, number 0 being none. It is
	// replaced, never changed, so that readers can use it.
	names  atomic.Pointer[[]farm.WorkerID]
	chunks *chunkCache // likewise shared with readers

	quarantine *quarantine // likewise

	log    *slog.Logger
	db     *bolt.DB
	tx     *bolt.Tx // of the present group, begun when first needed: see read
	writes writeSet

	dirtyJobs    []*Job    // whose records are to be written
	dirtyWorkers []*Worker // likewise
	dirtyCosts   []*Job    // whose costs are to be written
	loaded       []*Job    // that were read, or written, in this group
}

// A taskKey is a job's number and an index, as in a key of bucket task.
type taskKey uint64

func keyOf(t Task) taskKey { return taskKey(uint64(t.Job.seq)<<32 | uint64(t.Index)) }

func (k taskKey) bytes() []byte { return key64(uint32(k>>32), uint32(k)) }

// A holding is an active task: who has it, and its state, which is asked for
// all the time.
type holding struct {
	task    Task
	worker  *Worker
	state   farm.TaskState
	results int // of frames that the worker told so far; not kept over a restart
}

// newIndex returns an empty index. It logs the jobs that it finds damaged.
func newIndex(db *bolt.DB, log *slog.Logger) *index {
	x := &index{db: db, log: log, jobs: map[prefix]*Job{}, workers: map[farm.WorkerID]*Worker{}, tags: map[farm.TagID]farm.Tag{},
		sched: scheduler.New(), held: map[taskKey]*holding{}, writes: newWriteSet(), chunks: newChunkCache(), quarantine: newQuarantine(log, db.Path())}
	x.names.Store(&[]farm.WorkerID{""})
	return x
}

// hold notes that the task is active, or is not any more when worker is nil.
func (x *index) hold(t Task, worker *Worker, s farm.TaskState) {
	key := keyOf(t)
	h := x.held[key]
	if h != nil && h.worker != worker {
		h.worker.active = slices.DeleteFunc(h.worker.active, func(a Task) bool { return a == t })
		if !h.worker.worksOn(t.Job) {
			t.Job.holders--
		}
		delete(x.held, key)
		h = nil
	}
	if worker == nil {
		return
	}
	if h == nil {
		h = &holding{task: t, worker: worker}
		x.held[key] = h
		if !worker.worksOn(t.Job) {
			t.Job.holders++
		}
		worker.active = append(worker.active, t)
	}
	h.state = s
}

// worksOn reports whether the worker holds a task of the job.
func (w *Worker) worksOn(j *Job) bool {
	return slices.ContainsFunc(w.active, func(t Task) bool { return t.Job == j })
}

// state returns a task's state: from memory while it is active or was never
// touched, else from its record.
func (x *index) state(t Task) farm.TaskState {
	j := t.Job
	switch {
	case !j.recorded.has(t.Index):
		return farm.TaskState{}
	case t.Status() == farm.TaskActive:
		s := x.held[keyOf(t)].state
		s.FailedBy = slices.Clone(s.FailedBy)
		return s
	}
	key := keyOf(t).bytes()
	payload, err := taskBucket.open(key, x.get(taskBucket, key))
	if err != nil {
		panic(err) // ends the manager: see writer.go
	}
	r, err := decodeTask(payload, j.Created.UnixMilli())
	if err != nil {
		panic(taskBucket.damaged(key, err))
	}
	return r.state(*x.names.Load())
}

// get returns a record as it will be after the commit, or nil.
func (x *index) get(b *bucket, key []byte) []byte {
	if value, ok := x.writes.get(b, key); ok {
		return value
	}
	return x.read().Bucket(b.name).Get(key)
}

// number returns the number of a worker, 0 for none.
func (x *index) number(id farm.WorkerID) uint32 {
	if id == "" {
		return 0
	}
	w := x.workers[id]
	if w == nil {
		panic(fmt.Sprintf("store: a task's state names worker %q, which is not registered", id))
	}
	return w.seq
}

// evict remembers the jobs in memory that need not be there, and forgets the
// oldest of them when there are many. It runs between groups, when no caller
// holds a handle and nothing is left to be written.
func (x *index) evict() {
	for _, j := range x.loaded {
		if !j.cached && !j.busy() {
			j.cached = true
			x.cached = append(x.cached, j)
		}
	}
	clear(x.loaded)
	x.loaded = x.loaded[:0]
	for len(x.cached) > maxCachedJobs {
		j := x.cached[0]
		x.cached = slices.Delete(x.cached, 0, 1)
		j.cached = false
		if key := prefixOf(j.uuid); x.jobs[key] == j && !j.busy() {
			delete(x.jobs, key)
		}
	}
}

// maxCachedJobs is how many jobs that are not busy stay in memory.
const maxCachedJobs = 32

// changes counts what operations did; an operation that left it alone wrote nothing.
func (x *index) changes() int {
	return x.writes.n + len(x.dirtyJobs) + len(x.dirtyWorkers) + len(x.dirtyCosts)
}

// flush turns changed jobs, workers and counters into writes, and reports
// whether there is anything to commit.
func (x *index) flush() bool {
	if len(x.dirtyJobs) == 0 && len(x.dirtyWorkers) == 0 && x.writes.empty() && x.numbers == x.saved {
		return false
	}
	for _, j := range x.dirtyJobs {
		j.dirty = false
		x.loaded = append(x.loaded, j)
		if !j.gone {
			x.putJob(j)
		}
	}
	for _, j := range x.dirtyCosts {
		if j.costly = false; j.costs != nil { // else it is being removed
			x.putCosts(j)
		}
	}
	clear(x.dirtyCosts)
	x.dirtyCosts = x.dirtyCosts[:0]
	for _, w := range x.dirtyWorkers {
		w.dirty = false
		x.putWorker(w)
	}
	clear(x.dirtyJobs)
	x.dirtyJobs, x.dirtyWorkers = x.dirtyJobs[:0], x.dirtyWorkers[:0]
	x.numbers.commit++
	x.saved = x.numbers
	x.writes.put(metaBucket, countersKey, x.numbers.encode())
	return true
}
