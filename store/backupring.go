package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm/fsync"
)

// BackupToFolder makes a backup of the kind in the folder of backups, and then
// deletes the oldest of that kind, so that keep of them are left; at least the new one.
// Nothing is deleted before the new one is whole and on the disk.
func (s *Store) BackupToFolder(ctx context.Context, kind string, keep int) (BackupFile, error) {
	if err := makeBackupsDir(s.path); err != nil {
		return BackupFile{}, err
	}
	b := newBackupFile(s.path, kind, s.clock())
	if err := s.Backup(ctx, b.Path); err != nil {
		return BackupFile{}, err
	}
	return b.measured(), rotate(s.path, kind, keep)
}

// BackupIdleToFolder is BackupToFolder for a database that no manager is using.
func BackupIdleToFolder(ctx context.Context, database, kind string, keep int, now time.Time) (BackupFile, error) {
	if err := makeBackupsDir(database); err != nil {
		return BackupFile{}, err
	}
	b := newBackupFile(database, kind, now)
	if err := BackupIdle(ctx, database, b.Path); err != nil {
		return BackupFile{}, err
	}
	return b.measured(), rotate(database, kind, keep)
}

// Backups returns the backups in the folder of backups, the newest first.
func (s *Store) Backups() ([]BackupFile, error) { return Backups(s.path) }

func newBackupFile(database, kind string, now time.Time) BackupFile {
	return BackupFile{Path: filepath.Join(BackupsDir(database), backupName(now, kind)), Kind: kind, Made: now.UTC().Truncate(time.Second)}
}

func (b BackupFile) measured() BackupFile {
	if info, err := os.Stat(b.Path); err == nil {
		b.Size = info.Size()
	}
	return b
}

// makeBackupsDir makes the folder of backups, for the owner only: they hold the
// secrets of workers.
func makeBackupsDir(database string) error {
	dir := BackupsDir(database)
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	return errors.Join(os.MkdirAll(dir, 0o700), fsync.Dir(filepath.Dir(dir)))
}

// rotate deletes the oldest backups of the kind, and what a crash left of one that
// was being made.
func rotate(database, kind string, keep int) error {
	list, err := Backups(database)
	if err != nil {
		return err
	}
	n := 0
	for _, b := range list {
		if b.Kind == kind {
			if n++; n > max(1, keep) {
				err = errors.Join(err, os.Remove(b.Path))
			}
		}
	}
	left, _ := filepath.Glob(filepath.Join(BackupsDir(database), "farm-*-"+kind+".db.new"))
	for _, f := range left {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// CopyBackup copies a backup to another file, which appears when it is whole and on
// the disk; one that was there is replaced. The backup stays in its folder: it may be
// the only one there, as it has pushed out older ones.
func CopyBackup(ctx context.Context, from, to string) error {
	return backup(to, func(temp string) error {
		db, err := openBolt(from, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bolt.Tx) error { return writeCopy(ctx, tx, temp) })
	})
}
