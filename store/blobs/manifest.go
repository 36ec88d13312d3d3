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

// A manifest says what a checkout has: which stored file was put where. It is there before the
// first file of the checkout, as .making, and becomes .json when all of them are
// there. On its way out it is .making again, and goes last.
type manifest struct {
	Path  string         `json:"path"` // below jobs
	Time  time.Time      `json:"time"`
	Dirs  []string       `json:"dirs"` // folders above it that were made for it, outermost first
	Files []manifestFile `json:"files"`
}

// manifestFile is a file of a checkout.
type manifestFile struct {
	Path string `json:"path"` // below the checkout
	SHA  string `json:"sha"`
	Size int64  `json:"size"`
}

func (f manifestFile) key() Key { return Key{f.SHA, f.Size} }

const (
	underWay = ".making"
	complete = ".json"
)

// maxManifest bounds a manifest that is read, in bytes.
const maxManifest = 256 << 20

// manifestName is the name of the manifest of the checkout at a path, without its
// ending. Paths that some computer takes for the same have one manifest.
func manifestName(checkout string) string {
	sum := sha256.Sum256([]byte(fold(checkout)))
	return "checkouts/" + hex.EncodeToString(sum[:16])
}

// hasManifest reports whether there is a checkout at a path, or one being made.
func hasManifest(d *folders, checkout string) (bool, error) {
	for _, ending := range []string{complete, underWay} {
		_, err := d.files.Lstat(manifestName(checkout) + ending)
		if err == nil {
			return true, nil
		}
		if !isMissing(err) {
			return false, err
		}
	}
	return false, nil
}

// write puts the manifest on the disk, as .making.
func (m *manifest) write(d *folders) (err error) {
	if err := d.files.MkdirAll("checkouts", 0o777); err != nil {
		return err
	}
	name := manifestName(m.Path) + underWay
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
func (m *manifest) finish(d *folders) error {
	name := manifestName(m.Path)
	if err := d.files.Rename(name+underWay, name+complete); err != nil {
		return err
	}
	return fsync.DirIn(d.files, "checkouts")
}

// readManifest reads a manifest by its name with ending.
func readManifest(d *folders, name string) (*manifest, error) {
	f, err := d.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &manifest{}
	if err := json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(m); err != nil {
		return nil, fmt.Errorf("the manifest %s of a checkout is damaged: %w", name, err)
	}
	// A manifest decides what is removed, so it is trusted no more than a request.
	if _, err := checkCheckoutPath(m.Path); err != nil || path.Clean(m.Path) != m.Path {
		return nil, fmt.Errorf("the manifest %s does not name a checkout: %q", name, clip(m.Path))
	}
	for _, file := range m.Files {
		if clean, err := cleanPath(file.Path); err != nil || clean != file.Path || file.key().Check() != nil {
			return nil, fmt.Errorf("the manifest %s of a checkout has an invalid file: %q", name, clip(file.Path))
		}
	}
	return m, nil
}

// pathOf returns the path of the checkout that a manifest is of, which it begins with.
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
			return "", fmt.Errorf("the manifest %s of a checkout is damaged: %w", name, err)
		}
		path, _ = token.(string)
	}
	return path, nil
}

// isComplete reports whether a whole checkout is at exactly this path.
func isComplete(d *folders, checkout string) (bool, error) {
	path, err := pathOf(d, manifestName(checkout)+complete)
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
