package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// A job whose record is whole, but not its plan, its tasks, or who is blocked
// from it, is in quarantine: it is in lists, where its activity says that it is
// damaged, and nobody is given its tasks. All that can be done with it is to delete
// it. It is found out when the job is read: at the start if it may run, else when
// somebody asks for it. It ends with the job, or with another database.
type quarantine struct {
	mu   sync.RWMutex // guards jobs; nothing else is taken while it is held
	jobs map[uint32]DamagedJob
}

// A DamagedJob is a job in quarantine.
type DamagedJob struct {
	ID   farm.JobID
	Name string
	Why  string // which record is damaged, and how
}

// isDamage reports whether an error says that a record is damaged.
func isDamage(err error) bool {
	var d *damage
	return errors.As(err, &d)
}

// put notes a job, and returns the error for who asked for it.
func (q *quarantine) put(seq uint32, r jobRecord, why error) error {
	q.mu.Lock()
	q.jobs[seq] = DamagedJob{r.ID, r.Name, why.Error()}
	q.mu.Unlock()
	return farm.Errorf(farm.Conflict, "the job %q (%s) is damaged in the database: %w. Delete it, or restore a backup of before", r.Name, r.ID, why)
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
	delete(q.jobs, seq)
	q.mu.Unlock()
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
	if err == nil || !isDamage(err) {
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
		if err != nil && !isDamage(err) {
			return asDamage(b, key, err)
		}
	}
	return nil
}
