package watchfolder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// A state is how far a file in the folder has come. A record says which, on the disk,
// so that a restart goes on where a crash stopped.
type state string

const (
	// submitting: it is being copied and handed in. It is left by the answer of
	// the manager. After a crash the manager is asked whether it has the job; if
	// not, what was copied is removed, and it is submitted again.
	submitting state = "submitting"
	// submitted: the manager has the job. It is left when the job is over.
	submitted state = "submitted"
	// over: the job is over. It stays, unless the file changes or the job is
	// started again.
	over state = "over"
	// refused: it cannot be submitted as it is. It is left when the file or the
	// defaults change, or when the user removes the report.
	refused state = "refused"
)

// A fileVersion tells one version of a file from the next, without reading it.
type fileVersion struct {
	Size int64     `json:"size"`
	Time time.Time `json:"time"` // of its last change
}

// same reports whether two stamps are of one version.
func (s fileVersion) same(o fileVersion) bool { return s.Size == o.Size && s.Time.Equal(o.Time) }

// A record is what is known of one file name in the folder.
type record struct {
	Name     string      `json:"name"`
	File     fileVersion `json:"file"`
	Defaults fileVersion `json:"defaults"` // of the defaults it was submitted with
	Token    string      `json:"token"`    // in the job's metadata, to find it after a crash
	State    state       `json:"state"`
	Since    time.Time   `json:"since"`            // in this state
	Copies   string      `json:"copies"`           // folder that was to be made for it; "" if none
	Job      farm.JobID  `json:"job,omitempty"`    // from submitted on
	Text     string      `json:"text,omitempty"`   // why it was refused
	Silent   bool        `json:"silent,omitempty"` // the report could not be written, so that it is not there says nothing
}

// keep is how long records of files that are gone are kept: a share that is not
// mounted for a while looks like an empty folder, and must not be submitted
// once more when it is back.
const keep = 90 * 24 * time.Hour

// A recordStore holds the records of one folder, as small files in another, one for each name.
type recordStore struct {
	dir     string
	records map[string]*record // by name
}

// openRecords reads all records of the folder.
func openRecords(dir string) (*recordStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &recordStore{dir, map[string]*record{}}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if filepath.Ext(e.Name()) != ".json" { // half written, by a run that was killed
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		r := new(record)
		if err := json.Unmarshal(text, r); err != nil {
			return nil, farm.Errorf(farm.Invalid, "%s is damaged: %w; remove it, and the file it is about may be submitted once more", filepath.Join(dir, e.Name()), err)
		}
		l.records[r.Name] = r
	}
	return l, nil
}

// path returns the file of a record: names may be anything.
func (l *recordStore) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(l.dir, hex.EncodeToString(sum[:12])+".json")
}

// put stores a record, on the disk itself, before it returns.
func (l *recordStore) put(r *record) error {
	if err := l.store(r); err != nil {
		return err
	}
	l.records[r.Name] = r
	return nil
}

// store is put for the goroutine that submits: it leaves the map alone.
func (l *recordStore) store(r *record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(l.path(r.Name), text, 0o600); err != nil {
		return fmt.Errorf("store what became of %s: %w", r.Name, err)
	}
	return nil
}

// forget removes a record.
func (l *recordStore) forget(name string) error {
	delete(l.records, name)
	if err := os.Remove(l.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// replace gives a file its whole content at once.
func replace(path string, text []byte, mode fs.FileMode) (err error) {
	part := path + ".farm-part"
	// What is left of a run that was killed goes; nothing is written through a link
	// that somebody put there.
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(text); err != nil {
		return err
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return fsync.Dir(filepath.Dir(path))
}
