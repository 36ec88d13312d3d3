package store

import (
	"crypto/sha256"
	"encoding/binary"

	"renderfarm/farm"
)

// A task's id is derived, so that it needs no index: the first eight bytes of
// the job's UUID, a tag that proves the id belongs to this job and index, and
// the index. Ids of a job share a prefix that people can see. The job is found
// by that prefix, which AddJob keeps unique.
//
//	byte   0        8      12      16
//	       | prefix | tag  | index |

// prefix is the first eight bytes of a job's UUID.
type prefix uint64

func prefixOf(u farm.UUID) prefix { return prefix(binary.BigEndian.Uint64(u[:8])) }

func taskUUID(job farm.UUID, index uint32) farm.UUID {
	var u farm.UUID
	copy(u[:8], job[:8])
	binary.BigEndian.PutUint32(u[8:12], taskTag(job, index))
	u[8] = u[8]&0x3f | 0x80 // the variant every UUID of this kind has
	binary.BigEndian.PutUint32(u[12:], index)
	return u
}

// taskTag returns 32 bits of HMAC-SHA-256(job, index). It is written out
// because crypto/hmac allocates, and every assignment makes an id.
func taskTag(job farm.UUID, index uint32) uint32 {
	var inner [sha256.BlockSize + 4]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range job {
		inner[i] ^= b
		outer[i] ^= b
	}
	binary.BigEndian.PutUint32(inner[sha256.BlockSize:], index)
	sum := sha256.Sum256(inner[:])
	copy(outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(outer[:])
	return binary.BigEndian.Uint32(sum[:])
}

// indexIn returns the index that a task id has in the job, and whether it is
// an id of this job at all.
func indexIn(job farm.UUID, task farm.UUID) (uint32, bool) {
	index := binary.BigEndian.Uint32(task[12:])
	return index, taskUUID(job, index) == task
}

// indexOf returns the index that a task's id claims; indexIn verifies it.
func indexOf(task farm.UUID) int { return int(binary.BigEndian.Uint32(task[12:])) }
