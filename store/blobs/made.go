package blobs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// made is the list of a checkout: what was put where. It is there before the
// first file of the checkout, as .making, and becomes .json when all of them are
// there. On its way out it is .making again, and goes last.
type made struct {
	Path  string     `json:"path"` // below jobs
	Time  time.Time  `json:"time"`
	Dirs  []string   `json:"dirs"` // folders above it that were made for it, outermost first
	Files []madeFile `json:"files"`
}

// madeFile is a file of a checkout.
type madeFile struct {
	Path string `json:"path"` // below the checkout
	SHA  string `json:"sha"`
	Size int64  `json:"size"`
}

func (f madeFile) key() Key { return Key{f.SHA, f.Size} }

const (
	underWay = ".making"
	complete = ".json"
)

// maxList bounds the list of a checkout that is read, in bytes.
const maxList = 256 << 20

// listName is the list of the checkout at a path, without its ending. Paths that
// some computer takes for the same have one list.
func listName(checkout string) string {
	sum := sha256.Sum256([]byte(fold(checkout)))
	return "checkouts/" + hex.EncodeToString(sum[:16])
}

// hasList reports whether there is a checkout at a path, or one being made.
func hasList(d *folders, checkout string) (bool, error) {
	for _, ending := range []string{complete, underWay} {
		_, err := d.files.Lstat(listName(checkout) + ending)
		if err == nil {
			return true, nil
		}
		if !isMissing(err) {
			return false, err
		}
	}
	return false, nil
}

// write puts the list on the disk, as .making.
func (m *made) write(d *folders) (err error) {
	if err := d.files.MkdirAll("checkouts", 0o777); err != nil {
		return err
	}
	name := listName(m.Path) + underWay
	temporary := name + randomName(6)
	f, err := d.files.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = json.NewEncoder(f).Encode(m)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.files.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, d.files.Remove(temporary))
	}
	return fsync.DirIn(d.files, "checkouts")
}

// finish says that all files are there.
func (m *made) finish(d *folders) error {
	name := listName(m.Path)
	if err := d.files.Rename(name+underWay, name+complete); err != nil {
		return err
	}
	return fsync.DirIn(d.files, "checkouts")
}

// readList reads a list by its name with ending.
func readList(d *folders, name string) (*made, error) {
	f, err := d.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &made{}
	if err := json.NewDecoder(io.LimitReader(f, maxList)).Decode(m); err != nil {
		return nil, fmt.Errorf("the list %s of a checkout is damaged: %w", name, err)
	}
	// The list decides what is removed, so it is trusted no more than a request.
	if _, err := checkCheckoutPath(m.Path); err != nil || path.Clean(m.Path) != m.Path {
		return nil, fmt.Errorf("the list %s is of no checkout: %q", name, clip(m.Path))
	}
	for _, file := range m.Files {
		if clean, err := cleanPath(file.Path); err != nil || clean != file.Path || file.key().Check() != nil {
			return nil, fmt.Errorf("the list %s of a checkout has a wrong file: %q", name, clip(file.Path))
		}
	}
	return m, nil
}

// pathOf returns the path of the checkout in a list, which it begins with.
func pathOf(d *folders, name string) (string, error) {
	f, err := d.files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	decoder := json.NewDecoder(io.LimitReader(f, 16*maxPath))
	var path string
	for range 3 { // { "path" : …
		token, err := decoder.Token()
		if err != nil {
			return "", fmt.Errorf("the list %s of a checkout is damaged: %w", name, err)
		}
		path, _ = token.(string)
	}
	return path, nil
}

// isList reports whether a whole checkout is at exactly this path.
func isList(d *folders, checkout string) (bool, error) {
	path, err := pathOf(d, listName(checkout)+complete)
	if isMissing(err) {
		return false, nil
	}
	return path == checkout, err
}

// randomName returns n random characters of a-z and 0-9.
func randomName(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// errTaken is for a submitter for whom no name is free.
func errTaken(wanted string) error {
	return farm.Errorf(farm.Conflict, "there is a checkout at %q already, and no other name like it was free: give the job another name", clip(wanted))
}
