package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"renderfarm/farm"
)

// A notice is a record of bucket meta: there are seldom any, as those that were
// told are removed at once. Its key is noticePrefix and its number.

var noticePrefix = []byte("notice")

func noticeKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(noticePrefix), number)
}

// AddNotice stores a notice. Its number is that of an event, which is given to
// nothing else.
func (tx *Tx) AddNotice(n farm.Notice) {
	tx.check()
	n.Number = tx.EventNumber()
	key := noticeKey(n.Number)
	tx.x.writes.put(metaBucket, key, metaBucket.seal(key, encodeJSON(&n)))
}

// RemoveNotices removes notices by their numbers; those that are not there are ignored.
func (tx *Tx) RemoveNotices(numbers ...uint64) {
	tx.check()
	for _, n := range numbers {
		tx.x.writes.put(metaBucket, noticeKey(n), nil)
	}
}

// Notices returns the oldest notices, at most so many. Damaged ones are left out;
// Check reports them.
func (v *View) Notices(limit int) (list []farm.Notice) {
	c := v.tx.Bucket(metaBucket.name).Cursor()
	for key, value := c.Seek(noticePrefix); bytes.HasPrefix(key, noticePrefix) && len(list) < limit; key, value = c.Next() {
		if payload, err := metaBucket.open(key, value); err == nil {
			if n, err := decodeNotice(key, payload); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

func isNotice(key []byte) bool { return bytes.HasPrefix(key, noticePrefix) }

func decodeNotice(key, payload []byte) (n farm.Notice, err error) {
	if len(key) != len(noticePrefix)+8 {
		return n, fmt.Errorf("its key is not the number of a notice")
	}
	n.Number = binary.BigEndian.Uint64(key[len(noticePrefix):])
	return n, json.Unmarshal(payload, &n)
}
