package blobs

import (
	"context"
	"errors"
	"path"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// syncing is a file that was received and verified, and is being written to
// the disk. It counts as stored. If it cannot be written after all, it is not
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

// syncLater syncs a received file and gives it its name, in the background: the
// sender goes on with the next file meanwhile. It reports whether the file is
// the first of those in flight; if not, it is not needed.
func (s *Store) syncLater(k Key, f *transfer, r *receiver) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-f.stored:
		return false
	default:
	}
	w := &syncing{done: make(chan struct{})}
	s.syncing[k] = w
	close(f.stored)
	// Who comes now begins a transfer of its own, and finds the file syncing.
	delete(s.inFlight, k)
	s.done.Go(func() {
		defer func() { <-s.syncs }()
		if err := s.keep(k, r); err != nil {
			s.room.stored(-k.Size)
			s.o.Log.Error("an uploaded file could not be stored, and has to be sent again", "sha", k.SHA, "size", k.Size, "error", err)
		}
		s.mu.Lock()
		delete(s.syncing, k)
		s.mu.Unlock()
		close(w.done)
	})
	return true
}

// keep syncs a file and moves it into its place.
func (s *Store) keep(k Key, r *receiver) error {
	d, err := s.open()
	if err != nil {
		return errors.Join(err, r.file.Close())
	}
	defer d.close()
	// Read-only, so that nobody changes a file that others use, through a link.
	info, err := r.file.Stat()
	if err == nil {
		err = r.file.Chmod(info.Mode().Perm() &^ 0o222)
	}
	if err == nil {
		err = r.file.Sync()
	}
	if err = errors.Join(err, r.file.Close()); err != nil {
		return errors.Join(err, d.files.Remove(r.name))
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	place := k.stored()
	if err := d.files.MkdirAll(path.Dir(place), 0o777); err != nil {
		return errors.Join(err, d.files.Remove(r.name))
	}
	if err := d.files.Rename(r.name, place); err != nil {
		return errors.Join(err, d.files.Remove(r.name))
	}
	err = errors.Join(setStamp(d.files, k), fsync.DirIn(d.files, path.Dir(place)))
	removeEmpty(d.files, path.Dir(r.name))
	return err
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
	if farm.KindOf(err) != farm.Internal || !isFull(err) {
		return err
	}
	return farm.Errorf(farm.NoRoom, "the disk of the farm's shared storage became full, and nothing of this file of %s was kept: %w. Make room on it, for example with \"farm shaman gc --delete\", then submit again", farm.Size(size), err)
}
