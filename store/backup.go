package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// Backup writes a copy of the database, as of now, to a file on a local disk,
// while work goes on. The file appears under its name only when it is whole
// and on the disk; one that was there is replaced. Copy it elsewhere from
// there: a slow reader of the database itself would make it grow.
func (s *Store) Backup(path string) error {
	temp := path + ".new"
	if err := s.copyTo(temp); err != nil {
		os.Remove(temp)
		var known *farm.Error
		if errors.As(err, &known) {
			return err
		}
		return farm.Errorf(farm.Internal, "the backup %s cannot be written: %w. Check that the folder exists, is writable, and has as much free space as the database", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("name the backup: %w", err)
	}
	return fsync.Dir(filepath.Dir(path))
}

// copyTo writes and syncs a copy of the database.
func (s *Store) copyTo(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	// While the copy is made, pages that are replaced cannot be used again and
	// the database grows: 1 GB takes about a second.
	tx, err := s.begin()
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(f)
	if err := errors.Join(err, tx.Rollback()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
