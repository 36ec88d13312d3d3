package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// loadIndex reads what the writer keeps in memory: counters, workers, tags, and
// the jobs that may still run. Finished jobs cost their record only.
func loadIndex(db *bolt.DB, log *slog.Logger) (*index, error) {
	x := newIndex(db, log)
	err := db.View(func(tx *bolt.Tx) error {
		if err := checkLayout(tx); err != nil {
			return err
		}
		return x.rebuild(tx)
	})
	return x, err
}

// rebuild fills an empty index from the file, which repairAtStart has looked through.
// A job that cannot be read is put into quarantine; it stops at a damaged record
// that nobody could name, because a farm that goes on without it would be a silent loss.
func (x *index) rebuild(tx *bolt.Tx) error {
	payload, err := metaBucket.open(countersKey, tx.Bucket(metaBucket.name).Get(countersKey))
	if err != nil {
		return err
	}
	if x.numbers, err = decodeCounters(payload); err != nil {
		return metaBucket.damaged(countersKey, err)
	}
	x.saved = x.numbers
	if err := x.loadWorkers(tx); err != nil {
		return err
	}
	if err := records(tx, tagBucket, nil, func(key, payload []byte) error {
		t, err := decodeTag(payload)
		x.tags[t.ID] = t
		return err
	}); err != nil {
		return err
	}
	// Jobs come in the order of their numbers, and so do their tasks: the
	// loader's cursors only ever move on.
	l := newLoader(x, tx)
	c := tx.Bucket(jobBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := x.restore(tx, l, key, value); err != nil {
			return asDamage(jobBucket, key, err)
		}
	}
	return nil
}

// restore reads one job at the start, if it must be in memory.
func (x *index) restore(tx *bolt.Tx, l *loader, key, value []byte) error {
	r, err := x.quarantine.record(tx, key, value)
	if err != nil || x.quarantine.known(binary.BigEndian.Uint32(key)) != nil {
		return err
	}
	// Jobs that are held, aborted or over are read when somebody asks for
	// them, unless a worker still has one of their tasks.
	active := r.Counts[farm.TaskActive] > 0
	if r.removing || !active && !r.Deleting.IsZero() || !active && !r.Status().Runs() {
		return nil
	}
	j, err := l.job(key, r)
	if IsDamage(err) {
		l.drop(key)
		x.quarantine.put(binary.BigEndian.Uint32(key), r, err)
		return nil
	}
	if err == nil {
		x.jobs[prefixOf(j.uuid)] = j
	}
	return err
}

// loadWorkers reads all workers. Their numbers have no gaps, because worker
// records are never removed; that makes a slice of ids the way back.
func (x *index) loadWorkers(tx *bolt.Tx) error {
	names := []farm.WorkerID{""}
	seen := tx.Bucket(seenBucket.name)
	err := records(tx, workerBucket, nil, func(key, payload []byte) error {
		last, err := seenBucket.open(key, seen.Get(key))
		if err != nil {
			return err
		}
		w, err := decodeWorker(payload, last)
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(key) != uint32(len(names)) {
			return fmt.Errorf("it is worker %d of the file", len(names))
		}
		x.workers[w.ID] = &Worker{Worker: w, stored: constantPart(w), sched: x.sched.AddWorker(&w), seq: uint32(len(names))}
		names = append(names, w.ID)
		return nil
	})
	x.names.Store(&names)
	return err
}

// records calls f with every record of the bucket whose key begins with
// prefix, in order. f's errors that are not damage become damage of the record.
func records(tx *bolt.Tx, b *bucket, prefix []byte, f func(key, payload []byte) error) error {
	return recordsAt(tx.Bucket(b.name).Cursor(), b, prefix, f)
}

// recordsAt is records with a cursor that is used again and again.
func recordsAt(c *bolt.Cursor, b *bucket, prefix []byte, f func(key, payload []byte) error) error {
	for key, value := c.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, value = c.Next() {
		payload, err := b.open(key, value)
		if err != nil {
			return err
		}
		if err := f(key, payload); err != nil {
			return asDamage(b, key, err)
		}
	}
	return nil
}

// asDamage names the record that err is about, unless err does so itself.
func asDamage(b *bucket, key []byte, err error) error {
	switch err.(type) {
	case *damage, *farm.Error:
		return err
	}
	return b.damaged(key, err)
}

// A loader reads jobs with all that the scheduler knows of them. Its cursors
// are used for job after job.
type loader struct {
	x       *index
	plans   *bolt.Bucket
	details *bolt.Bucket
	chunks  *bolt.Bucket
	tasks   *bolt.Cursor
	block   *bolt.Cursor
	inRow   *bolt.Cursor
}

func newLoader(x *index, tx *bolt.Tx) *loader {
	return &loader{x: x, plans: tx.Bucket(planBucket.name), details: tx.Bucket(jobdefBucket.name), chunks: tx.Bucket(defBucket.name),
		tasks: tx.Bucket(taskBucket.name).Cursor(), block: tx.Bucket(blockBucket.name).Cursor(), inRow: tx.Bucket(inRowBucket.name).Cursor()}
}

// load reads one job that is known to be in the file.
func (x *index) load(tx *bolt.Tx, seq uint32) (*Job, error) {
	r, err := x.jobRecord(tx, seq)
	if err == nil {
		err = x.quarantine.known(seq)
	}
	if err != nil {
		return nil, err
	}
	key, l := key32(seq), newLoader(x, tx)
	j, err := l.job(key, r)
	if IsDamage(err) {
		l.drop(key)
		err = x.quarantine.put(seq, r, err)
	}
	return j, err
}

// jobRecord reads the record of one job that is known to be in the file.
func (x *index) jobRecord(tx *bolt.Tx, seq uint32) (jobRecord, error) {
	key := key32(seq)
	return x.quarantine.record(tx, key, tx.Bucket(jobBucket.name).Get(key))
}

// job reads the rest of a job whose record was read, and puts the job where the
// scheduler finds it if it may run.
func (l *loader) job(key []byte, r jobRecord) (*Job, error) {
	if r.removing { // its plan may be gone already
		j := newJob(r, &scheduler.Plan{})
		l.x.add(j, binary.BigEndian.Uint32(key))
		l.x.empty(j)
		return j, nil
	}
	payload, err := planBucket.open(key, l.plans.Get(key))
	if err != nil {
		return nil, err
	}
	plan, err := decodePlan(payload)
	if err != nil {
		return nil, planBucket.damaged(key, err)
	}
	if r.Pass.InProgress() && (r.Pass.Root >= plan.Tasks || r.Pass.Next > plan.Tasks) {
		return nil, jobBucket.damaged(key, fmt.Errorf("its pass is at task %d, and it has %d", r.Pass.Next, plan.Tasks))
	}
	j := newJob(r, plan)
	j.seq = binary.BigEndian.Uint32(key)
	if err := l.constants(j, key); err != nil {
		return nil, err
	}
	if err := l.loadTasks(j, key); err != nil {
		return nil, err
	}
	if err := l.loadBlocks(j, key); err != nil {
		return nil, err
	}
	if err := l.loadInRow(j, key); err != nil {
		return nil, err
	}
	j.sched.Derive()
	l.x.add(j, j.seq)
	return j, nil
}

// constants makes sure that what never changes of a job is there and whole, so that no
// worker is given a task whose commands cannot be read.
func (l *loader) constants(j *Job, key []byte) error {
	if _, err := jobdefBucket.open(key, l.details.Get(key)); err != nil {
		return err
	}
	for n := 0; n*chunkTasks < j.Len(); n++ {
		key := key64(j.seq, uint32(n))
		if _, err := defBucket.open(key, l.chunks.Get(key)); err != nil {
			return err
		}
	}
	return nil
}

// loadTasks reads the states of the tasks that were ever touched, and makes sure
// that they add up to what the job's record says.
func (l *loader) loadTasks(j *Job, key []byte) error {
	counts, done := farm.Counts{farm.TaskQueued: j.Len()}, 0
	names := *l.x.names.Load()
	created := j.Created.UnixMilli()
	err := recordsAt(l.tasks, taskBucket, key, func(key, payload []byte) error {
		t, err := decodeTask(payload, created)
		if err != nil {
			return err
		}
		// What follows holds for every file that this program wrote. It is
		// looked at all the same, because everything else relies on it.
		i := int(binary.BigEndian.Uint32(key[4:]))
		if i >= j.Len() {
			return fmt.Errorf("its job has %d tasks", j.Len())
		}
		if int(t.worker) >= len(names) || slices.ContainsFunc(t.failedBy, func(w uint32) bool { return w == 0 || int(w) >= len(names) }) {
			return fmt.Errorf("it names a worker that is not in the file")
		}
		counts[farm.TaskQueued]--
		counts[t.status]++
		done += t.done
		j.recorded.set(i, true)
		j.setSteps(i, t.done)
		j.sched.Restore(i, t.status, t.failedBy)
		j.sched.RestoreOutOfMemory(i, t.cause.IsMemory())
		if t.status == farm.TaskCompleted {
			j.sched.CountDone(t.worker, j.Task(i).Type(), +1)
		}
		if t.status == farm.TaskActive {
			if t.worker == 0 {
				return fmt.Errorf("it is active without a worker")
			}
			l.x.hold(Task{j, i}, l.x.workers[names[t.worker]], t.state(names))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if counts != j.Counts || done != j.StepsDone || j.sched.Plan().Steps() != j.StepsTotal {
		return jobBucket.damaged(key, fmt.Errorf("it counts tasks %v and steps %d of %d, and the tasks are %v with %d of %d",
			j.Counts, j.StepsDone, j.StepsTotal, counts, done, j.sched.Plan().Steps()))
	}
	return nil
}

// loadBlocks reads the job's blocklist.
func (l *loader) loadBlocks(j *Job, key []byte) error {
	return recordsAt(l.block, blockBucket, key, func(key, payload []byte) error {
		worker, taskType, since, err := decodeBlock(key, payload)
		if err == nil && (worker == 0 || int(worker) >= len(*l.x.names.Load())) {
			err = errors.New("its worker is not in the file")
		}
		if err != nil {
			return err
		}
		j.sched.RestoreBlock(worker, taskType, since)
		return nil
	})
}

// decodeBlock reads the number of the worker that is blocked, from what, and
// since when.
func decodeBlock(key, payload []byte) (worker uint32, taskType string, since time.Time, err error) {
	if len(key) < 8 {
		return 0, "", since, errShort
	}
	r := reader{rest: payload}
	since = timeOf(r.int())
	return binary.BigEndian.Uint32(key[4:]), string(key[8:]), since, r.end()
}
