package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// A job of which a record is damaged that it cannot do without is in quarantine: it is
// in lists, where its activity says that it is damaged, nobody is given its tasks, and
// whoever asks for it is told. All that can be done with it is to delete it. It is
// found out when the job is read: at the start if it may run, else when somebody asks
// for it, or by Verify. It ends with the job, or with another database.
type quarantine struct {
	mu   sync.RWMutex // guards the rest; nothing else is taken while it is held
	jobs map[uint32]DamagedJob
	// standIns are in place of the records of jobs whose own record is damaged. All
	// that is known of such a job is its id.
	standIns map[uint32]jobRecord

	log  *slog.Logger // of the jobs that are put into it
	path string       // of the database
}

func newQuarantine(log *slog.Logger, path string) *quarantine {
	return &quarantine{jobs: map[uint32]DamagedJob{}, standIns: map[uint32]jobRecord{}, log: log, path: path}
}

// A DamagedJob is a job in quarantine.
type DamagedJob struct {
	ID   farm.JobID
	Name string
	Why  string // which record is damaged, and how
	err  error  // for who asks for the job
}

// IsDamage reports whether an error says that a record is damaged.
func IsDamage(err error) bool {
	var d *damage
	return errors.As(err, &d)
}

// put notes a job, and returns the error for who asked for it. What is known of a job
// already stays.
func (q *quarantine) put(seq uint32, r jobRecord, why error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	d, ok := q.jobs[seq]
	if !ok {
		d = DamagedJob{r.ID, r.Name, why.Error(),
			farm.Errorf(farm.Conflict, "the job %q (%s) is damaged in the database: %w. Delete it, or restore a backup of before", r.Name, r.ID, why)}
		q.jobs[seq] = d
		q.log.Error("a job is damaged in the database and its tasks are not handed out; the rest of the farm goes on. Delete the job, or stop the manager and restore a backup",
			"job", r.ID, "name", r.Name, "error", d.Why, "restore", restoreJobAdvice(q.path))
	}
	return d.err
}

// known returns the error for who asks for a job that is known to be damaged, or nil.
func (q *quarantine) known(seq uint32) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.jobs[seq].err
}

// mark has the job say that it is damaged, if it is known to be.
func (q *quarantine) mark(seq uint32, j *farm.Job) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if d, ok := q.jobs[seq]; ok {
		j.Activity = clip(fmt.Sprintf("damaged in the database, so its tasks are not handed out: %s. Delete the job, or restore a backup", d.Why))
	}
}

func (q *quarantine) remove(seq uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.jobs, seq)
	delete(q.standIns, seq)
}

// record reads the record of a job. A damaged one puts the job into quarantine, with a
// stand-in that is returned, if another record still leads to the job; else it is an
// error, as nobody could name the job that is lost.
func (q *quarantine) record(tx *bolt.Tx, key, value []byte) (jobRecord, error) {
	r, err := openJob(key, value)
	if err == nil {
		return r, nil
	}
	r, ok := q.standIn(tx, key)
	if !ok {
		return r, err
	}
	seq := binary.BigEndian.Uint32(key)
	q.put(seq, r, err)
	q.mu.Lock()
	q.standIns[seq] = r
	q.mu.Unlock()
	return r, nil
}

// openJob returns the record of a job, or an error that IsDamage.
func openJob(key, value []byte) (jobRecord, error) {
	payload, err := jobBucket.open(key, value)
	if err != nil {
		return jobRecord{}, err
	}
	r, err := decodeJob(payload)
	if err == nil && len(key) != 4 {
		err = errShort
	}
	if err != nil {
		return jobRecord{}, jobBucket.damaged(key, err)
	}
	return r, nil
}

// standIn returns what there is to say of a job whose own record is damaged.
func (q *quarantine) standIn(tx *bolt.Tx, key []byte) (r jobRecord, ok bool) {
	if len(key) != 4 {
		return r, false
	}
	seq := binary.BigEndian.Uint32(key)
	q.mu.RLock()
	r, ok = q.standIns[seq]
	q.mu.RUnlock()
	if ok {
		return r, true
	}
	if r.uuid, ok = idOf(tx, seq); !ok {
		return r, false
	}
	r.ID, r.Name, r.Intent = farm.JobID(r.uuid.String()), fmt.Sprintf("damaged job %d", seq), farm.IntentAbort
	r.Created, r.Updated = time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC()
	return r, true
}

// idOf returns the id that leads to the job with the number. It looks at all of them.
func idOf(tx *bolt.Tx, seq uint32) (farm.UUID, bool) {
	c := tx.Bucket(jobuuidBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if n, err := decodeSeq(jobuuidBucket, key, value); err == nil && n == seq && len(key) == len(farm.UUID{}) {
			return farm.UUID(key), true
		}
	}
	return farm.UUID{}, false
}

// Damaged returns the jobs in quarantine that are known so far.
func (s *Store) Damaged() (all []DamagedJob) {
	q := s.quarantine
	q.mu.RLock()
	defer q.mu.RUnlock()
	for _, d := range q.jobs {
		all = append(all, d)
	}
	return all
}

// JobToRemove is Job for who deletes it: it returns a job in quarantine, too, which
// then has no tasks. Its fields can be changed and saved.
func (tx *Tx) JobToRemove(id farm.JobID) (*Job, error) {
	j, err := tx.Job(id)
	if err == nil || !IsDamage(err) {
		return j, err
	}
	x := tx.x
	u, ok := farm.ParseUUID(string(id))
	p := prefixOf(u)
	if j := x.jobs[p]; ok && j != nil { // it was asked for in this way before
		return j, nil
	}
	seq, e := x.find(p)
	if e != nil || seq == 0 {
		return nil, err
	}
	r, e := x.jobRecord(x.read(), seq)
	if e != nil {
		return nil, err
	}
	j = newJob(r, &scheduler.Plan{})
	j.damage = err
	x.add(j, seq)
	x.jobs[p] = j
	x.loaded = append(x.loaded, j)
	return j, nil
}

// drop lets go of what was read of a job before damage was found.
func (l *loader) drop(key []byte) {
	seq := binary.BigEndian.Uint32(key)
	for k, h := range l.x.held {
		if uint32(k>>32) == seq {
			l.x.hold(h.task, nil, farm.TaskState{})
		}
	}
}

// wholeRecords is records without those that fail their checksum, which belong to
// jobs in quarantine.
func wholeRecords(tx *bolt.Tx, b *bucket, f func(key, payload []byte) error) error {
	c := tx.Bucket(b.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		payload, err := b.open(key, value)
		if err == nil {
			err = f(key, payload)
		}
		if err != nil && !IsDamage(err) {
			return asDamage(b, key, err)
		}
	}
	return nil
}
