package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
)

// Whoever meets a damaged record while the farm runs, be it a request or Verify, has
// the writer make the best of it: heal. What memory knows is written again. What only
// people are told of is given up. A job that cannot do without its record goes into
// quarantine. Nothing else stops for it.

// A Finding is a damaged record that was found, and what was done about it.
type Finding struct {
	Words string     // which record, what is lost, and the next step
	Job   farm.JobID // that is in quarantine because of it, or ""
}

// explain turns damage that somebody met into an error for users, after the best was
// made of it. Other errors stay what they are.
func (s *Store) explain(err error) error {
	var known *farm.Error
	var d *damage
	if err == nil || errors.As(err, &known) || !errors.As(err, &d) {
		return err
	}
	found, job, e := s.heal(d)
	switch {
	case e != nil:
		return e
	case job != nil:
		return job
	case found == nil:
		return farm.Errorf(farm.Busy, "what this needs of the database was written again just now: try again")
	}
	return farm.Errorf(farm.Busy, "what this needs of the database is damaged: %w. It was made good as far as possible: try again", d)
}

// heal makes the best of a damaged record, and logs it. It returns nil if the record is
// whole or gone by now; and for a job that went into quarantine, or is there already,
// the error for who asks for it.
func (s *Store) heal(d *damage) (found *Finding, job, err error) {
	err = s.send(op{fn: func(tx *Tx) error {
		found, job = tx.x.heal(d, tx.now)
		return nil
	}})
	if found != nil && found.Job == "" { // else the quarantine has told
		s.log.Error("a record of the database is damaged; everything else goes on. Check the disk the database is on", "what", found.Words)
	}
	return found, job, err
}

// neededByJob are the buckets without whose records a job cannot go on.
var neededByJob = []*bucket{jobdefBucket, planBucket, defBucket, taskBucket, blockBucket, inRowBucket}

// heal is Store.heal in the writer.
func (x *index) heal(d *damage, now time.Time) (*Finding, error) {
	b, key := d.bucket, d.key
	value := x.get(b, key)
	_, bad := b.open(key, value)
	if slices.Contains(neededByJob, b) || b == jobBucket {
		return x.healJob(d, bad != nil)
	}
	if value == nil && b != seenBucket || bad == nil {
		return nil, nil
	}
	say := func(format string, args ...any) (*Finding, error) {
		return &Finding{Words: fmt.Sprintf("%v. %s", d, fmt.Sprintf(format, args...))}, nil
	}
	switch b {
	case frameBucket, costBucket:
		x.writes.put(b, key, nil)
		return say("What some frames of %s took is lost; the job goes on", x.jobName(key))
	case auditBucket, workerAuditBucket:
		x.writes.put(b, key, b.seal(key, encodeJSON(&farm.Change{Time: now, What: lostChange})))
		return say("An entry of the history of %s is lost", x.ownerName(b, key))
	case workerBucket, seenBucket, uuidBucket:
		if w := x.workerOf(b, key); w != nil {
			x.rewriteWorker(w)
			return say("The record of worker %s was written again", w.Name)
		}
	case tagBucket:
		if t, ok := x.tags[farm.TagID(key)]; ok {
			x.writes.put(b, key, b.seal(key, encodeJSON(&t)))
			return say("Tag %s was written again", t.Name)
		}
	case jobuuidBucket:
		return x.healID(d)
	case metaBucket:
		switch string(key) {
		case string(countersKey):
			x.writes.put(b, key, x.numbers.encode()) // which the commit writes again, with its number
			return say("The counters were written again")
		case string(shownKey):
			x.writes.put(b, key, nil)
			return say("Which job rendered last is forgotten")
		}
		if isNotice(key) {
			x.writes.put(b, key, nil)
			return say("A message that was to be sent is lost")
		}
		return say("Stop the manager and restore a backup")
	}
	x.writes.put(b, key, nil)
	return say("It belonged to nothing that is there, and was removed")
}

// lostChange is what a history says in place of an entry that was damaged.
const lostChange = "(this entry was damaged in the database)"

// healJob writes a job's own record again if the job is in memory, and puts it into
// quarantine otherwise. bad says that the record is damaged still.
func (x *index) healJob(d *damage, bad bool) (*Finding, error) {
	if len(d.key) < 4 {
		return &Finding{Words: fmt.Sprintf("%v. It belongs to no job; restore a backup", d)}, nil
	}
	seq := binary.BigEndian.Uint32(d.key)
	if err := x.quarantine.known(seq); err != nil {
		return nil, err
	}
	if !bad && (d.bucket == jobBucket || errors.Is(d, errChecksum)) {
		return nil, nil // it was written again meanwhile
	}
	j := x.inMemory(seq)
	switch {
	case d.bucket == jobBucket && j != nil:
		x.putJob(j)
		return &Finding{Words: fmt.Sprintf("%v. The record of the job %q (%s) was written again from memory", d, j.Name, j.ID)}, nil
	case x.get(jobBucket, key32(seq)) == nil:
		if !bad || x.get(d.bucket, d.key) == nil {
			return nil, nil // the job was removed meanwhile
		}
		x.writes.put(d.bucket, d.key, nil)
		return &Finding{Words: fmt.Sprintf("%v. Its job is not there any more, and it was removed", d)}, nil
	}
	var r jobRecord
	var err error
	if j != nil {
		r = jobRecord{Job: j.Job, uuid: j.uuid, removing: j.removing}
	} else if r, err = x.jobRecord(x.read(), seq); err != nil {
		return &Finding{Words: fmt.Sprintf("%v. Nothing says which job that was; stop the manager and restore a backup", d)}, nil
	}
	if r.removing {
		return nil, nil // its records go, whole or not
	}
	if j != nil {
		x.isolate(j)
	}
	err = x.quarantine.put(seq, r, d)
	return &Finding{fmt.Sprintf("%v. Tasks of the job %q (%s) are not handed out any more: delete it, or restore a backup of before", d, r.Name, r.ID), r.ID}, err
}

// inMemory returns the job with the number if it is in memory.
func (x *index) inMemory(seq uint32) *Job {
	for _, j := range x.jobs {
		if j.seq == seq {
			return j
		}
	}
	return nil
}

// isolate takes a job out of the scheduler, its workers' hands and memory. The states
// of its tasks stay in the file as they are.
func (x *index) isolate(j *Job) {
	for t := range j.TasksIn(farm.TaskActive) {
		x.hold(t, nil, farm.TaskState{})
	}
	x.empty(j)
	x.chunks.drop(prefixOf(j.uuid))
	delete(x.jobs, prefixOf(j.uuid))
}

// workerOf returns the worker that a record of one of the three buckets belongs to.
func (x *index) workerOf(b *bucket, key []byte) *Worker {
	if b == uuidBucket {
		if len(key) != len(farm.UUID{}) {
			return nil
		}
		return x.workers[farm.WorkerID(farm.UUID(key).String())]
	}
	names := *x.names.Load()
	if len(key) != 4 || int(binary.BigEndian.Uint32(key)) >= len(names) {
		return nil
	}
	return x.workers[names[binary.BigEndian.Uint32(key)]]
}

// rewriteWorker writes all records of a worker, changed or not.
func (x *index) rewriteWorker(w *Worker) {
	w.stored = farm.Worker{}
	x.putWorker(w)
	x.putWorkerID(w)
}

// healID makes a record again that leads from an id to a job, if there is such a job.
func (x *index) healID(d *damage) (*Finding, error) {
	c := x.read().Bucket(jobBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if r, err := openJob(key, value); err == nil && bytes.Equal(r.uuid[:], d.key) && x.get(jobBucket, key) != nil {
			x.writes.put(jobuuidBucket, d.key, jobuuidBucket.seal(d.key, append([]byte{recordVersion}, key...)))
			return &Finding{Words: fmt.Sprintf("%v. It leads to the job %q (%s), and was written again", d, r.Name, r.ID)}, nil
		}
	}
	return &Finding{Words: fmt.Sprintf("%v. If it led to a job, the next start of the manager makes it again", d)}, nil
}

// jobName names the job that a record belongs to.
func (x *index) jobName(key []byte) string {
	if len(key) >= 4 {
		if r, err := x.jobRecord(x.read(), binary.BigEndian.Uint32(key)); err == nil {
			return fmt.Sprintf("the job %q (%s)", r.Name, r.ID)
		}
	}
	return "a job that is not there"
}

// ownerName names what an audit belongs to.
func (x *index) ownerName(b *bucket, key []byte) string {
	if b == auditBucket {
		return x.jobName(key)
	}
	if w := x.workerOf(workerBucket, key[:min(4, len(key))]); w != nil {
		return "worker " + w.Name
	}
	return "a worker that is not there"
}
