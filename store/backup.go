package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/fsync"
)

// Backup writes a copy of the database, as of now, to a file on a local disk,
// while work goes on. The file appears under its name only when it is whole, every
// record has its checksum, and it is on the disk; one that was there is replaced.
// Copy it elsewhere from there: a slow reader of the database itself would make it
// grow. Without room on the disk it is farm.NoRoom, and nothing is written.
func (s *Store) Backup(ctx context.Context, path string) error {
	_, err := s.backup(ctx, path, "")
	return err
}

func (s *Store) backup(ctx context.Context, path, partial string) (lacks []string, err error) {
	return backup(path, partial, func(temp string) error {
		// While the copy is made, pages that are replaced cannot be used again
		// and the database grows: 1 GB takes about 20 seconds.
		tx, err := s.begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return writeCopy(ctx, tx, temp)
	})
}

// BackupIdle is Backup for a database that no manager is using. It is
// farm.Conflict if one does.
func BackupIdle(ctx context.Context, database, path string) error {
	_, err := backupIdle(ctx, database, path, "")
	return err
}

func backupIdle(ctx context.Context, database, path, partial string) (lacks []string, err error) {
	if err := checkFile(database); err != nil {
		return nil, openError(database, err)
	}
	db, err := openBolt(database, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
	if err != nil {
		return nil, openError(database, err)
	}
	defer db.Close()
	if _, err := layoutOf(db); err != nil {
		return nil, openError(database, err)
	}
	return backup(path, partial, func(temp string) error {
		return db.View(func(tx *bolt.Tx) error { return writeCopy(ctx, tx, temp) })
	})
}

// backup has a copy written beside path, makes sure that it is whole, and gives it its
// name. If records in it are damaged it is made whole without them, and gets the name
// partial; "" makes none of it.
func backup(path, partial string, write func(temp string) error) (lacks []string, err error) {
	temp, name := path+".new", path
	err = write(temp)
	if err == nil {
		err = checkSeals(temp)
	}
	var record *damage
	if partial != "" && errors.As(err, &record) {
		name = partial
		if lacks, err = salvage(temp); err == nil {
			err = syncFile(temp)
		}
	}
	if err == nil {
		err = errors.Join(os.Rename(temp, name), fsync.Dir(filepath.Dir(path)))
	}
	if err == nil {
		return lacks, nil
	}
	os.Remove(temp)
	var known *farm.Error
	var file *fileDamage
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return nil, err
	case errors.As(err, &record), errors.As(err, &file):
		return nil, farm.Errorf(farm.Internal, "no backup was made, as the database is damaged: %w. Older backups are kept; without a file to write, \"farm backup\" makes one of what is not damaged", err)
	}
	return nil, farm.Errorf(farm.Internal, "the backup %s cannot be written: %w. Check that the folder exists, is writable, and has as much free space as the database", path, err)
}

// leftFree is how much of the disk a backup leaves to the database, in bytes: a
// manager whose database has no room ends.
const leftFree = 256 << 20

// writeCopy writes and syncs a copy of the database.
func writeCopy(ctx context.Context, tx *bolt.Tx, path string) error {
	if free := diskfree.Of(filepath.Dir(path)); free >= 0 && free < tx.Size()+leftFree {
		return farm.Errorf(farm.NoRoom, "there is no room for a backup in %s: the database has %s, %s are free, and %s of it are left for the farm's work. Make room, or lower backup_keep",
			filepath.Dir(path), farm.Size(tx.Size()), farm.Size(free), farm.Size(leftFree))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := tx.WriteTo(&calmWriter{ctx: ctx, f: f}); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// A calmWriter writes to a file and leaves the disk to others half of the time
// at least: commits, which workers wait for, are synced to the same disk.
type calmWriter struct {
	ctx   context.Context
	f     *os.File
	since int // bytes, since it last paused
}

const (
	calmPart = 1 << 20                             // written between two pauses, in bytes
	calmTime = calmPart * time.Second / (64 << 20) // that it takes at least: 64 MB a second
)

// Write writes, and pauses now and then.
func (w *calmWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var done int
		done, err = w.f.Write(p[:min(len(p), calmPart-w.since)])
		n, p, w.since = n+done, p[done:], w.since+done
		if err == nil && w.since == calmPart {
			w.since = 0
			err = w.pause()
		}
	}
	return n, err
}

// pause syncs, and then waits for as long as that took.
func (w *calmWriter) pause() error {
	began := time.Now()
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	select {
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	case <-time.After(max(calmTime, time.Since(began))):
		return nil
	}
}
