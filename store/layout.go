package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// newestLayout is the layout of the file that this program reads and writes: the
// first was 1, and each migration makes the next.
func newestLayout() int { return 1 + len(migrations) }

var (
	layoutKey = []byte("schema")
	uuidKey   = []byte("uuid")
)

// A layout says how the records of a file are arranged, and who arranged them so.
// It is all that a program must understand of a file that is newer than itself.
type layout struct {
	number  int
	program string  // the version of Farm that made it; "" in layout 1
	kept    []older // what migrations kept of the file, the oldest first
}

// An older is the file as it was before a migration. It lies beside the database.
type older struct {
	number int
	name   string
}

// maxKept bounds the older files that are remembered.
const maxKept = 100

// encode returns the value of the record, without checksum. A program of layout
// 1 reads the number and ignores the rest.
//
//	ver | number | program | n | n x (number, name)
func (l *layout) encode() []byte {
	b := binary.AppendUvarint([]byte{recordVersion}, uint64(l.number))
	b = appendString(b, l.program)
	b = binary.AppendUvarint(b, uint64(len(l.kept)))
	for _, k := range l.kept {
		b = binary.AppendUvarint(b, uint64(k.number))
		b = appendString(b, k.name)
	}
	return b
}

// put writes the layout into the file.
func (l *layout) put(tx *bolt.Tx) error {
	return tx.Bucket(metaBucket.name).Put(layoutKey, metaBucket.seal(layoutKey, l.encode()))
}

// readLayout returns the layout of a file, or an *otherFile if the file is
// not Farm's.
func readLayout(tx *bolt.Tx) (layout, error) {
	var l layout
	meta := tx.Bucket(metaBucket.name)
	if meta == nil || meta.Get(layoutKey) == nil {
		return l, &otherFile{"is not a database of Farm: another program made it, or its table of contents is damaged", "for a new farm move it away"}
	}
	payload, err := metaBucket.open(layoutKey, meta.Get(layoutKey))
	if err != nil {
		return l, err
	}
	r := &reader{rest: payload}
	l.number = r.count(1 << 20)
	if l.number > 1 {
		l.program = r.string()
		for range r.count(maxKept) {
			l.kept = append(l.kept, older{r.count(l.number), r.string()})
		}
	}
	if r.err != nil || l.number == 0 { // a newer program may have more to say
		return l, metaBucket.damaged(layoutKey, errors.Join(r.err))
	}
	return l, nil
}

// refuseNewer refuses a file that a newer program has arranged. It says which
// program to use, and how to go back to the one that was started.
func (l *layout) refuseNewer(path, program string) error {
	if l.number <= newestLayout() {
		return nil
	}
	back := "it was made by that version, so there is nothing to go back to but a backup from before"
	for _, k := range l.kept { // the newest of those that this program reads
		if kept := filepath.Join(filepath.Dir(path), k.name); k.number <= newestLayout() && exists(kept) {
			back = fmt.Sprintf("to go back to this version, put %s in its place, the database as it was before the upgrade", kept)
		}
	}
	return farm.Errorf(farm.Unsupported, "the database %s needs Farm %s or newer: its layout is %d, and this version%s knows layouts up to %d. Start that version; %s",
		path, l.program, l.number, withSpace(program), newestLayout(), back)
}

func withSpace(s string) string {
	if s != "" {
		return " (" + s + ")"
	}
	return ""
}

// layoutOf returns the layout of an open file.
func layoutOf(db *bolt.DB) (l layout, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		l, err = readLayout(tx)
		return err
	})
	return l, err
}

// checkLayout returns an error unless the file has the newest layout and all of
// its buckets.
func checkLayout(tx *bolt.Tx) error {
	l, err := readLayout(tx)
	if err != nil {
		return err
	}
	if l.number != newestLayout() {
		return fmt.Errorf("its layout is %d, not %d", l.number, newestLayout())
	}
	for _, b := range buckets {
		if tx.Bucket(b.name) == nil {
			return &fileDamage{fmt.Errorf("bucket %s is missing", b.name)}
		}
	}
	return nil
}

// named reports whether the path still leads to the open file: another process
// may have put a migrated one in its place while this one waited for the lock.
func named(path string, f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(open, now)
}
