package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// A writeSet is what the operations of one commit want written. bbolt cannot
// take back part of a transaction, so nothing reaches it before all operations
// of the group have run. The last write of a key wins, and within a bucket keys
// are written in order, which is what bbolt is fast at.
type writeSet struct {
	lists [][]write        // by bucket
	at    []map[string]int // by bucket: where a key is in the list
	n     int              // writes so far, ever; tells whether an operation wrote
}

// A write without a value deletes the key.
type write struct{ key, value []byte }

func newWriteSet() writeSet {
	w := writeSet{lists: make([][]write, len(buckets)), at: make([]map[string]int, len(buckets))}
	for i := range w.at {
		w.at[i] = map[string]int{}
	}
	return w
}

// put notes a sealed value, or a deletion when it is nil. Both slices must not
// change any more.
func (w *writeSet) put(b *bucket, key, value []byte) {
	w.n++
	if i, ok := w.at[b.slot][string(key)]; ok {
		w.lists[b.slot][i].value = value
		return
	}
	w.at[b.slot][string(key)] = len(w.lists[b.slot])
	w.lists[b.slot] = append(w.lists[b.slot], write{key, value})
}

// get returns the value noted for the key; nil and true is a deletion.
func (w *writeSet) get(b *bucket, key []byte) ([]byte, bool) {
	if i, ok := w.at[b.slot][string(key)]; ok {
		return w.lists[b.slot][i].value, true
	}
	return nil, false
}

// deleteWith turns every write below the prefix into a deletion.
func (w *writeSet) deleteWith(b *bucket, prefix []byte) {
	list := w.lists[b.slot]
	for i := range list {
		if bytes.HasPrefix(list[i].key, prefix) {
			list[i].value = nil
			w.n++
		}
	}
}

func (w *writeSet) empty() bool {
	return !slices.ContainsFunc(w.lists, func(l []write) bool { return len(l) > 0 })
}

// apply hands the writes to bbolt and forgets them.
func (w *writeSet) apply(tx *bolt.Tx) error {
	for slot, list := range w.lists {
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b write) int { return bytes.Compare(a.key, b.key) })
		b := tx.Bucket(buckets[slot].name)
		b.FillPercent = buckets[slot].fill
		for _, e := range list {
			var err error
			if e.value == nil {
				err = b.Delete(e.key)
			} else {
				err = b.Put(e.key, e.value)
			}
			if err != nil {
				return fmt.Errorf("write %x to bucket %s: %w", e.key, buckets[slot].name, err)
			}
		}
		w.forget(slot)
	}
	return nil
}

func (w *writeSet) forget(slot int) {
	const large = 4096
	if len(w.lists[slot]) > large { // clearing a map costs its capacity, for ever
		w.lists[slot], w.at[slot] = nil, map[string]int{}
		return
	}
	clear(w.lists[slot]) // lets go of the values once bbolt has
	w.lists[slot] = w.lists[slot][:0]
	clear(w.at[slot])
}

// counters are the numbers that are given out once. They are written with
// every commit, which costs nothing: bucket meta is so small that bbolt keeps it
// in a page that every commit writes anyway.
type counters struct {
	commit uint64 // commits so far
	event  uint64 // the last event's number
	job    uint32 // the last job's
	worker uint32 // the last worker's
}

// maxJobs bounds the number of jobs that were ever stored.
const maxJobs = 1<<31 - 1

var countersKey = []byte("counters")

func (c *counters) encode() []byte {
	b := []byte{recordVersion}
	for _, n := range []uint64{c.commit, c.event, uint64(c.job), uint64(c.worker)} {
		b = binary.AppendUvarint(b, n)
	}
	return metaBucket.seal(countersKey, b)
}

func decodeCounters(payload []byte) (counters, error) {
	r := &reader{rest: payload}
	c := counters{commit: r.uint(), event: r.uint(), job: uint32(r.count(maxJobs)), worker: uint32(r.count(maxWorkers))}
	return c, r.end()
}
