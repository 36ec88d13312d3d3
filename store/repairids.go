package store

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// repairIDs makes the records again that lead from the ids of jobs to their numbers,
// if one of them is damaged: the jobs say it themselves, and without these a job in
// the list could neither be looked at nor deleted. It returns how many it wrote.
func repairIDs(db *bolt.DB) (repaired int, err error) {
	good, jobs := 0, 0
	var bad [][]byte // keys
	err = db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(jobuuidBucket.name).Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			if _, err := decodeSeq(jobuuidBucket, key, value); err == nil {
				good++
			} else {
				bad = append(bad, bytes.Clone(key))
			}
		}
		c = tx.Bucket(jobBucket.name).Cursor()
		for key, _ := c.First(); key != nil; key, _ = c.Next() {
			jobs++
		}
		return nil
	})
	if err != nil || len(bad) == 0 && good == jobs {
		return 0, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		ids := tx.Bucket(jobuuidBucket.name)
		for _, key := range bad {
			if err := ids.Delete(key); err != nil {
				return err
			}
		}
		return records(tx, jobBucket, nil, func(key, payload []byte) error {
			r, err := decodeJob(payload)
			if err != nil {
				return err
			}
			if seq, err := decodeSeq(jobuuidBucket, r.uuid[:], ids.Get(r.uuid[:])); err == nil && seq == binary.BigEndian.Uint32(key) {
				return nil
			}
			repaired++
			return ids.Put(r.uuid[:], jobuuidBucket.seal(r.uuid[:], append([]byte{recordVersion}, key...)))
		})
	})
	return repaired, err
}
