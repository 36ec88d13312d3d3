package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// CheckBackup returns nil if every record of a backup is whole and they agree,
// and this program can use it. Otherwise the error is for the user.
func CheckBackup(backup string) error {
	same := func(err error) error { return err }
	var found error
	check(backup, same, func(err error) bool { found = err; return false })
	if known := (*farm.Error)(nil); found == nil || errors.As(found, &known) {
		return found
	}
	if errors.Is(found, bolterrors.ErrTimeout) {
		return openError(backup, found)
	}
	return farm.Errorf(farm.Invalid, "the backup %s cannot be used: %w. Choose another; \"farm backup --list\" shows what there is", backup, found)
}

// Restore puts a copy of a backup in place of the database, which nobody may be
// using. It returns the path under which the present file is kept, "" if there is
// none. A crash at any moment leaves the present file under its name, or the backup.
func Restore(backup, path string, now time.Time) (kept string, err error) {
	if err := CheckBackup(backup); err != nil {
		return "", err
	}
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return "", err
	}
	present, err := os.Stat(path)
	if err == nil {
		if from, err := os.Stat(backup); err == nil && os.SameFile(present, from) {
			return "", farm.Errorf(farm.Invalid, "%s is the database itself, and no backup of it: name another file", backup)
		}
		// The lock, and not the content, says whether somebody uses it: it may
		// be damaged in any way. It is held until the file has been replaced.
		db, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
		if errors.Is(err, bolterrors.ErrTimeout) {
			return "", openError(path, err)
		}
		if err == nil {
			defer db.Close()
			if closeToRename {
				db.Close()
			}
		}
	}
	temp, err := copyBackup(backup, path, present != nil)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err == nil && present != nil {
		kept, err = keep(path, now.UTC())
	}
	if err == nil {
		err = errors.Join(os.Rename(temp, path), fsync.Dir(filepath.Dir(path)))
	}
	if err != nil {
		return "", farm.Errorf(farm.Internal, "the backup cannot be put in place: %w. Check that %s is writable and has as much free space as the backup", err, filepath.Dir(path))
	}
	return kept, nil
}

// copyBackup copies a backup, which was checked, to an unfinished file beside the
// database, and makes sure that the copy is on the disk and whole.
func copyBackup(backup, path string, present bool) (temp string, err error) {
	from, err := os.Open(backup)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*")
	if err != nil {
		return "", err
	}
	temp = to.Name()
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Sync(), to.Close()); err != nil {
		return temp, err
	}
	if present {
		if err := alike(temp, path); err != nil {
			return temp, err
		}
	}
	return temp, checkSeals(temp)
}

// keep gives the present file a second name, or where there are no links another
// name: that of the time, or of the first second after it whose name is free.
func keep(path string, at time.Time) (kept string, err error) {
	for taken := true; taken; at = at.Add(time.Second) {
		kept = path + ".replaced-" + at.Format(backupTime)
		_, err := os.Lstat(kept)
		taken = err == nil
	}
	if os.Link(path, kept) == nil {
		return kept, nil
	}
	return kept, os.Rename(path, kept)
}
