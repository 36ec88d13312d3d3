package blobs

import (
	"context"
	"errors"
	"path"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/fsync"
)

// syncing is a file that was received, verified and placed, and is being written
// to the disk. It counts as stored. If it cannot be written after all, it is not
// stored any more, and a checkout of it says so.
type syncing struct {
	done chan struct{} // closed at the end
}

func (s *Store) isSyncing(k Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.syncing[k]
	return ok
}

// place gives a received file its name, and has it synced in the background:
// the sender is answered, and goes on with the next file meanwhile. Until it is
// synced it has no stamp (verify.go), so that a power cut leaves a file that is
// read before it counts as stored. errStoredByOther: another upload was quicker.
func (s *Store) place(d *folders, k Key, f *transfer, r *receiver) error {
	f.placing.Lock()
	defer f.placing.Unlock()
	select {
	case <-f.stored:
		return errStoredByOther
	default:
	}
	if err := s.name(d, k, r); err != nil {
		return err
	}
	w := &syncing{done: make(chan struct{})}
	s.mu.Lock()
	s.syncing[k] = w
	close(f.stored)
	// Who comes now begins a transfer of its own, and finds the file syncing.
	delete(s.inFlight, k)
	s.mu.Unlock()
	s.done.Go(func() {
		defer func() { <-s.syncs }()
		if err := s.sync(k, r); err != nil {
			s.room.stored(-k.Size)
			s.o.Log.Error("an uploaded file could not be stored, and has to be sent again", "sha", k.SHA, "size", k.Size, "error", err)
		}
		s.mu.Lock()
		delete(s.syncing, k)
		s.mu.Unlock()
		close(w.done)
	})
	return nil
}

// name moves a received file to its place.
func (s *Store) name(d *folders, k Key, r *receiver) error {
	// Read-only, so that nobody changes a file that others use, through a link.
	info, err := r.file.Stat()
	if err == nil {
		err = r.file.Chmod(info.Mode().Perm() &^ 0o222)
	}
	if err != nil {
		return err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	place := k.stored()
	if err := d.files.MkdirAll(path.Dir(place), 0o777); err != nil {
		return err
	}
	if err := d.files.Rename(r.name, place); err != nil {
		return err
	}
	removeEmpty(d.files, path.Dir(r.name))
	return nil
}

// sync makes a placed file durable, and says so by its stamp. One that cannot be
// written is removed: the disk may hold anything in its place.
func (s *Store) sync(k Key, r *receiver) error {
	synced := errors.Join(r.file.Sync(), r.file.Close())
	d, err := s.open()
	if err != nil {
		return errors.Join(synced, err)
	}
	defer d.close()
	s.gate.RLock()
	defer s.gate.RUnlock()
	if synced != nil {
		return errors.Join(synced, d.files.Remove(k.stored()))
	}
	return errors.Join(fsync.DirIn(d.files, path.Dir(k.stored())), setStamp(d.files, k))
}

// waitSynced waits until a file is safe on the disk, if it is on its way there.
func (s *Store) waitSynced(ctx context.Context, k Key) error {
	s.mu.Lock()
	w := s.syncing[k]
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	select {
	case <-w.done:
		return nil // whether it is there now, the caller looks
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// noRoom turns the system's errors for a full disk into one for the sender.
func noRoom(err error, size int64) error {
	if farm.KindOf(err) != farm.Internal || !diskfree.IsFull(err) {
		return err
	}
	return farm.Errorf(farm.NoRoom, "the disk of the farm's shared storage became full, and nothing of this file of %s was kept: %w. Make room on it, for example with \"farm shaman gc --delete\", then submit again", farm.Size(size), err)
}
