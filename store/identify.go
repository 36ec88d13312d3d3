package store

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// sqliteMagic is how every SQLite database begins, Flamenco's among them.
// Source: the SQLite file format, section 1.3, https://www.sqlite.org/fileformat.html
var sqliteMagic = []byte("SQLite format 3")

// identify refuses a file that cannot be a database of Farm: an empty one, and
// one of another program. Nothing of it is changed. That bbolt would make an
// empty database of an empty file is no help: where a database was, the farm's
// jobs are gone, and an empty farm would hide it.
func identify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, pageSize+pageHeader+4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	switch {
	case n == 0:
		return &otherFile{"is empty: what was in it is lost", "for a new farm delete it"}
	case bytes.HasPrefix(head, sqliteMagic):
		return &otherFile{"is an SQLite database, as Flamenco's managers have (flamenco-manager.sqlite), and not one of Farm", "for a new farm move it away"}
	case n < cap(head):
		return &fileDamage{errors.New("it is too short to be a database: it was cut off")}
	case !boltHead(head) && !boltHead(head[pageSize:]):
		return &otherFile{"is not a database of Farm: another program made it, or its beginning was overwritten", "for a new farm move it away"}
	}
	return nil // what else may be wrong with it is found by reading it
}

// An otherFile is a file that is no database of Farm.
type otherFile struct{ what, instead string }

func (f *otherFile) Error() string { return "it " + f.what }

// boltHead reports whether a page begins as the head pages of bbolt do.
func boltHead(page []byte) bool {
	return len(page) >= pageHeader+4 && order.Uint32(page[pageHeader:]) == boltMagic
}
