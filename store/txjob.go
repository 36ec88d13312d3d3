package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"renderfarm/farm"
)

// CanAdd reports farm.Conflict if the id of the job is taken, or begins like
// that of another job, whose tasks it would share ids with. Ids of
// farm.NewUUID never do; check ids that came from outside.
func (tx *Tx) CanAdd(n *NewJob) error {
	tx.check()
	seq, err := tx.x.find(prefixOf(n.job.uuid))
	switch {
	case err != nil:
		return err
	case seq != 0:
		return farm.Errorf(farm.Conflict, "there is already a job with the id %s, or one whose first 16 digits are the same: use another id", n.job.ID)
	}
	return nil
}

// AddJob stores a job that Prepare made ready, with all its tasks queued, and
// returns it. See CanAdd for its id.
func (tx *Tx) AddJob(n *NewJob) *Job {
	if err := tx.CanAdd(n); err != nil {
		panic(err)
	}
	x, j := tx.x, n.job
	if j.seq != 0 {
		panic("store: a NewJob is stored twice")
	}
	x.numbers.job++
	x.add(j, x.numbers.job)
	x.jobs[prefixOf(j.uuid)] = j
	key := key32(j.seq)
	x.writes.put(jobuuidBucket, j.uuid[:], jobuuidBucket.seal(j.uuid[:], append([]byte{recordVersion}, key...)))
	x.writes.put(jobdefBucket, key, jobdefBucket.seal(key, n.detail))
	x.writes.put(planBucket, key, planBucket.seal(key, n.plan))
	for i, c := range n.chunks {
		key := key64(j.seq, uint32(i))
		x.writes.put(defBucket, key, defBucket.seal(key, c))
	}
	x.changed(j, tx.now)
	return j
}

// Job returns the job with the id, or farm.NotFound. A job that is not in
// memory is read from the file, which takes about 0.1 ms per 1,000 tasks that
// were touched. A job that RemoveJob has begun with is still found, so that it
// can be continued: its Deleting is set, and it has no tasks any more.
func (tx *Tx) Job(id farm.JobID) (*Job, error) {
	tx.check()
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return nil, errNoJob
	}
	j, err := tx.x.job(prefixOf(u))
	if err != nil || j == nil || j.uuid != u {
		return nil, orNotFound(err, errNoJob)
	}
	return j, nil
}

// job returns the job whose UUID begins with p, or nil.
func (x *index) job(p prefix) (*Job, error) {
	if j := x.jobs[p]; j != nil {
		if j.damage != nil && !j.removing {
			return nil, j.damage
		}
		return j, nil
	}
	seq, err := x.find(p)
	if err != nil || seq == 0 {
		return nil, err
	}
	j, err := x.load(x.read(), seq)
	if err != nil {
		return nil, err
	}
	x.jobs[p] = j
	x.loaded = append(x.loaded, j)
	return j, nil
}

// find returns the number of the job whose UUID begins with p, or 0.
func (x *index) find(p prefix) (uint32, error) {
	if j := x.jobs[p]; j != nil {
		return j.seq, nil
	}
	start := binary.BigEndian.AppendUint64(nil, uint64(p))
	// A job that is not in memory has nothing waiting to be written, except
	// that it was just removed.
	key, value := x.read().Bucket(jobuuidBucket.name).Cursor().Seek(start)
	if !bytes.HasPrefix(key, start) {
		return 0, nil
	}
	if pending, ok := x.writes.get(jobuuidBucket, key); ok && pending == nil {
		return 0, nil
	}
	return decodeSeq(jobuuidBucket, key, value)
}

// decodeSeq reads a record that is nothing but a number, of jobuuid or workeruuid.
func decodeSeq(b *bucket, key, value []byte) (uint32, error) {
	payload, err := b.open(key, value)
	if err != nil {
		return 0, err
	}
	if len(payload) != 4 {
		return 0, b.damaged(key, fmt.Errorf("it has %d bytes where 4 are right", len(payload)))
	}
	return binary.BigEndian.Uint32(payload), nil
}

// SaveJob stores the exported fields of the job after they were changed and
// sets Updated to Now. Priority, Tag, Intent, Pass and Deleting take effect in the
// scheduler at once. Counts and StepsDone are SetTask's.
func (tx *Tx) SaveJob(j *Job) {
	tx.check()
	if j.removing {
		panic("store: SaveJob on a job that is being removed")
	}
	j.Activity, j.Pass.Reason, j.Deleting = clip(j.Activity), clip(j.Pass.Reason), whole(j.Deleting)
	tx.x.changed(j, tx.now)
	tx.x.sched.SetTerms(j.sched, j.terms())
}

// add tells the scheduler of a job, whose number this is.
func (x *index) add(j *Job, seq uint32) {
	j.seq, j.x = seq, x
	x.sched.Add(j.sched, seq, j)
	x.sched.SetTerms(j.sched, j.terms())
}

// changed notes that the job's record is to be written, and moves the job in or
// out of the scheduler if its status now says so.
func (x *index) changed(j *Job, now time.Time) {
	j.Updated = now
	if !j.dirty {
		j.dirty = true
		x.dirtyJobs = append(x.dirtyJobs, j)
	}
	if terms := j.terms(); terms.Open != j.sched.Terms().Open {
		x.sched.SetTerms(j.sched, terms)
	}
}

func (x *index) putJob(j *Job) {
	key := key32(j.seq)
	r := jobRecord{Job: j.Job, uuid: j.uuid, removing: j.removing}
	x.writes.put(jobBucket, key, jobBucket.seal(key, r.appendTo(make([]byte, 0, 160))))
}

// partsOfJob are the buckets whose keys begin with a job's number, and that go
// with it, in this order.
var partsOfJob = []*bucket{taskBucket, defBucket, planBucket, blockBucket, inRowBucket, frameBucket, costBucket, auditBucket, jobdefBucket}

// RemoveJob removes a job, at most the given number of records at a time, so
// that a large one does not hold up everybody else: the caller repeats it in
// further Updates until done. With the first call the job leaves the scheduler
// and all lists, and its workers hold none of its tasks any more; what is left
// after a crash is among View.JobsDeleting.
func (tx *Tx) RemoveJob(j *Job, most int) (done bool) {
	tx.check()
	x := tx.x
	if !j.removing {
		x.forget(j, tx.now)
		tx.AfterCommit(func() { x.chunks.drop(prefixOf(j.uuid)) })
	}
	key := key32(j.seq)
	for _, b := range partsOfJob {
		most -= x.deleteSome(b, key, most)
		if most <= 0 {
			return false
		}
	}
	x.writes.put(jobBucket, key, nil)
	x.writes.put(jobuuidBucket, j.uuid[:], nil)
	j.gone = true
	if j.damage != nil {
		tx.AfterCommit(func() { x.quarantine.remove(j.seq) })
	}
	delete(x.jobs, prefixOf(j.uuid))
	return true
}

// forget takes the job out of the scheduler, the lists and its workers' hands,
// and lets go of what is known of its tasks.
func (x *index) forget(j *Job, now time.Time) {
	for t := range j.TasksIn(farm.TaskActive) {
		x.hold(t, nil, farm.TaskState{})
	}
	if j.Deleting.IsZero() {
		j.Deleting = now // so that JobsDeleting names it until it is gone
	}
	j.removing = true
	x.changed(j, now)
	x.empty(j)
	key := key32(j.seq)
	for _, b := range partsOfJob {
		x.writes.deleteWith(b, key)
	}
	if bytes.Equal(x.get(metaBucket, shownKey), lastRendered(j.ID)) {
		x.writes.put(metaBucket, shownKey, nil)
	}
}

// empty leaves the job without tasks. Its counts stay what they were, and are
// of no use any more.
func (x *index) empty(j *Job) {
	x.sched.Remove(j.sched)
	j.recorded, j.done, j.costs = nil, nil, nil
}

// deleteSome deletes up to most records whose keys begin with prefix, and
// returns how many.
func (x *index) deleteSome(b *bucket, prefix []byte, most int) int {
	n := 0
	c := x.read().Bucket(b.name).Cursor()
	for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix) && n < most; key, _ = c.Next() {
		if value, ok := x.writes.get(b, key); ok && value == nil {
			continue // deleted in this group already
		}
		x.writes.put(b, bytes.Clone(key), nil)
		n++
	}
	return n
}
