package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/fsync"
)

// compactPart is how much Compact writes in one transaction, in bytes: it is in memory
// until then.
const compactPart = 16 << 20

// Compact writes a database, which nobody may be using, anew without the room that
// deleted jobs left in it, and puts that in its place. It returns the sizes before and
// after, in bytes. The old file stays until the new one is on the disk, every check of it
// has passed, and it has the same records; a crash at any moment leaves one of the two.
// A file that would not get smaller stays as it is.
func Compact(path string) (before, after int64, err error) {
	for err := range Check(path) { // also that it is there, and that nobody uses it
		return 0, 0, err
	}
	db, err := openBolt(path, boltOptions())
	if err != nil {
		return 0, 0, openError(path, err)
	}
	defer db.Close() // whose lock keeps a manager away until the new file is in place
	l, err := layoutOf(db)
	if err == nil && l.number < newestLayout() {
		err = farm.Errorf(farm.Conflict, "the database %s has the layout of an older version of Farm: start the manager once, which upgrades it, and stop it again", path)
	}
	if err != nil {
		return 0, 0, openError(path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, openError(path, err)
	}
	before = info.Size()
	dir := filepath.Dir(path)
	if free := diskfree.Of(dir); free >= 0 && free < before {
		return 0, 0, farm.Errorf(farm.NoRoom, "there may be no room for a second database in %s: the present one has %s, and %s are free. Make room first", dir, farm.Size(before), farm.Size(free))
	}
	temp, err := compacted(db, path)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err == nil {
		if info, err = os.Stat(temp); err == nil && info.Size() < before {
			return before, info.Size(), failedCompact(path, replaceOpen(db, temp, path))
		}
	}
	return before, before, failedCompact(path, err)
}

func failedCompact(path string, err error) error {
	if err == nil {
		return nil
	}
	return farm.Errorf(farm.Internal, "the database %s cannot be written anew, and is unchanged: %w. Check that the folder is writable and has as much free space as the database", path, err)
}

// compacted writes the records of an open database to an unfinished file beside it, and
// makes sure that it has all of them.
func compacted(db *bolt.DB, path string) (temp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*")
	if err != nil {
		return "", err
	}
	temp = f.Name()
	if err := errors.Join(f.Close(), alike(temp, path)); err != nil {
		return temp, err
	}
	o := boltOptions()
	o.InitialMmapSize, o.NoSync = 0, true // it is synced as a whole
	to, err := openBolt(temp, o)
	if err != nil {
		return temp, err
	}
	err = bolt.Compact(to, db, compactPart)
	if err := errors.Join(err, to.Sync(), to.Close(), syncFile(temp)); err != nil {
		return temp, err
	}
	for err := range Check(temp) {
		return temp, fmt.Errorf("the new file is not whole: %w", err)
	}
	return temp, sameRecords(db, temp)
}

// sameRecords returns an error unless a file has exactly the records of an open database.
func sameRecords(db *bolt.DB, path string) error {
	other, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
	if err != nil {
		return err
	}
	defer other.Close()
	return db.View(func(a *bolt.Tx) error {
		return other.View(func(b *bolt.Tx) error {
			for _, bucket := range buckets {
				one, two := a.Bucket(bucket.name).Cursor(), b.Bucket(bucket.name).Cursor()
				key, value := one.First()
				k, v := two.First()
				for key != nil && bytes.Equal(key, k) && bytes.Equal(value, v) {
					key, value = one.Next()
					k, v = two.Next()
				}
				if key != nil || k != nil {
					return fmt.Errorf("bucket %s differs from key %x on", bucket.name, key)
				}
			}
			return nil
		})
	})
}

// replaceOpen puts a file in place of an open database, which it closes before where a
// file that is open cannot be replaced.
func replaceOpen(db *bolt.DB, temp, path string) error {
	if closeToRename {
		if err := db.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return fsync.Dir(filepath.Dir(path))
}
