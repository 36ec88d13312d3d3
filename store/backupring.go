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
// Nothing is deleted before the new one is whole and on the disk. While records of the
// database are damaged it makes a BackupPartial of what is not, which has a ring of its
// own and replaces none that has everything.
func (s *Store) BackupToFolder(ctx context.Context, kind string, keep int) (BackupFile, error) {
	return toFolder(s.path, kind, keep, s.clock(), func(path, partial string) ([]string, error) { return s.backup(ctx, path, partial) })
}

// BackupIdleToFolder is BackupToFolder for a database that no manager is using.
func BackupIdleToFolder(ctx context.Context, database, kind string, keep int, now time.Time) (BackupFile, error) {
	return toFolder(database, kind, keep, now, func(path, partial string) ([]string, error) { return backupIdle(ctx, database, path, partial) })
}

func toFolder(database, kind string, keep int, now time.Time, back func(path, partial string) ([]string, error)) (BackupFile, error) {
	if err := makeBackupsDir(database); err != nil {
		return BackupFile{}, err
	}
	b, rest := newBackupFile(database, kind, now), newBackupFile(database, BackupPartial, now)
	lacks, err := back(b.Path, rest.Path)
	if err != nil {
		return BackupFile{}, err
	}
	if len(lacks) > 0 {
		b, b.Lacks = rest, lacks
	}
	return b.measured(), rotate(database, b.Kind, keep)
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
	_, err := backup(to, "", func(temp string) error {
		db, err := openBolt(from, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bolt.Tx) error { return writeCopy(ctx, tx, temp) })
	})
	return err
}
