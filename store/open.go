package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
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

// openFile opens the database file, or makes it if there is none, checks what it is, and brings it
// to the newest layout.
func openFile(path string, o Options) (*bolt.DB, error) {
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case err == nil && !info.Mode().IsRegular():
		return nil, openError(path, errors.New("it is not a plain file"))
	case errors.Is(err, os.ErrNotExist):
		if list, _ := Backups(path); len(list) > 0 {
			o.Log.Warn("there is no database, so an empty one is made; there are backups of an earlier one, which \"farm restore\" puts in its place", "path", path, "newest", list[0].Path)
		}
		if err := create(path, o.Program); err != nil && !exists(path) {
			return nil, openError(path, err)
		} // else another process made it meanwhile, and has most likely locked it
	}
	db, err := openNewest(path, o)
	if err != nil {
		return nil, openError(path, err)
	}
	removeUnfinished(path)
	db.MmapFlags = 0 // a file that grows is not read in whole each time
	return db, nil
}

// openNewest opens the file, and again after it was migrated. The second file
// may be another process's by then.
func openNewest(path string, o Options) (*bolt.DB, error) {
	for range 3 {
		// bbolt reads every page when it opens the file and panics, partly in a
		// goroutine of its own, at one that makes no sense.
		if err := checkFile(path); err != nil {
			return nil, err
		}
		var file *os.File
		options := boltOptions()
		options.OpenFile = func(name string, flag int, perm os.FileMode) (_ *os.File, err error) {
			file, err = os.OpenFile(name, flag, perm)
			return file, err
		}
		db, err := openBolt(path, options)
		if err != nil {
			return nil, err
		}
		l, err := layoutOf(db)
		if err == nil {
			err = l.refuseNewer(path, o.Program)
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, db.Close())
		case !named(path, file): // somebody migrated it while this process waited for the lock
			err = db.Close()
		case l.number < newestLayout():
			err = migrate(db, path, l, o)
		default:
			return db, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errors.New("other processes put new files in its place all the time")
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
	if err := identify(path); err != nil {
		return err
	}
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
	var other *otherFile
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &other):
		return farm.Errorf(farm.Unsupported, "the file %s %s. %s; %s", path, other.what, restoreAdvice(path), other.instead)
	case errors.Is(err, bolterrors.ErrTimeout):
		return farm.Errorf(farm.Conflict, "another process uses the database %s: a manager is already running with this home folder. Stop it, or start this one with another --home", path)
	case errors.As(err, &record), errors.As(err, &file), errors.Is(err, bolterrors.ErrInvalid),
		errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return farm.Errorf(farm.Internal, "the database %s is damaged: %w. %s; check the disk it is on", path, err, restoreAdvice(path))
	}
	return farm.Errorf(farm.Internal, "the database %s cannot be opened: %w. Check that the folder exists, is writable, and that the disk is not full", path, err)
}

// create makes an empty database under another name, and gives it its name
// when it is whole and on the disk: bbolt's own beginning is not safe against
// a crash. It never replaces a file: another process may make one at the same
// time, and use it already.
func create(path, program string) error {
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
	if err := makeEmpty(temp, program); err != nil {
		return err
	}
	if err := os.Link(temp, path); err != nil && !exists(path) {
		// There are no links here. What a crash spoils now held nothing yet.
		if err := makeEmpty(path, program); err != nil {
			return err
		}
	}
	return fsync.Dir(filepath.Dir(path))
}

// makeEmpty makes an empty database of a file that is empty or not there, and leaves
// one that another process filled first. bbolt's lock keeps the others away.
func makeEmpty(path, program string) error {
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
		id := farm.NewUUID()
		return errors.Join(
			(&layout{number: newestLayout(), program: program}).put(tx),
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
