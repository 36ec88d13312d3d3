package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// A key of the buckets audit and workeraudit is the number of a job or worker, and
// that of the change among its changes, from 1; the value is a farm.Change.

// Audit keeps a change with the job, at the time of the operation; the oldest goes
// when there are more than farm.MaxAudit. It goes with the job.
func (tx *Tx) Audit(j *Job, by farm.Actor, what string) {
	tx.check()
	if !j.removing {
		j.changes = tx.x.audit(auditBucket, j.seq, j.changes, farm.Change{Time: tx.now, By: by, What: clip(what)})
	}
}

// AuditWorker is Audit for a worker.
func (tx *Tx) AuditWorker(w *Worker, by farm.Actor, what string) {
	tx.check()
	w.changes = tx.x.audit(workerAuditBucket, w.seq, w.changes, farm.Change{Time: tx.now, By: by, What: clip(what)})
}

// audit writes a change and returns its number; before is that of the last one,
// 0 if it is not known. It is in the file then: a job that has something
// waiting to be written stays in memory.
func (x *index) audit(b *bucket, number, before uint32, c farm.Change) uint32 {
	if before == 0 {
		before = lastOf(x.read().Bucket(b.name).Cursor(), number)
	}
	n := before + 1
	key := key64(number, n)
	x.writes.put(b, key, b.seal(key, encodeJSON(&c)))
	if n > farm.MaxAudit {
		x.writes.put(b, key64(number, n-farm.MaxAudit), nil)
	}
	return n
}

// lastOf returns the second number of the last key that begins with the first.
func lastOf(c *bolt.Cursor, number uint32) uint32 {
	key, _ := c.Seek(key64(number, math.MaxUint32))
	if key == nil {
		key, _ = c.Last()
	} else {
		key, _ = c.Prev()
	}
	if !bytes.HasPrefix(key, key32(number)) || len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint32(key[4:])
}

// Audit returns what was done to a job, or farm.NotFound.
func (v *View) Audit(id farm.JobID) (farm.Audit, error) {
	seq, err := v.byID(id)
	if err != nil {
		return farm.Audit{}, err
	}
	if _, err := v.job(seq); err != nil {
		return farm.Audit{}, err
	}
	return v.audit(auditBucket, seq)
}

// SubmittedBy returns whose the first change of the job was; nobody if that is not kept any
// more, or damaged.
func (v *View) SubmittedBy(id farm.JobID) (farm.Actor, error) {
	seq, err := v.byID(id)
	if err != nil {
		return farm.Actor{}, err
	}
	key := key64(seq, 1)
	value := v.tx.Bucket(auditBucket.name).Get(key)
	if value == nil {
		return farm.Actor{}, nil
	}
	payload, err := auditBucket.open(key, value)
	if err != nil {
		return farm.Actor{}, nil // whoever reads the audit hears of it
	}
	c, err := decodeChange(key, payload)
	if err != nil {
		return farm.Actor{}, nil
	}
	return c.By, nil
}

// WorkerAudit returns what was done to a worker, or farm.NotFound.
func (v *View) WorkerAudit(id farm.WorkerID) (farm.Audit, error) {
	seq, err := v.workerNumber(id)
	if err != nil {
		return farm.Audit{}, err
	}
	return v.audit(workerAuditBucket, seq)
}

func (v *View) audit(b *bucket, number uint32) (a farm.Audit, err error) {
	err = records(v.tx, b, key32(number), func(key, payload []byte) error {
		c, err := decodeChange(key, payload)
		if len(a.Changes) == 0 {
			a.Dropped = int(binary.BigEndian.Uint32(key[4:])) - 1
		}
		a.Changes = append(a.Changes, c)
		return err
	})
	return a, err
}

func decodeChange(key, payload []byte) (c farm.Change, err error) {
	if len(key) != 8 || binary.BigEndian.Uint32(key[4:]) == 0 {
		return c, fmt.Errorf("its key is not the number of a change")
	}
	return c, json.Unmarshal(payload, &c)
}

// audits looks at the changes: those kept of one job or worker have no gaps, and
// are not too many.
func (c *checker) audits() {
	for _, b := range []*bucket{auditBucket, workerAuditBucket} {
		number, last, kept := uint32(0), uint32(0), 0
		c.each(b, func(key, payload []byte) error {
			if _, err := decodeChange(key, payload); err != nil {
				return err
			}
			of, n := binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:])
			if of != number {
				number, last, kept = of, n-1, 0
			}
			if kept++; n != last+1 || kept > farm.MaxAudit {
				return fmt.Errorf("it follows on change %d, and is number %d of those kept", last, kept)
			}
			last = n
			if b == workerAuditBucket && (of == 0 || int(of) >= len(*c.x.names.Load())) {
				return fmt.Errorf("its worker is not in the file")
			}
			return nil
		})
	}
}
