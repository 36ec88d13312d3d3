package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// verifySlice is how many records Verify reads in one View: a read transaction that is
// held makes the file grow.
const verifySlice = 256

// Verify reads every record of the open database, at most perSecond of them a second,
// and makes the best of each that is damaged: see heal. It returns how many it read,
// and what it found. Everybody goes on meanwhile.
//
// Jobs that are not in memory are read as a whole besides, as somebody would who asks
// for them. What is missing of those in memory is found by the next start.
func (s *Store) Verify(ctx context.Context, perSecond int) (read int, found []Finding, err error) {
	v := &verifier{s: s, ctx: ctx, perSecond: perSecond}
	for _, b := range buckets {
		if err := v.bucket(b); err != nil {
			return v.read, v.found, err
		}
	}
	return v.read, v.found, v.jobs()
}

type verifier struct {
	s         *Store
	ctx       context.Context
	perSecond int
	read      int
	found     []Finding
}

// bucket looks at each record of a bucket by itself.
func (v *verifier) bucket(b *bucket) error {
	for next := []byte{}; next != nil; {
		var bad []*damage
		n := 0
		err := v.s.view(func(view *View) error {
			c := view.tx.Bucket(b.name).Cursor()
			key, value := c.Seek(next)
			for ; key != nil && n < verifySlice; key, value = c.Next() {
				n++
				payload, err := b.open(key, value)
				if err == nil {
					err = decodes(b, key, payload)
				}
				var d *damage
				if err != nil && errors.As(asDamage(b, key, err), &d) {
					bad = append(bad, d)
				}
			}
			next = bytes.Clone(key)
			return nil
		})
		if err != nil {
			return err
		}
		if err := v.healed(n, bad...); err != nil {
			return err
		}
	}
	return nil
}

// jobs reads each job that is not in memory.
func (v *verifier) jobs() error {
	inMemory := map[uint32]bool{}
	err := v.s.send(op{fn: func(tx *Tx) error {
		for _, j := range tx.x.jobs {
			inMemory[j.seq] = true
		}
		return nil
	}})
	if err != nil {
		return err
	}
	for next := uint32(1); next != 0; {
		var bad *damage
		n := 1
		err := v.s.view(func(view *View) error {
			key, value := view.tx.Bucket(jobBucket.name).Cursor().Seek(key32(next))
			if next = 0; len(key) != 4 {
				return nil
			}
			seq := binary.BigEndian.Uint32(key)
			next = seq + 1
			if inMemory[seq] || v.s.quarantine.known(seq) != nil {
				return nil
			}
			var err error
			n, err = v.job(view.tx, key, value)
			errors.As(err, &bad)
			return nil
		})
		if err != nil {
			return err
		}
		if bad == nil {
			err = v.healed(n)
		} else {
			err = v.healed(n, bad)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// job reads a job as the index would, and returns how many records that took.
func (v *verifier) job(tx *bolt.Tx, key, value []byte) (int, error) {
	r, err := openJob(key, value)
	if err != nil || r.removing {
		return 1, err
	}
	x := newIndex(tx.DB(), slog.New(slog.DiscardHandler))
	x.names.Store(v.s.x.names.Load()) // at least those that the transaction can see
	l := newLoader(x, tx)
	_, err = l.job(key, r)
	return 1 + r.Counts.Total() - r.Counts[farm.TaskQueued], err
}

// healed has the best made of damaged records, and waits for as long as n records may
// take.
func (v *verifier) healed(n int, bad ...*damage) error {
	v.read += n
	for _, d := range bad {
		found, _, err := v.s.heal(d)
		if err != nil {
			return err
		}
		if found != nil {
			v.found = append(v.found, *found)
		}
	}
	if n == 0 {
		return v.ctx.Err()
	}
	select {
	case <-v.ctx.Done():
		return context.Cause(v.ctx)
	case <-time.After(time.Duration(n) * time.Second / time.Duration(v.perSecond)):
		return nil
	}
}
