package worker

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"renderfarm/farm"
)

// versionsFolder is where the files of frames that are rendered again are kept, beside
// those of the frames.
const versionsFolder = ".versions"

// keptFiles are files of frames that were moved out of the way of new ones. A crash at
// any moment leaves each of them under its old name or in versionsFolder. One that is
// in versionsFolder under the same name already, from a try before, stays: what is in
// its old place then is what that try left.
type keptFiles struct {
	moved []keptFile

	mu   sync.Mutex   // guards done
	done map[int]bool // frames whose new files were read back
}

// keptName is what the name of a time looks like.
var keptName = regexp.MustCompile(`^[0-9A-Za-z-]{0,40}$`)

type keptFile struct {
	frame        int
	path, backup string
}

// keepFiles moves the files of the frames that a command line renders out of the way.
// name says which time this is, and is part of their names.
func keepFiles(line *blenderLine, name string) (k *keptFiles, err error) {
	k = &keptFiles{done: map[int]bool{}}
	for _, r := range line.requests {
		named := newOutputName(r.output)
		if named.folder == "" || r.frames == nil {
			return k, farm.Errorf(farm.Invalid, "the files of the frames cannot be kept, as it is not known where they are. Requeue the task instead, which renders over them")
		}
		open := openRequest{request: r}
		entries, err := os.ReadDir(named.folder)
		if err != nil && !os.IsNotExist(err) {
			return k, farm.Errorf(farm.Invalid, "the files of the frames cannot be kept: %w", err)
		}
		for _, e := range entries {
			path := filepath.Join(named.folder, e.Name())
			frame, _, ok := named.parse(path)
			if !ok || !open.asks(frame) || !e.Type().IsRegular() || strings.HasSuffix(e.Name(), brokenSuffix) {
				continue
			}
			if err := k.keep(frame, path, name); err != nil {
				return k, farm.Errorf(farm.Invalid, "the file of frame %d cannot be kept, so it is not rendered again: %w", frame, err)
			}
		}
		k.find(&open, named, name)
	}
	return k, nil
}

func (k *keptFiles) keep(frame int, path, name string) error {
	folder, base := filepath.Split(path)
	ending := filepath.Ext(base)
	backup := filepath.Join(folder, versionsFolder, strings.TrimSuffix(base, ending)+"."+name+ending)
	_, err := os.Lstat(backup)
	if os.IsNotExist(err) {
		if err = os.MkdirAll(filepath.Dir(backup), 0o777); err == nil {
			err = os.Rename(path, backup)
		}
	}
	if err != nil {
		return err
	}
	k.moved = append(k.moved, keptFile{frame, path, backup})
	return nil
}

// find adds what a try before kept of frames that have no file any more.
func (k *keptFiles) find(r *openRequest, named outputName, name string) {
	folder := filepath.Join(named.folder, versionsFolder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // there is none, and what is moved makes it
	}
	for _, e := range entries {
		ending := filepath.Ext(e.Name())
		base, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ending), "."+name)
		f := keptFile{path: filepath.Join(named.folder, base+ending), backup: filepath.Join(folder, e.Name())}
		var numbered bool
		if f.frame, _, numbered = named.parse(f.path); ok && numbered && r.asks(f.frame) && !slices.Contains(k.moved, f) {
			k.moved = append(k.moved, f)
		}
	}
}

// note says that the new files of a frame were read back.
func (k *keptFiles) note(frame int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done[frame] = true
}

// restore brings back the files of frames that have no new ones: those that were not
// read back, or that were found to be damaged and have other names now.
func (k *keptFiles) restore() (errs []error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	there := map[int]bool{} // frames with a file of an old name
	for _, f := range k.moved {
		_, err := os.Lstat(f.path)
		there[f.frame] = there[f.frame] || err == nil
	}
	for _, f := range k.moved {
		if k.done[f.frame] && there[f.frame] {
			continue
		}
		if err := os.Rename(f.backup, f.path); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
