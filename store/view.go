package store

import (
	"bytes"
	"encoding/binary"
	"errors"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// View reads committed and durable data, all of the same moment. It is valid
// only inside the function given to Store.View; what it returns is the
// caller's.
type View struct {
	s   *Store
	tx  *bolt.Tx
	met []*damage // of which the best is to be made when the View has ended

	chunks map[chunkPlace]*chunk // that were read: neighbours are often asked for one after the other
}

// A chunkPlace is a job's number, and that of one of its chunks.
type chunkPlace struct {
	seq    uint32
	number int
}

// maxChunks bounds how many a View keeps.
const maxChunks = 16

// find returns the number of the job whose UUID begins with p, and the UUID.
func (v *View) find(p prefix) (seq uint32, uuid farm.UUID, err error) {
	start := binary.BigEndian.AppendUint64(nil, uint64(p))
	key, value := v.tx.Bucket(jobuuidBucket.name).Cursor().Seek(start)
	if !bytes.HasPrefix(key, start) || len(key) != len(uuid) {
		return 0, uuid, nil
	}
	seq, err = decodeSeq(jobuuidBucket, key, value)
	return seq, farm.UUID(key), err
}

// record returns the payload of a record that must exist.
func (v *View) record(b *bucket, key []byte) ([]byte, error) {
	payload, err := b.open(key, v.tx.Bucket(b.name).Get(key))
	if d := (*damage)(nil); errors.As(err, &d) {
		v.met = append(v.met, d) // also if nobody returns the error
	}
	return payload, err
}

// job returns the record of the job with the number.
func (v *View) job(seq uint32) (jobRecord, error) {
	key := key32(seq)
	j, err := v.jobRecord(key, v.tx.Bucket(jobBucket.name).Get(key))
	if err != nil {
		return j, err
	}
	if j.removing {
		return j, errNoJob
	}
	v.s.quarantine.mark(seq, &j.Job)
	return j, nil
}

// jobRecord reads the record of a job. Of a damaged one, which may still be whole in
// the writer's memory, it returns a stand-in for now.
func (v *View) jobRecord(key, value []byte) (jobRecord, error) {
	r, err := openJob(key, value)
	if err == nil {
		return r, nil
	}
	r, ok := v.s.quarantine.standIn(v.tx, key)
	if !ok {
		return r, err
	}
	if d := (*damage)(nil); errors.As(err, &d) && v.s.quarantine.known(binary.BigEndian.Uint32(key)) == nil {
		v.met = append(v.met, d)
	}
	return r, nil
}

// wholeJob is job for who needs more than lists show of it: it refuses one that is
// in quarantine.
func (v *View) wholeJob(seq uint32) (jobRecord, error) {
	j, err := v.job(seq)
	if err == nil {
		err = v.s.quarantine.known(seq)
	}
	return j, err
}

// byID returns the number of a job by its id, or farm.NotFound.
func (v *View) byID(id farm.JobID) (uint32, error) {
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return 0, errNoJob
	}
	seq, found, err := v.find(prefixOf(u))
	if err != nil || seq == 0 || found != u {
		return 0, orNotFound(err, errNoJob)
	}
	return seq, nil
}

// Job returns the job with the id, or farm.NotFound.
func (v *View) Job(id farm.JobID) (farm.Job, error) {
	seq, err := v.byID(id)
	if err != nil {
		return farm.Job{}, err
	}
	j, err := v.job(seq)
	return j.Job, err
}

// Jobs returns jobs in the order of their creation: those after the given one,
// "" for the first, at most limit, 0 for all. A job that is not there any more
// as after is farm.NotFound.
func (v *View) Jobs(after farm.JobID, limit int) ([]farm.Job, error) {
	from := uint32(0)
	if after != "" {
		seq, err := v.byID(after)
		if err != nil {
			return nil, err
		}
		from = seq
	}
	jobs, _, err := v.JobsAfter(from, limit)
	return jobs, err
}

// JobsAfter returns jobs in the order of their creation: those whose number is
// greater than the given one, at most limit, 0 for all; and the number of the
// last. Numbers, from 1, stay good when their jobs are removed.
func (v *View) JobsAfter(from uint32, limit int) (jobs []farm.Job, last uint32, err error) {
	last = from
	// Keys have four bytes, so the one that is sought lies just behind from's.
	c := v.tx.Bucket(jobBucket.name).Cursor()
	for key, value := c.Seek(key64(from, 0)); key != nil; key, value = c.Next() {
		j, err := v.jobRecord(key, value)
		if err != nil {
			return nil, last, err
		}
		if j.removing {
			continue
		}
		v.s.quarantine.mark(binary.BigEndian.Uint32(key), &j.Job)
		jobs, last = append(jobs, j.Job), binary.BigEndian.Uint32(key)
		if len(jobs) == limit {
			break
		}
	}
	return jobs, last, nil
}

// JobNumber returns the number of a job, for JobsAfter.
func (v *View) JobNumber(id farm.JobID) (uint32, error) { return v.byID(id) }

// JobsDeleting returns the jobs that somebody asked to delete and that are not
// gone yet, in the order of their creation: after a start, RemoveJob goes on
// with them. Lists do not show those it has begun with. Damaged records are
// left out; Check reports them.
func (v *View) JobsDeleting() []farm.JobID {
	var ids []farm.JobID
	c := v.tx.Bucket(jobBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if payload, err := jobBucket.open(key, value); err == nil {
			if j, err := decodeJob(payload); err == nil && !j.Deleting.IsZero() {
				ids = append(ids, j.ID)
			}
		}
	}
	return ids
}

// JobDetail returns the constant part of the job, or farm.NotFound.
func (v *View) JobDetail(id farm.JobID) (farm.JobDetail, error) {
	seq, err := v.byID(id)
	if err != nil {
		return farm.JobDetail{}, err
	}
	if _, err := v.job(seq); err != nil {
		return farm.JobDetail{}, err
	}
	key := key32(seq)
	payload, err := v.record(jobdefBucket, key)
	if err != nil {
		return farm.JobDetail{}, err
	}
	d, err := decodeDetail(payload)
	if err != nil {
		return d, jobdefBucket.damaged(key, err)
	}
	return d, nil
}

// DetailSize returns how many bytes the constant part of the job takes in the database,
// compressed, or farm.NotFound.
func (v *View) DetailSize(id farm.JobID) (int, error) {
	seq, err := v.byID(id)
	if err != nil {
		return 0, err
	}
	return len(v.tx.Bucket(jobdefBucket.name).Get(key32(seq))), nil
}

// LastRendered returns the job with the newest preview, or "".
func (v *View) LastRendered() farm.JobID {
	// The writer forgets the job when it is removed, so it is still there.
	value := v.tx.Bucket(metaBucket.name).Get(shownKey)
	payload, err := metaBucket.open(shownKey, value)
	if err != nil {
		return "" // nothing was rendered yet; damage is reported by Check
	}
	return farm.JobID(payload)
}

// ID returns the id of the database: a copy and a restored backup have the same one.
func (v *View) ID() farm.UUID {
	var id farm.UUID
	// Damage is made good at the start, and reported by Check.
	if payload, err := metaBucket.open(uuidKey, v.tx.Bucket(metaBucket.name).Get(uuidKey)); err == nil {
		copy(id[:], payload)
	}
	return id
}

// Workers returns all workers, deleted ones included, in the order in which
// they registered.
func (v *View) Workers() ([]farm.Worker, error) {
	var workers []farm.Worker
	err := records(v.tx, workerBucket, nil, func(key, payload []byte) error {
		w, err := v.worker(key, payload)
		workers = append(workers, w)
		return err
	})
	return workers, err
}

// worker joins the two records of a worker.
func (v *View) worker(key, payload []byte) (farm.Worker, error) {
	seen, err := v.record(seenBucket, key)
	if err != nil {
		return farm.Worker{}, err
	}
	return decodeWorker(payload, seen)
}

// Worker returns the worker with the id, deleted or not, or farm.NotFound.
func (v *View) Worker(id farm.WorkerID) (farm.Worker, error) {
	seq, err := v.workerNumber(id)
	if err != nil {
		return farm.Worker{}, err
	}
	key := key32(seq)
	payload, err := v.record(workerBucket, key)
	if err != nil {
		return farm.Worker{}, err
	}
	w, err := v.worker(key, payload)
	if err != nil {
		return w, asDamage(workerBucket, key, err)
	}
	return w, nil
}

// workerNumber returns the number of a worker by its id, or farm.NotFound.
func (v *View) workerNumber(id farm.WorkerID) (uint32, error) {
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return 0, errNoWorker
	}
	value := v.tx.Bucket(uuidBucket.name).Get(u[:])
	if value == nil {
		return 0, errNoWorker
	}
	return decodeSeq(uuidBucket, u[:], value)
}

// Tags returns all worker tags by name.
func (v *View) Tags() ([]farm.Tag, error) {
	var tags []farm.Tag
	err := records(v.tx, tagBucket, nil, func(_, payload []byte) error {
		t, err := decodeTag(payload)
		tags = append(tags, t)
		return err
	})
	return sortTags(tags), err
}

// Tag returns the worker tag with the id, or farm.NotFound.
func (v *View) Tag(id farm.TagID) (farm.Tag, error) {
	key := []byte(id)
	value := v.tx.Bucket(tagBucket.name).Get(key)
	if id == "" || value == nil {
		return farm.Tag{}, errNoTag
	}
	payload, err := tagBucket.open(key, value)
	if err != nil {
		return farm.Tag{}, err
	}
	t, err := decodeTag(payload)
	if err != nil {
		return t, tagBucket.damaged(key, err)
	}
	return t, nil
}
