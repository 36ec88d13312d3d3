package blobs

import (
	"cmp"
	"context"
	"io/fs"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
)

// room watches what the store and the disk can take. Uploads reserve what they
// will write next, so that many at once cannot fill the disk together. They do not
// reserve all of it: who announces a large file and sends nothing would keep the room
// from everybody else.
type room struct {
	loading   sync.Mutex // one counts what is stored; taken before mu
	mu        sync.Mutex // guards what follows; nothing is taken while it is held
	unwritten int64      // reserved on the disk, and not written yet
	coming    int64      // reserved of the quota by uploads under way
	used      int64      // bytes of stored files; right once counted
	counted   bool
	freeDisk  func(dir string) int64 // for tests; nil is the system's
	step      int64                  // for tests; 0 is reserveStep
}

// reserveStep is how much an upload reserves at a time, in bytes.
const reserveStep = 64 << 20

// A reservation is the room that an upload will need next.
type reservation struct {
	s         *Store
	d         *folders
	size      int64 // of the file, for messages
	unwritten int64 // reserved on the disk, and not written yet
	coming    int64 // reserved of the quota
	writes    int64 // still to be reserved on the disk
	stores    int64 // and of the quota
}

// reserve keeps room for the beginning of an upload that will write so many bytes
// and store a file of the size, or says with numbers why there is none for all of it.
func (s *Store) reserve(ctx context.Context, d *folders, write, size int64) (*reservation, error) {
	if s.o.Quota > 0 {
		if err := s.room.count(ctx, d); err != nil {
			return nil, err
		}
	}
	v := &reservation{s: s, d: d, size: size, writes: write, stores: size}
	return v, v.more(write, size)
}

// more reserves the next step, if there is room for what is asked for at present.
func (v *reservation) more(write, store int64) error {
	r, o := &v.s.room, v.s.o
	free := v.s.free(v.d)
	r.mu.Lock()
	defer r.mu.Unlock()
	if left := free - r.unwritten; free >= 0 && write > left-o.KeepFree {
		return farm.Errorf(farm.NoRoom, "no room for this file of %s: the disk of the farm's shared storage has %s left, of which %s are kept free (shaman.keepFree). Make room on it, for example by deleting jobs and with \"farm shaman gc --delete\", then submit again",
			farm.Size(v.size), farm.Size(max(left, 0)), farm.Size(o.KeepFree))
	}
	if used := r.used + r.coming; o.Quota > 0 && store > o.Quota-used { // sizes come from outside: a sum could overflow
		return farm.Errorf(farm.NoRoom, "no room for this file of %s: the file store has %s of its quota of %s (shaman.quota). Delete jobs and old files, with \"farm shaman gc --delete\", or raise the quota, then submit again",
			farm.Size(v.size), farm.Size(used), farm.Size(o.Quota))
	}
	step := cmp.Or(r.step, reserveStep)
	write, store = min(write, v.writes, step), min(store, v.stores, step)
	v.writes, v.stores = v.writes-write, v.stores-store
	v.unwritten, v.coming = v.unwritten+write, v.coming+store
	r.unwritten, r.coming = r.unwritten+write, r.coming+store
	return nil
}

// free returns what is free on the disk in bytes, -1 if the platform cannot tell.
func (s *Store) free(d *folders) int64 {
	if s.room.freeDisk != nil {
		return s.room.freeDisk(d.filesPath)
	}
	return diskfree.Of(d.filesPath)
}

// wrote makes a reservation smaller by what is on the disk now, and reserves the
// next step when it is used up.
func (v *reservation) wrote(n int) error {
	r := &v.s.room
	r.mu.Lock()
	less := min(int64(n), v.unwritten)
	v.unwritten -= less
	r.unwritten -= less
	r.mu.Unlock()
	if v.unwritten > 0 || v.writes == 0 {
		return nil
	}
	step := cmp.Or(r.step, reserveStep)
	return v.more(min(v.writes, step), min(v.stores, step))
}

// done ends a reservation.
func (v *reservation) done() {
	r := &v.s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unwritten -= v.unwritten
	r.coming -= v.coming
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
