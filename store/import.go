package store

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// importPart is how many bytes of records Import writes in one transaction.
const importPart = 16 << 20

// Import makes a database of an export and puts it in place of the one at path, which
// nobody may be using, or where there is none. It returns the path under which the
// present file is kept, "" if there is none. Nothing is changed unless every line is
// right, and the records agree with each other; the error, of kind farm.Invalid, names
// the first line that is not.
func Import(export io.ReadSeeker, path string, now time.Time) (kept string, err error) {
	temp, err := importDatabase(export, path)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		return "", err
	}
	var found error
	check(temp, func(err error) error { return err }, func(err error) bool { found = err; return false })
	if found != nil {
		return "", disagreement(export, found)
	}
	return Restore(temp, path, now)
}

// importDatabase writes an export to an unfinished file beside the database.
func importDatabase(export io.Reader, path string) (temp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*")
	if err != nil {
		return "", farm.Errorf(farm.Internal, "no database can be made in %s: %w. Check that the folder exists and is writable", filepath.Dir(path), err)
	}
	temp = f.Name()
	if err := f.Close(); err != nil {
		return temp, err
	}
	o := boltOptions()
	o.InitialMmapSize, o.NoSync = 0, true // it is synced as a whole
	db, err := openBolt(temp, o)
	if err != nil {
		return temp, err
	}
	i := &importer{db: db, lines: newExportReader(export)}
	err = i.read()
	i.end()
	if err == nil {
		err = db.Sync()
	}
	if e := db.Close(); err == nil {
		err = e
	}
	var known *farm.Error
	if err != nil && !errors.As(err, &known) {
		err = farm.Errorf(farm.Internal, "the export cannot be written to %s: %w. Check that the disk is not full", filepath.Dir(path), err)
	}
	if err == nil {
		err = errors.Join(syncFile(temp), fsync.Dir(filepath.Dir(path)))
	}
	return temp, err
}

// An exportReader reads the lines of an export, which can be anybody's.
type exportReader struct {
	lines  *bufio.Scanner
	number int
}

func newExportReader(r io.Reader) *exportReader {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxExportLine)
	return &exportReader{lines: lines}
}

// wrong returns the error that the present line is.
func (r *exportReader) wrong(format string, args ...any) error {
	return farm.Errorf(farm.Invalid, "line %d is not one of an export of Farm: %w. Nothing was imported", r.number, fmt.Errorf(format, args...))
}

// next decodes the next line. Keys that nobody knows are wrong: they would be lost.
func (r *exportReader) next(into any) error {
	r.number++
	if !r.lines.Scan() {
		switch err := r.lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			return r.wrong("it is longer than %s", farm.Size(maxExportLine))
		case err != nil:
			return err
		}
		return r.wrong("the file ends before its last line, which counts the others")
	}
	dec := json.NewDecoder(bytes.NewReader(r.lines.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return r.wrong("%w", err)
	}
	if dec.More() {
		return r.wrong("something follows its JSON")
	}
	return nil
}

// An importer writes the records of an export to an empty file.
type importer struct {
	db    *bolt.DB
	lines *exportReader
	tx    *bolt.Tx // begun when needed
	size  int      // bytes written in it

	layout int
	slot   int    // of the bucket of the record before
	key    []byte // of the record before
}

func (i *importer) read() error {
	var head exportHead
	if err := i.lines.next(&head); err != nil {
		return err
	}
	switch {
	case head.Export < 1 || head.Layout < 1:
		return i.lines.wrong("its first line does not say which version it is")
	case head.Export > exportVersion || head.Layout > newestLayout():
		return farm.Errorf(farm.Unsupported, "the export needs Farm %s or newer: its version is %d and its layout %d, and this version knows %d and %d. Import it with that version",
			head.Program, head.Export, head.Layout, exportVersion, newestLayout())
	}
	i.layout = head.Layout
	if err := i.begin(head); err != nil {
		return err
	}
	for n := 0; ; n++ {
		var line struct {
			exportLine
			exportEnd
		}
		if err := i.lines.next(&line); err != nil {
			return err
		}
		if line.Records != nil {
			if *line.Records != n || line.Bucket != "" {
				return i.lines.wrong("it says that %d records are before it, and there are %d", *line.Records, n)
			}
			return i.last()
		}
		if err := i.record(&line.exportLine); err != nil {
			return err
		}
	}
}

// begin makes the buckets and the record of the layout.
func (i *importer) begin(head exportHead) error {
	return i.db.Update(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucket(b.name); err != nil {
				return err
			}
		}
		return (&layout{number: head.Layout, program: clip(head.Program)}).put(tx)
	})
}

// last makes sure that nothing follows.
func (i *importer) last() error {
	i.lines.number++
	if i.lines.lines.Scan() {
		return i.lines.wrong("it follows on the last line, which counts the others")
	}
	return i.commit()
}

// record writes a record. Those of a bucket come in the order of their keys, so that
// none can come twice.
func (i *importer) record(line *exportLine) error {
	slot := -1
	for n, b := range buckets {
		if string(b.name) == line.Bucket {
			slot = n
		}
	}
	if slot < 0 {
		return i.lines.wrong("there is no bucket %.40q", line.Bucket)
	}
	b := buckets[slot]
	key, err := hex.DecodeString(line.Key)
	if err != nil || len(key) == 0 || len(key) > maxKey {
		return i.lines.wrong("its key %.40q is not hexadecimal, or is too long", line.Key)
	}
	if slot < i.slot || slot == i.slot && bytes.Compare(key, i.key) <= 0 {
		return i.lines.wrong("records come in the order of their buckets and keys, and this one is out of order")
	}
	if b == metaBucket && bytes.Equal(key, layoutKey) {
		return i.lines.wrong("the layout is in the first line")
	}
	payload, err := payloadOfLine(b, line)
	if err != nil {
		return i.lines.wrong("%w", err)
	}
	if i.layout == newestLayout() { // else its migration looks at it
		if err := decodes(b, key, payload); err != nil {
			return i.lines.wrong("%w", err)
		}
	}
	i.slot, i.key = slot, key
	return i.put(b, key, payload)
}

// maxKey bounds a key: a worker's number in a job, and a task type.
const maxKey = 1024

// payloadOfLine returns the payload of a line's record.
func payloadOfLine(b *bucket, line *exportLine) ([]byte, error) {
	switch {
	case !isJSON(b) && len(line.Raw) == 0 && len(line.Value) > 0:
		return nil, errors.New("it has no raw, which its value says in words only")
	case !isJSON(b):
		return line.Raw, nil
	case len(line.Raw) > 0 || len(line.Value) == 0:
		return nil, errors.New("it needs a value, and no raw")
	case b == jobdefBucket && len(line.Value) > maxDetail:
		return nil, fmt.Errorf("its value is longer than %s", farm.Size(maxDetail))
	case b == jobdefBucket:
		return appendPacked(nil, line.Value), nil
	}
	return line.Value, nil
}

func (i *importer) put(b *bucket, key, payload []byte) error {
	if i.tx == nil {
		tx, err := i.db.Begin(true)
		if err != nil {
			return err
		}
		i.tx, i.size = tx, 0
	}
	bucket := i.tx.Bucket(b.name)
	bucket.FillPercent = b.fill
	if err := bucket.Put(key, b.seal(key, append([]byte{recordVersion}, payload...))); err != nil {
		return err
	}
	if i.size += len(key) + len(payload); i.size < importPart {
		return nil
	}
	return i.commit()
}

func (i *importer) commit() error {
	tx := i.tx
	if i.tx = nil; tx == nil {
		return nil
	}
	return tx.Commit()
}

// end gives up what was not committed.
func (i *importer) end() {
	if i.tx != nil {
		i.tx.Rollback()
	}
}

// disagreement finds the line of a record that disagrees with others.
func disagreement(export io.ReadSeeker, found error) error {
	var d *damage
	if errors.As(found, &d) {
		if _, err := export.Seek(0, io.SeekStart); err != nil {
			return err
		}
		lines, want := newExportReader(export), hex.EncodeToString(d.key)
		for {
			var line struct {
				Bucket string `json:"bucket"`
				Key    string `json:"key"`
			}
			lines.number++
			if !lines.lines.Scan() {
				break
			}
			if json.Unmarshal(lines.lines.Bytes(), &line) == nil && line.Bucket == string(d.bucket.name) && line.Key == want {
				return lines.wrong("%w", d.why)
			}
		}
	}
	return farm.Errorf(farm.Invalid, "the records of the export do not agree: %w. Nothing was imported", found)
}
