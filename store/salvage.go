package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// salvage makes a copy of a database whole by removing what is damaged in it, and the
// jobs that cannot do without it. It returns what the copy lacks, and an error if it
// is not whole even so.
func salvage(path string) (lacks []string, err error) {
	o := boltOptions()
	o.InitialMmapSize = 0
	db, err := openBolt(path, o)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	l, err := layoutOf(db)
	if err == nil && l.number != newestLayout() {
		err = fmt.Errorf("its layout is %d, and not the newest", l.number)
	}
	if err == nil {
		lacks, err = repairAtStart(db, now)
	}
	if err == nil {
		_, err = repairIDs(db)
	}
	if err == nil {
		err = db.Update(func(tx *bolt.Tx) error {
			r := &repairer{tx: tx, now: now, words: lacks}
			err := r.rest()
			lacks = r.words
			return err
		})
	}
	if e := db.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	for err := range Check(path) {
		return nil, err
	}
	if len(lacks) == 0 { // it was an id that leads to a job
		lacks = []string{"Nothing is missing: a damaged record was made again"}
	}
	return lacks, nil
}

// rest removes the damaged records that repairAtStart leaves, with the jobs that
// cannot do without them.
func (r *repairer) rest() error {
	lost := map[uint32]error{} // jobs
	type record struct {
		b   *bucket
		key []byte
	}
	var bad []record
	for _, b := range buckets {
		c := r.tx.Bucket(b.name).Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			_, err := b.open(key, value)
			switch {
			case err == nil:
			case len(key) >= 4 && (b == jobBucket || slices.Contains(neededByJob, b)):
				lost[binary.BigEndian.Uint32(key)] = err
			default:
				bad = append(bad, record{b, bytes.Clone(key)})
			}
		}
	}
	for seq, why := range lost {
		if err := r.removeJob(seq, why); err != nil {
			return err
		}
	}
	for _, rec := range bad {
		value := r.tx.Bucket(rec.b.name).Get(rec.key)
		if value == nil {
			continue // it went with its job
		}
		r.say("%v", rec.b.damaged(rec.key, fmt.Errorf("it was left out")))
		var err error
		switch rec.b {
		case auditBucket, workerAuditBucket: // which have no gaps
			err = r.put(rec.b, rec.key, encodeJSON(&farm.Change{Time: r.now, What: lostChange}))
		default:
			err = r.tx.Bucket(rec.b.name).Delete(rec.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeJob removes all that there is of a job.
func (r *repairer) removeJob(seq uint32, why error) error {
	name := fmt.Sprintf("job number %d", seq)
	id, found := idOf(r.tx, seq)
	if payload, err := jobBucket.open(key32(seq), r.tx.Bucket(jobBucket.name).Get(key32(seq))); err == nil {
		if j, err := decodeJob(payload); err == nil {
			name = fmt.Sprintf("the job %q (%s)", j.Name, j.ID)
		}
	} else if found {
		name = fmt.Sprintf("the job %s", id)
	}
	r.say("%s is not in it: %v", name, why)
	for _, b := range append(slices.Clone(partsOfJob), jobBucket) {
		var keys [][]byte
		c := r.tx.Bucket(b.name).Cursor()
		for key, _ := c.Seek(key32(seq)); bytes.HasPrefix(key, key32(seq)); key, _ = c.Next() {
			keys = append(keys, bytes.Clone(key))
		}
		for _, key := range keys {
			if err := r.tx.Bucket(b.name).Delete(key); err != nil {
				return err
			}
		}
	}
	if !found {
		return nil
	}
	return r.tx.Bucket(jobuuidBucket.name).Delete(id[:])
}
