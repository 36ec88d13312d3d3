package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"renderfarm/farm"
)

// schemaVersion is the layout of the file. An older one is migrated, a newer
// one refused.
const schemaVersion = 1

var (
	schemaKey = []byte("schema")
	uuidKey   = []byte("uuid")
)

// lockTimeout is how long Open waits for another process to let go of the file:
// long enough for one that is just ending.
const lockTimeout = time.Second

// boltOptions are those of a database that is worked on; each was measured.
func boltOptions() *bolt.Options {
	return &bolt.Options{
		Timeout:         lockTimeout,
		FreelistType:    bolt.FreelistMapType,
		NoFreelistSync:  true, // a large one costs milliseconds in every commit; its price is a scan at open
		PageSize:        pageSize,
		InitialMmapSize: initialMmapSize,
		MmapFlags:       mmapFlags,
	}
}

// openFile opens the database file, or makes it, and checks what it is.
func openFile(path string) (*bolt.DB, error) {
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case err == nil && !info.Mode().IsRegular():
		return nil, openError(path, errors.New("it is not a plain file"))
	case errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0:
		if err := create(path); err != nil && !exists(path) {
			return nil, openError(path, err)
		} // else another process made it meanwhile, and has most likely locked it
	}
	// bbolt reads every page when it opens the file and panics, partly in a
	// goroutine of its own, at one that makes no sense.
	if err := checkFile(path); err != nil {
		return nil, openError(path, err)
	}
	db, err := openBolt(path, boltOptions())
	if err != nil {
		return nil, openError(path, err)
	}
	if err := addBuckets(db); err != nil {
		db.Close()
		return nil, openError(path, err)
	}
	removeUnfinished(path)
	db.MmapFlags = 0 // a file that grows is not read in whole each time
	return db, nil
}

// addBuckets makes the buckets that came after the file was made. It leaves files
// alone that are not ours.
func addBuckets(db *bolt.DB) error {
	missing := false
	err := db.View(func(tx *bolt.Tx) error {
		missing = tx.Bucket(metaBucket.name) != nil && slices.ContainsFunc(laterBuckets, func(b *bucket) bool { return tx.Bucket(b.name) == nil })
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return db.Update(func(tx *bolt.Tx) error {
		for _, b := range laterBuckets {
			if _, err := tx.CreateBucketIfNotExists(b.name); err != nil {
				return err
			}
		}
		return nil
	})
}

// openBolt opens the file and turns what bbolt panics with into an error.
func openBolt(path string, o *bolt.Options) (db *bolt.DB, err error) {
	// A file that is shorter than its pages say faults when it is read.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = &fileDamage{fmt.Errorf("%v", r)}
		}
	}()
	return bolt.Open(path, 0o600, o)
}

// checkFile looks at the structure of the whole file, under a shared lock.
func checkFile(path string) error {
	db, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
	if err != nil {
		return err
	}
	defer db.Close()
	for err := range checkPages(path) {
		return &fileDamage{err}
	}
	return nil
}

// fileDamage is damage outside of records: a page that makes no sense.
type fileDamage struct{ why error }

func (d *fileDamage) Error() string { return d.why.Error() }
func (d *fileDamage) Unwrap() error { return d.why }

// openError says what is wrong with the file and what to do about it.
func openError(path string, err error) error {
	var known *farm.Error
	var record *damage
	var file *fileDamage
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return farm.Errorf(farm.Conflict, "another process uses the database %s: a manager is already running with this home folder. Stop it, or start this one with another --home", path)
	case errors.As(err, &record), errors.As(err, &file), errors.Is(err, bolterrors.ErrInvalid),
		errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return farm.Errorf(farm.Internal, "the database %s is damaged: %w. Move it away and put the newest backup in its place; check the disk it is on", path, err)
	}
	return farm.Errorf(farm.Internal, "the database %s cannot be opened: %w. Check that the folder exists, is writable, and that the disk is not full", path, err)
}

// create makes an empty database under another name, and gives it its name
// when it is whole and on the disk: bbolt's own beginning is not safe against
// a crash. It never replaces a file: another process may make one at the same
// time, and use it already.
func create(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*")
	if err != nil {
		return err
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := f.Close(); err != nil {
		return err
	}
	// First the file, then its name, then the folder that knows the name.
	if err := makeEmpty(temp); err != nil {
		return err
	}
	if err := os.Link(temp, path); err != nil && !exists(path) {
		// There are no links here, or an empty file has the name, as some editors
		// and copy tools leave it. What a crash spoils now held nothing yet.
		if err := makeEmpty(path); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

// makeEmpty makes an empty database of a file that is empty or not there, and leaves
// one that another process filled first. bbolt's lock keeps the others away.
func makeEmpty(path string) error {
	o := boltOptions()
	o.InitialMmapSize = 0 // it is closed again at once
	db, err := openBolt(path, o)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket(metaBucket.name) != nil {
			return nil
		}
		for _, b := range buckets {
			if _, err := tx.CreateBucket(b.name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket.name)
		schema := binary.AppendUvarint([]byte{recordVersion}, schemaVersion)
		id := farm.NewUUID()
		return errors.Join(
			meta.Put(schemaKey, metaBucket.seal(schemaKey, schema)),
			meta.Put(uuidKey, metaBucket.seal(uuidKey, append([]byte{recordVersion}, id[:]...))),
			meta.Put(countersKey, (&counters{}).encode()))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return syncFile(path)
}

// exists reports whether there is a file that is more than a name.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// unfinished is in the names of databases that are being made, before digits.
const unfinished = ".unfinished-"

// removeUnfinished removes what a crash left of making the database. The caller
// has it open: somebody who makes one at this moment finds that it is there.
func removeUnfinished(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // a nuisance at most
	}
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+unfinished); ok && strings.Trim(digits, "0123456789") == "" {
			os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// checkSchema refuses files that are not Farm's, and those of newer versions.
func checkSchema(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket.name)
	if meta == nil || meta.Get(schemaKey) == nil {
		return farm.Errorf(farm.Unsupported, "%s is not a database of Farm: move it away, and a new one is made", tx.DB().Path())
	}
	payload, err := metaBucket.open(schemaKey, meta.Get(schemaKey))
	if err != nil {
		return err
	}
	r := reader{rest: payload}
	switch version := r.uint(); {
	case r.err != nil:
		return metaBucket.damaged(schemaKey, r.err)
	case version > schemaVersion:
		return farm.Errorf(farm.Unsupported, "the database %s was written by a newer version of Farm (its layout is %d, this version knows %d): use that version, or put back the backup that was made before the upgrade", tx.DB().Path(), version, schemaVersion)
	}
	for _, b := range buckets {
		if tx.Bucket(b.name) == nil && !slices.Contains(laterBuckets, b) {
			return &fileDamage{fmt.Errorf("bucket %s is missing", b.name)}
		}
	}
	return nil
}
