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

// A repairer makes a file usable again whose pages make sense and some of whose records
// are damaged, so that the rest of it can go on. It says what was lost of each.
type repairer struct {
	tx    *bolt.Tx
	now   time.Time
	words []string
}

func (r *repairer) say(format string, args ...any) {
	r.words = append(r.words, fmt.Sprintf(format, args...))
}

// repairAtStart makes the records good without which the index cannot be built, and
// returns what it did. A worker whose record is lost has to register anew; a tag keeps
// its jobs and workers, and loses its name. What nobody can name is left as it is:
// the start is refused then.
func repairAtStart(db *bolt.DB, now time.Time) ([]string, error) {
	steps := []func(*repairer) error{(*repairer).workers, (*repairer).tags, (*repairer).meta}
	wrong := false
	err := db.View(func(tx *bolt.Tx) error {
		for _, b := range []*bucket{metaBucket, workerBucket, uuidBucket, seenBucket, tagBucket} {
			if tx.Bucket(b.name) == nil {
				return nil // which is said elsewhere
			}
			wrong = wrong || records(tx, b, nil, func(key, payload []byte) error { return decodes(b, key, payload) }) != nil
		}
		workers := keysIn(tx, workerBucket)
		wrong = wrong || keysIn(tx, seenBucket) != workers || keysIn(tx, uuidBucket) != workers
		return nil
	})
	if err != nil || !wrong {
		return nil, err
	}
	r := &repairer{now: now}
	err = db.Update(func(tx *bolt.Tx) error {
		r.tx = tx
		for _, step := range steps {
			if err := step(r); err != nil {
				return err
			}
		}
		return nil
	})
	return r.words, err
}

func keysIn(tx *bolt.Tx, b *bucket) (n int) {
	c := tx.Bucket(b.name).Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		n++
	}
	return n
}

// decodes reports what is wrong with a record that nothing else is needed to read.
func decodes(b *bucket, key, payload []byte) (err error) {
	switch b {
	case metaBucket:
		if string(key) == string(countersKey) {
			_, err = decodeCounters(payload)
		} else if isNotice(key) {
			_, err = decodeNotice(key, payload)
		}
	case workerBucket:
		_, err = decodeWorker(payload, appendSeen(nil, &farm.Worker{})[1:])
	case seenBucket:
		err = decodeSeen(payload, &farm.Worker{})
	case tagBucket:
		_, err = decodeTag(payload)
	case uuidBucket, jobuuidBucket:
		if len(payload) != 4 {
			err = errShort
		}
	}
	return err
}

// payloadOf returns the payload of a record that is whole, and nil of others.
func payloadOf(b *bucket, key, value []byte) []byte {
	payload, err := b.open(key, value)
	if err != nil || decodes(b, key, payload) != nil {
		return nil
	}
	return payload
}

// put writes a value, which is not sealed yet.
func (r *repairer) put(b *bucket, key, value []byte) error {
	return r.tx.Bucket(b.name).Put(key, b.seal(key, value))
}

// workers makes the three records of each worker good. They know each other, so that
// any two of them lead to the third.
func (r *repairer) workers() error {
	ids := map[uint32]farm.UUID{}
	var bad [][]byte
	c := r.tx.Bucket(uuidBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if payload := payloadOf(uuidBucket, key, value); payload != nil && len(key) == len(farm.UUID{}) {
			ids[binary.BigEndian.Uint32(payload)] = farm.UUID(key)
		} else {
			bad = append(bad, bytes.Clone(key))
		}
	}
	for _, key := range bad {
		if err := r.tx.Bucket(uuidBucket.name).Delete(key); err != nil {
			return err
		}
	}
	type record struct{ key, payload []byte }
	var all []record // a cursor does not like changes meanwhile
	c = r.tx.Bucket(workerBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		all = append(all, record{bytes.Clone(key), bytes.Clone(payloadOf(workerBucket, key, value))})
	}
	there := map[string]bool{}
	for _, w := range all {
		there[string(w.key)] = true
		if err := r.worker(w.key, w.payload, ids); err != nil {
			return err
		}
	}
	return r.removeSeen(there)
}

// removeSeen removes records of what workers did that are no worker's.
func (r *repairer) removeSeen(workers map[string]bool) error {
	var stray [][]byte
	c := r.tx.Bucket(seenBucket.name).Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		if !workers[string(key)] {
			stray = append(stray, bytes.Clone(key))
		}
	}
	for _, key := range stray {
		if err := r.tx.Bucket(seenBucket.name).Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// worker makes the records of one worker good; payload is nil if its own is damaged.
func (r *repairer) worker(key, payload []byte, ids map[uint32]farm.UUID) error {
	if len(key) != 4 {
		return nil
	}
	seq := binary.BigEndian.Uint32(key)
	id, named := ids[seq]
	switch {
	case payload == nil && !named:
		return nil // nobody knows who that was: the start is refused
	case payload == nil:
		lost := farm.Worker{ID: farm.WorkerID(id.String()), Name: fmt.Sprintf("damaged worker %d", seq), Created: r.now, Deleted: r.now}
		if err := r.put(workerBucket, key, encodeJSON(&lost)); err != nil {
			return err
		}
		r.say("The record of worker number %d (%s) was damaged. It registers as a new worker as soon as it asks for something; give it its tags and schedule again", seq, lost.ID)
	case !named:
		w, _ := decodeWorker(payload, appendSeen(nil, &farm.Worker{})[1:])
		u, ok := farm.ParseUUID(string(w.ID))
		if !ok {
			return nil
		}
		if err := r.put(uuidBucket, u[:], append([]byte{recordVersion}, key...)); err != nil {
			return err
		}
		r.say("The record that leads from its id to worker %s was damaged, and was made again", w.Name)
	}
	if payloadOf(seenBucket, key, r.tx.Bucket(seenBucket.name).Get(key)) != nil {
		return nil
	}
	r.say("The record of what worker number %d did last was damaged. It counts as offline until it is heard of", seq)
	return r.put(seenBucket, key, appendSeen(nil, &farm.Worker{Status: farm.WorkerOffline, Updated: r.now}))
}

// tags gives damaged tags a name to be recognized by: jobs and workers have their ids.
func (r *repairer) tags() error {
	var bad [][]byte
	c := r.tx.Bucket(tagBucket.name).Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if payloadOf(tagBucket, key, value) == nil {
			bad = append(bad, bytes.Clone(key))
		}
	}
	for _, key := range bad {
		t := farm.Tag{ID: farm.TagID(key), Name: fmt.Sprintf("damaged tag %.8s", key)}
		if err := r.put(tagBucket, key, encodeJSON(&t)); err != nil {
			return err
		}
		r.say("The record of a tag was damaged. It is called %q now, and jobs and workers keep it: give it its name again", t.Name)
	}
	return nil
}

// meta removes what is damaged of what the database says of itself, apart from the
// layout, and makes it again.
func (r *repairer) meta() error {
	meta := r.tx.Bucket(metaBucket.name)
	var bad [][]byte
	c := meta.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if payloadOf(metaBucket, key, value) == nil && !bytes.Equal(key, layoutKey) {
			bad = append(bad, bytes.Clone(key))
		}
	}
	for _, key := range bad {
		if err := meta.Delete(key); err != nil {
			return err
		}
		if string(key) == string(shownKey) {
			r.say("Which job rendered last is forgotten")
		} else if isNotice(key) {
			r.say("A message that was to be sent is lost")
		}
	}
	if meta.Get(uuidKey) == nil {
		id := farm.NewUUID()
		r.say("The id of the database was damaged, and it has a new one")
		if err := r.put(metaBucket, uuidKey, append([]byte{recordVersion}, id[:]...)); err != nil {
			return err
		}
	}
	if meta.Get(countersKey) != nil {
		return nil
	}
	return r.counters()
}

// counters sets the counters to what is surely more than was given out.
func (r *repairer) counters() error {
	// There were never as many events as milliseconds since 1970.
	n := counters{commit: uint64(r.now.UnixMilli()), event: uint64(r.now.UnixMilli()), job: 1}
	for _, b := range append(slices.Clone(partsOfJob), jobBucket) {
		if key, _ := r.tx.Bucket(b.name).Cursor().Last(); len(key) >= 4 {
			n.job = max(n.job, binary.BigEndian.Uint32(key))
		}
	}
	if key, _ := r.tx.Bucket(workerBucket.name).Cursor().Last(); len(key) == 4 {
		n.worker = binary.BigEndian.Uint32(key)
	}
	if n.job > maxJobs || n.worker > maxWorkers {
		return nil
	}
	r.say("The counters were damaged, and were set anew")
	return r.tx.Bucket(metaBucket.name).Put(countersKey, n.encode())
}
