package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"renderfarm/farm"
)

func TestTaskTagIsHMAC(t *testing.T) {
	for _, index := range []uint32{0, 1, 255, 1 << 24} {
		job := farm.NewUUID()
		h := hmac.New(sha256.New, job[:])
		h.Write(binary.BigEndian.AppendUint32(nil, index))
		if got, want := taskTag(job, index), binary.BigEndian.Uint32(h.Sum(nil)); got != want {
			t.Errorf("tag of %d is %x, want %x", index, got, want)
		}
	}
}

func TestTaskIDs(t *testing.T) {
	job, other := farm.NewUUID(), farm.NewUUID()
	seen := map[farm.UUID]bool{}
	for index := range uint32(1000) {
		id := taskUUID(job, index)
		if id[6]>>4 != 4 || id[8]>>6 != 2 {
			t.Fatalf("%s is not the form of version 4", id)
		}
		if prefixOf(id) != prefixOf(job) || indexOf(id) != int(index) || seen[id] {
			t.Fatalf("%s is not the id of %d in %s", id, index, job)
		}
		seen[id] = true
		if _, ok := indexIn(job, id); !ok {
			t.Fatalf("%s is not recognized", id)
		}
		if _, ok := indexIn(other, id); ok {
			t.Fatalf("%s is taken for one of another job", id)
		}
		id[15]++ // a neighbour's index with this one's tag
		if _, ok := indexIn(job, id); ok {
			t.Fatalf("%s is invented and taken for real", id)
		}
	}
}

func BenchmarkTaskID(b *testing.B) {
	j := &Job{uuid: farm.NewUUID()}
	for b.Loop() {
		_ = Task{j, 12345}.ID()
	}
}
