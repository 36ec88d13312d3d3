package websubmit

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Bounds on a listing.
const (
	maxShown = 1000  // entries
	maxRead  = 20000 // entries that are looked at
)

// List lists a folder of the shared storage: folders and .blend files, but none that are
// hidden. Links that lead out of the storage are not followed.
func (d *Desk) List(folder string) (api.StorageFolder, error) {
	root, err := d.open()
	if err != nil {
		return api.StorageFolder{}, err
	}
	defer root.Close()
	name := clean(folder)
	dir, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return api.StorageFolder{}, notThere(folder)
	}
	defer dir.Close()
	list, err := dir.ReadDir(maxRead)
	if err != nil && !errors.Is(err, io.EOF) {
		return api.StorageFolder{}, farm.Errorf(farm.Invalid, "%q is no folder that the manager can read", farm.CutText(folder, 200))
	}
	answer := api.StorageFolder{Path: strings.TrimPrefix(name, ".")}
	for _, e := range list {
		if entry, ok := shown(root, path.Join(name, e.Name())); ok {
			answer.Entries = append(answer.Entries, entry)
		}
	}
	slices.SortFunc(answer.Entries, func(a, b api.StorageEntry) int {
		if a.Folder != b.Folder {
			return map[bool]int{true: -1, false: 1}[a.Folder]
		}
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Name, b.Name))
	})
	if n := len(answer.Entries); n > maxShown {
		answer.Entries, answer.More = answer.Entries[:maxShown], n-maxShown
	}
	return answer, nil
}

// shown is what is told of a file in a listing, and whether it belongs there.
func shown(root *os.Root, name string) (api.StorageEntry, bool) {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") {
		return api.StorageEntry{}, false
	}
	info, err := root.Stat(filepath.FromSlash(name)) // a link inside of the storage counts as what it leads to
	if err != nil {
		return api.StorageEntry{}, false
	}
	e := api.StorageEntry{Name: base, Folder: info.IsDir(), Modified: info.ModTime().UTC()}
	if e.Folder {
		return e, true
	}
	e.Size = info.Size()
	return e, info.Mode().IsRegular() && strings.EqualFold(path.Ext(base), ".blend")
}

// inStorage returns the path of a .blend in the storage on this computer.
func (d *Desk) inStorage(name string) (string, error) {
	root, err := d.open()
	if err != nil {
		return "", err
	}
	defer root.Close()
	inside := clean(name)
	if e, ok := shown(root, inside); !ok || e.Folder {
		return "", notThere(name)
	}
	return filepath.Join(d.Storage(), filepath.FromSlash(inside)), nil
}

func (d *Desk) open() (*os.Root, error) {
	root, err := os.OpenRoot(d.Storage())
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return nil, farm.Errorf(farm.Off, "the shared storage cannot be read by the manager: is it mounted?")
	}
	return root, nil
}

// clean makes a path of the page one of the storage: "." is the storage itself. What is
// above it is out of reach.
func clean(name string) string {
	return path.Join(".", path.Clean("/" + strings.ReplaceAll(name, "\\", "/"))[1:])
}

func notThere(name string) error {
	return farm.Errorf(farm.NotFound, "the shared storage has no %q, or the manager may not read it", farm.CutText(name, 200))
}
