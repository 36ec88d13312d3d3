package blobs

import (
	"context"
	"io/fs"
	"sync"

	"renderfarm/farm"
)

// room watches what the store and the disk can take. Uploads reserve what they
// will write, so that many at once cannot fill the disk together.
type room struct {
	loading   sync.Mutex // one counts what is stored; taken before mu
	mu        sync.Mutex // guards what follows; nothing is taken while it is held
	unwritten int64      // reserved on the disk, and not written yet
	coming    int64      // reserved of the quota by uploads under way
	used      int64      // bytes of stored files; right once counted
	counted   bool
	freeDisk  func(dir string) int64 // for tests; nil is the system's
}

// A reservation is the room that an upload will need.
type reservation struct {
	r         *room
	unwritten int64
	size      int64
}

// reserve keeps room for an upload that will write so many bytes and store a file
// of the size, or says with numbers why there is none.
func (s *Store) reserve(ctx context.Context, d *folders, write, size int64) (*reservation, error) {
	r := &s.room
	if s.o.Quota > 0 {
		if err := r.count(ctx, d); err != nil {
			return nil, err
		}
	}
	free := s.free(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	if left := free - r.unwritten; free >= 0 && write > left-s.o.KeepFree {
		return nil, farm.Errorf(farm.NoRoom, "no room for this file of %s: the disk of the farm's shared storage has %s left, of which %s are kept free (shaman.keepFree). Make room on it, for example by deleting jobs and with \"farm shaman gc --delete\", then submit again",
			farm.Size(size), farm.Size(max(left, 0)), farm.Size(s.o.KeepFree))
	}
	if used := r.used + r.coming; s.o.Quota > 0 && size > s.o.Quota-used { // sizes come from outside: a sum could overflow
		return nil, farm.Errorf(farm.NoRoom, "no room for this file of %s: the file store has %s of its quota of %s (shaman.quota). Delete jobs and old files, with \"farm shaman gc --delete\", or raise the quota, then submit again",
			farm.Size(size), farm.Size(used), farm.Size(s.o.Quota))
	}
	r.unwritten += write
	r.coming += size
	return &reservation{r, write, size}, nil
}

// free returns what is free on the disk in bytes, -1 if the platform cannot tell.
func (s *Store) free(d *folders) int64 {
	if s.room.freeDisk != nil {
		return s.room.freeDisk(d.filesPath)
	}
	return diskFree(d.filesPath)
}

// wrote makes a reservation smaller by what is on the disk now.
func (v *reservation) wrote(n int) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	less := min(int64(n), v.unwritten)
	v.unwritten -= less
	v.r.unwritten -= less
}

// done ends a reservation.
func (v *reservation) done() {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.unwritten -= v.unwritten
	v.r.coming -= v.size
}

// stored counts a file that was stored, or with a negative size one that was removed.
func (r *room) stored(size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used += size
}

// count adds up what is stored, once: later it is kept up to date.
func (r *room) count(ctx context.Context, d *folders) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.mu.Lock()
	counted := r.counted
	r.mu.Unlock()
	if counted {
		return nil
	}
	var used int64
	err := eachBlob(ctx, d, func(_ Key, info fs.FileInfo) error { used += info.Size(); return nil })
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used, r.counted = used, true
	return nil
}
