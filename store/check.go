package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// Check yields everything that is wrong with the database file, which nobody
// may be using: pages that make no sense, records that fail their checksum or do
// not decode, and records that contradict each other. See checker for what
// must hold.
func Check(path string) iter.Seq[error] {
	return func(yield func(error) bool) {
		check(path, func(err error) error { return openError(path, err) }, yield)
	}
}

// check is Check. explain is given what keeps the file from being looked at, and
// returns what is yielded of it.
func check(path string, explain func(error) error, yield func(error) bool) {
	if _, err := os.Stat(path); err != nil {
		yield(farm.Errorf(farm.NotFound, "the database %s cannot be checked: %w", path, err))
		return
	}
	if err := identify(path); err != nil {
		yield(explain(err))
		return
	}
	db, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
	if err != nil {
		yield(explain(err))
		return
	}
	defer db.Close()
	for err := range checkPages(path) {
		yield(explain(&fileDamage{err}))
		return // bbolt would trip over it
	}
	// The shared lock that db holds keeps writers away all the while.
	l, err := layoutOf(db)
	if err == nil {
		err = l.refuseNewer(path, "")
	}
	if err != nil {
		yield(explain(err))
		return
	}
	if l.number < newestLayout() {
		checkOlder(db, path, l, yield)
		return
	}
	err = db.View(func(tx *bolt.Tx) error {
		if err := checkLayout(tx); err != nil {
			return err
		}
		checkRecords(tx, yield)
		return nil
	})
	if err != nil {
		yield(explain(err))
	}
}

// Check returns everything that is wrong with the open database, including
// differences between the scheduler's index and one rebuilt from the file. It
// runs in the writer and holds up everybody meanwhile.
func (s *Store) Check() []error {
	var found []error
	report := func(err error) bool { found = append(found, err); return true }
	err := s.send(op{alone: func() {
		// Everything before is committed and nothing else runs, so the file
		// can be looked at from outside as well.
		for err := range checkPages(s.path) {
			report(err)
		}
		if len(found) > 0 {
			return
		}
		tx, err := s.db.Begin(false)
		if err != nil {
			report(err)
			return
		}
		defer tx.Rollback()
		checkRecords(tx, report)
		if len(found) == 0 { // a damaged file says nothing about the index
			checkIndex(tx, s.x, report)
		}
	}})
	if err != nil {
		report(err)
	}
	return found
}

// A checker looks at all records of a transaction. What must hold:
//
//   - every record has a good checksum and decodes
//   - jobuuid and job name each other, and so do workeruuid, worker and seen
//   - numbers of jobs and workers are no greater than the counters
//   - a job has settings, a plan, and exactly the chunks of definitions that
//     its tasks need, which agree with the plan
//   - task records are within the plan, and add up to the job's counts and steps
//   - an active task has a worker; workers that records name exist
//   - needs do not go in a circle
//   - audits have no gaps, and are not too long
//   - results of frames are of tasks and workers that are there
//   - nothing is left of jobs that are gone
type checker struct {
	tx      *bolt.Tx
	yield   func(error) bool
	ended   bool
	x       *index         // only for what reading a job needs
	jobs    map[uint32]int // tasks, or -1 for one that is being removed
	numbers counters
}

// checkRecords yields what is wrong with the records of a transaction.
func checkRecords(tx *bolt.Tx, yield func(error) bool) {
	c := &checker{tx: tx, yield: yield, x: newIndex(tx.DB(), slog.New(slog.DiscardHandler)), jobs: map[uint32]int{}}
	for _, step := range []func(){c.names, c.meta, c.workers, c.tags, c.allJobs, c.uuids, c.audits, c.frames, c.leftovers} {
		if !c.ended {
			step()
		}
	}
}

func (c *checker) report(err error) {
	if err != nil && !c.ended {
		c.ended = !c.yield(err)
	}
}

// each calls f with every record of the bucket, and reports what f returns.
func (c *checker) each(b *bucket, f func(key, payload []byte) error) {
	cur := c.tx.Bucket(b.name).Cursor()
	for key, value := cur.First(); key != nil && !c.ended; key, value = cur.Next() {
		payload, err := b.open(key, value)
		if err == nil {
			err = f(key, payload)
		}
		if err != nil {
			c.report(asDamage(b, key, err))
		}
	}
}

// names looks for buckets that are not Farm's.
func (c *checker) names() {
	c.report(c.tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		for _, b := range buckets {
			if string(b.name) == string(name) {
				return nil
			}
		}
		return fmt.Errorf("bucket %q is not one of Farm's", name)
	}))
}

// meta reads the counters, which the other steps need.
func (c *checker) meta() {
	c.each(metaBucket, func(key, payload []byte) (err error) {
		switch string(key) {
		case string(layoutKey), string(uuidKey), string(shownKey):
			return nil
		case string(countersKey):
			c.numbers, err = decodeCounters(payload)
			return err
		}
		if isNotice(key) {
			_, err = decodeNotice(key, payload)
			return err
		}
		return errors.New("there is no such key in a database of Farm")
	})
}

// workers looks at the three records of each worker.
func (c *checker) workers() {
	c.report(c.x.loadWorkers(c.tx))
	names := *c.x.names.Load()
	if n := len(names) - 1; n != int(c.numbers.worker) {
		c.report(fmt.Errorf("there are %d workers, and %d were counted", n, c.numbers.worker))
	}
	found := 0
	c.each(uuidBucket, func(key, payload []byte) error {
		found++
		if len(payload) != 4 {
			return errShort
		}
		if seq := binary.BigEndian.Uint32(payload); len(key) != 16 || int(seq) >= len(names) || string(names[seq]) != farm.UUID(key).String() {
			return fmt.Errorf("it leads to worker %d, which is another", seq)
		}
		return nil
	})
	seen := 0
	c.each(seenBucket, func(key, payload []byte) error {
		seen++
		return decodeSeen(payload, &farm.Worker{})
	})
	if found != len(names)-1 || seen != len(names)-1 {
		c.report(fmt.Errorf("there are %d workers, %d ids and %d states of workers", len(names)-1, found, seen))
	}
}

// tags looks at the worker tags.
func (c *checker) tags() {
	c.each(tagBucket, func(key, payload []byte) error {
		t, err := decodeTag(payload)
		if err == nil && string(t.ID) != string(key) {
			err = fmt.Errorf("its id is %q", t.ID)
		}
		return err
	})
}

// allJobs reads every job, and what belongs to it, as the index would.
func (c *checker) allJobs() {
	l := newLoader(c.x, c.tx)
	c.each(jobBucket, func(key, payload []byte) error {
		r, err := decodeJob(payload)
		if err != nil {
			return err
		}
		seq := binary.BigEndian.Uint32(key)
		c.jobs[seq] = -1
		if seq == 0 || seq > c.numbers.job {
			return fmt.Errorf("only %d jobs were counted", c.numbers.job)
		}
		if named, err := decodeSeq(jobuuidBucket, r.uuid[:], c.tx.Bucket(jobuuidBucket.name).Get(r.uuid[:])); err != nil || named != seq {
			c.report(fmt.Errorf("job %s is number %d, and its id leads to %d: %w", r.ID, seq, named, err))
		}
		if r.removing { // any part of it may be gone
			return nil
		}
		c.jobs[seq] = r.Counts.Total()
		j, err := l.job(key, r)
		if err != nil {
			return err
		}
		return c.job(j)
	})
}

// job checks what reading a job does not.
func (c *checker) job(j *Job) error {
	key := key32(j.seq)
	payload, err := jobdefBucket.open(key, c.tx.Bucket(jobdefBucket.name).Get(key))
	if err == nil {
		_, err = decodeDetail(payload)
	}
	if err != nil {
		c.report(asDamage(jobdefBucket, key, err))
	}
	if j.sched.Plan().HasCycle() {
		c.report(planBucket.damaged(key, errors.New("its tasks wait for each other")))
	}
	return c.definitions(j)
}

// definitions reads the commands of all tasks and compares their heads with
// the plan.
func (c *checker) definitions(j *Job) error {
	for n := 0; n*chunkTasks < j.Len(); n++ {
		key := key64(j.seq, uint32(n))
		payload, err := defBucket.open(key, c.tx.Bucket(defBucket.name).Get(key))
		if err != nil {
			return err
		}
		chunk, err := decodeChunk(payload)
		if err != nil {
			return defBucket.damaged(key, err)
		}
		first := n * chunkTasks
		if len(chunk.heads) != min(chunkTasks, j.Len()-first) {
			return defBucket.damaged(key, fmt.Errorf("it has %d tasks, and the job %d", len(chunk.heads), j.Len()))
		}
		for i, h := range chunk.heads {
			t := j.Task(first + i)
			if h.kind != t.Type() || h.priority != t.Priority() || h.steps != t.Steps() {
				return defBucket.damaged(key, fmt.Errorf("its task %d is not as planned", i))
			}
			if _, err := chunk.task(i); err != nil {
				return defBucket.damaged(key, err)
			}
		}
	}
	return nil
}

// uuids looks at the way from ids to jobs; allJobs looked at the way back.
func (c *checker) uuids() {
	c.each(jobuuidBucket, func(key, payload []byte) error {
		if len(payload) != 4 {
			return errShort
		}
		if seq := binary.BigEndian.Uint32(payload); !c.has(seq) {
			return fmt.Errorf("it leads to job %d, which is not there", seq)
		}
		return nil
	})
	if n := c.tx.Bucket(jobuuidBucket.name).Stats().KeyN; n != len(c.jobs) {
		c.report(fmt.Errorf("there are %d jobs and %d ids of jobs", len(c.jobs), n))
	}
}

func (c *checker) has(seq uint32) bool { _, ok := c.jobs[seq]; return ok }

// frames reads the results of frames, and what was made of them.
func (c *checker) frames() {
	names := *c.x.names.Load()
	c.each(frameBucket, func(key, payload []byte) error {
		if len(key) != 8 {
			return errShort
		}
		entries, err := decodeFrames(payload, binary.BigEndian.Uint32(key[4:]), time.Time{})
		tasks := c.jobs[binary.BigEndian.Uint32(key)]
		for _, e := range entries {
			if e.worker == 0 || int(e.worker) >= len(names) || tasks >= 0 && int(e.task) >= tasks {
				return fmt.Errorf("frame %d names worker %d and task %d", e.Frame, e.worker, e.task)
			}
		}
		return err
	})
	c.each(costBucket, func(_, payload []byte) error {
		_, err := decodeCosts(payload, names)
		return err
	})
}

// leftovers looks for records of jobs that are gone, and reads those that
// nothing led to.
func (c *checker) leftovers() {
	for _, b := range partsOfJob {
		c.each(b, func(key, payload []byte) error {
			seq := binary.BigEndian.Uint32(key)
			if !c.has(seq) {
				return fmt.Errorf("job %d is not there", seq)
			}
			if tasks := c.jobs[seq]; b == defBucket && tasks >= 0 && int(binary.BigEndian.Uint32(key[4:]))*chunkTasks >= tasks {
				return fmt.Errorf("its job has %d tasks", tasks)
			}
			return nil
		})
	}
}
