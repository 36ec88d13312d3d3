package manager

import (
	"context"
	"os"

	"renderfarm/farm"
	"renderfarm/store"
)

// looks are the questions to the disks.
type looks struct {
	store   look
	storage look
}

// Ready says why the farm cannot do its work at present: the database does not take
// changes, the shared storage is not there, or a disk has no room. It is farm.Off
// then, and nil if all is well. It changes nothing.
func (m *Manager) Ready(ctx context.Context) error {
	if m.stopping.Err() != nil {
		return farm.Errorf(farm.Off, "the manager is ending")
	}
	// The writer answers after the commits before it: that one failed ends the program.
	_, err, ok := m.looks.store.at(ctx, func() (int64, error) {
		return 0, m.store.Update(func(*store.Tx) error { return nil })
	})
	switch {
	case err != nil:
		return err
	case !ok:
		return farm.Errorf(farm.Off, "the database has not taken a change for %s: look at the disk of the manager's home folder", lookTime)
	}
	free, least := m.files.Room()
	if free >= 0 && free < least {
		return noRoom("task logs and previews", free, least)
	}
	if free := m.store.DiskFree(); free >= 0 && free < least {
		return noRoom("the database", free, least)
	}
	free, err = m.lookAtStorage(ctx)
	if err == nil && free >= 0 && free < least {
		err = noRoom("the shared storage", free, least)
	}
	return err
}

func noRoom(of string, free, least int64) error {
	return farm.Errorf(farm.Off, "the disk of %s has %s left, and %s are needed: make room on it", of, farm.Size(free), farm.Size(least))
}

// lookAtStorage returns how many bytes are free in the shared storage, -1 if the
// system does not say, or farm.Off if it is not there.
func (m *Manager) lookAtStorage(ctx context.Context) (free int64, err error) {
	c := m.config.Load()
	free, err, ok := m.looks.storage.at(ctx, func() (int64, error) {
		info, err := os.Stat(c.storage)
		if err == nil && !info.IsDir() {
			err = &os.PathError{Op: "open", Path: c.storage, Err: os.ErrInvalid}
		}
		return c.blobs.DiskFree(), err
	})
	switch {
	case !ok:
		return 0, farm.Errorf(farm.Off, "the shared storage has not answered for %s: is the server that has it running?", lookTime)
	case err != nil:
		return 0, farm.Errorf(farm.Off, "the shared storage is not there: is it mounted? %w", err)
	}
	return free, nil
}
