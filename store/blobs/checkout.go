package blobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/fsync"
)

// nameTries is how many names are tried for a checkout; from the second one on
// they end with characters at random.
const nameTries = 10

// Checkout puts stored files together in a new folder below jobs, and returns its
// path: the wanted one, or one like it if that is taken. All of it is on the disk
// then. When it fails, it removes what it made and nothing else.
//
// Invalid: a path is not allowed. Missing: files are not stored. Conflict: no name
// was free. NoRoom: files had to be copied, and there is no room for them.
func (s *Store) Checkout(ctx context.Context, wanted string, files []File) (string, error) {
	wanted, err := checkCheckoutPath(wanted)
	if err != nil {
		return "", err
	}
	if files, err = CheckFiles(files); err != nil {
		return "", err
	}
	if err := checkLengths(wanted, files); err != nil {
		return "", err
	}
	d, err := s.open()
	if err != nil {
		return "", err
	}
	defer d.close()
	if err := s.ensureStored(ctx, d, files); err != nil {
		return "", err
	}
	m := &manifest{Time: time.Now().Truncate(time.Second), Files: make([]manifestFile, len(files))}
	for i, f := range files {
		m.Files[i] = manifestFile{f.Path, f.SHA, f.Size}
	}
	if err := s.takeName(d, m, wanted); err != nil {
		return "", err
	}
	defer s.named(m)
	err = s.fill(ctx, d, m)
	if err == nil {
		err = m.finish(d)
	}
	if err != nil {
		return "", errors.Join(err, s.undo(d, m))
	}
	return m.Path, nil
}

// ensureStored makes sure that all files are stored, stay stored, and are on the disk.
func (s *Store) ensureStored(ctx context.Context, d *folders, files []File) error {
	var missing []File
	for _, f := range files {
		if err := s.waitSynced(ctx, f.Key); err != nil {
			return err
		}
		ok, err := s.touch(ctx, d, f.Key)
		if err != nil {
			return err
		}
		if !ok {
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		return checkoutMissing(missing)
	}
	return nil
}

// takeName finds a free path for a checkout and makes its folder. From then on
// the manifest is on the disk, and the checkout in s.making.
func (s *Store) takeName(d *folders, m *manifest, wanted string) error {
	s.naming.Lock()
	defer s.naming.Unlock()
	m.Path = wanted
	for range nameTries + 1 {
		inside, err := insideCheckout(d, m.Path)
		if err != nil {
			return err
		}
		if inside != "" {
			// A checkout in another one would be in the way when that is removed.
			wanted = inside + "-" + randomName(4) + strings.TrimPrefix(wanted, inside)
			m.Path = wanted
			continue
		}
		if ours, err := s.take(d, m); err != nil || ours {
			return err
		}
		m.Path = wanted + "-" + randomName(4)
	}
	return errTaken(wanted)
}

// insideCheckout returns the checkout that a path is inside of, or "".
func insideCheckout(d *folders, p string) (string, error) {
	for _, dir := range ancestors(p) {
		if is, err := hasManifest(d, dir); err != nil || is {
			return dir, err
		}
	}
	return "", nil
}

// take takes the path if it is free.
func (s *Store) take(d *folders, m *manifest) (bool, error) {
	if is, err := hasManifest(d, m.Path); err != nil || is {
		return false, err
	}
	if _, err := d.jobs.Lstat(m.Path); !isMissing(err) {
		return false, err
	}
	m.Dirs = slices.DeleteFunc(ancestors(m.Path), func(dir string) bool {
		_, err := d.jobs.Lstat(dir)
		return err == nil
	})
	s.mu.Lock()
	s.making[manifestName(m.Path)] = true
	s.mu.Unlock()
	err := m.write(d)
	if err == nil {
		err = d.jobs.MkdirAll(path.Dir(m.Path), 0o777)
	}
	if err == nil {
		if err = d.jobs.Mkdir(m.Path, 0o777); err == nil {
			return true, nil
		}
	}
	// The folder itself is not ours: only what leads to it, and the manifest.
	removeDirs(d, m.Dirs)
	cleaned := ignoreMissing(d.files.Remove(manifestName(m.Path) + underWay))
	s.named(m)
	if errors.Is(err, fs.ErrExist) { // taken by somebody who is no manager
		return false, cleaned
	}
	return false, noRoom(errors.Join(err, cleaned), 0)
}

// removeDirs removes those of the folders that are empty, the innermost first.
func removeDirs(d *folders, outermostFirst []string) {
	for _, dir := range slices.Backward(outermostFirst) {
		d.jobs.Remove(dir) // fails, as it should, if there is something in it
	}
}

// named ends that a checkout is being made.
func (s *Store) named(m *manifest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.making, manifestName(m.Path))
}

// fill puts the files into the folder, and makes their names safe.
func (s *Store) fill(ctx context.Context, d *folders, m *manifest) error {
	dirs := map[string]bool{m.Path: true}
	for _, f := range m.Files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name := path.Join(m.Path, f.Path)
		if dir := path.Dir(name); !dirs[dir] {
			if err := d.jobs.MkdirAll(dir, 0o777); err != nil {
				return noRoom(err, f.Size)
			}
			for ; dir != m.Path; dir = path.Dir(dir) {
				dirs[dir] = true
			}
		}
		if method, err := s.put(ctx, d, name, f.key(), m.Time); err != nil {
			return linkError(err, method, f)
		}
	}
	for _, dir := range m.Dirs {
		dirs[dir] = true
	}
	dirs["."] = true
	for dir := range dirs {
		if err := fsync.DirIn(d.jobs, dir); err != nil {
			return err
		}
	}
	return nil
}

// linkError says what kept a file from being put into a checkout.
func linkError(err error, method string, f manifestFile) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return farm.Errorf(farm.Invalid, "the path %q cannot be used beside the others of the checkout: the shared storage takes it for one of them. Rename it", clip(f.Path))
	case isMissing(err):
		return checkoutMissing([]File{{f.key(), f.Path}})
	case farm.KindOf(err) == farm.Internal && !diskfree.IsFull(err):
		return fmt.Errorf("put %q into the checkout (by %s): %w", clip(f.Path), method, err)
	}
	return noRoom(err, f.Size)
}

// undo removes what there is of a checkout that is .making: files that are still
// what was put there, and folders that are empty then. What else is in it stays, and
// its folders with it. The manifest goes last, so that a crash leaves the rest to Collect.
func (s *Store) undo(d *folders, m *manifest) error {
	dirs := map[string]bool{m.Path: true}
	for _, f := range m.Files {
		name := path.Join(m.Path, f.Path)
		if isOurs(d, name, f, m.Time) {
			if err := d.jobs.Remove(name); err != nil && !isMissing(err) {
				return err
			}
		}
		for dir := path.Dir(name); dir != m.Path; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	inner := slices.Collect(maps.Keys(dirs))
	slices.SortFunc(inner, func(a, b string) int { return len(a) - len(b) })
	removeDirs(d, inner)
	removeDirs(d, m.Dirs)
	return ignoreMissing(d.files.Remove(manifestName(m.Path) + underWay))
}

// giveUp turns a whole checkout into one that is not, unless it stays. From then
// on nobody uses it, and a crash leaves its end to Collect.
func (s *Store) giveUp(d *folders, m *manifest, stays func(list fs.FileInfo) bool) (stayed bool, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	name := manifestName(m.Path)
	info, err := d.files.Lstat(name + complete)
	if err != nil {
		return false, err
	}
	if stays(info) {
		return true, nil
	}
	return false, d.files.Rename(name+complete, name+underWay)
}

// ancestors returns the folders that a path is in, outermost first.
func ancestors(p string) []string {
	var all []string
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		all = append(all, dir)
	}
	slices.Reverse(all)
	return all
}

// IsCheckout reports whether there is a whole checkout at the path.
func (s *Store) IsCheckout(checkout string) (bool, error) {
	d, err := s.open()
	if err != nil {
		return false, err
	}
	defer d.close()
	return isComplete(d, checkout)
}

// CheckoutOf returns the checkout that a path below jobs is in or is, or "".
func (s *Store) CheckoutOf(inside string) (string, error) {
	if _, err := cleanPath(inside); err != nil {
		return "", nil
	}
	d, err := s.open()
	if err != nil {
		return "", err
	}
	defer d.close()
	for dir := path.Clean(inside); dir != "."; dir = path.Dir(dir) {
		if is, err := isComplete(d, dir); err != nil || is {
			return dir, err
		}
	}
	return "", nil
}

// Keep makes a checkout as good as new for Collect, because a job is about to
// use it. It is fine if there is none.
func (s *Store) Keep(checkout string) error {
	d, err := s.open()
	if err != nil {
		return err
	}
	defer d.close()
	s.gate.RLock()
	defer s.gate.RUnlock()
	now := time.Now()
	if err := d.files.Chtimes(manifestName(checkout)+complete, now, now); err != nil && !isMissing(err) {
		return err
	}
	return nil
}

// Remove removes a checkout: what was put there, not what workers and people
// added, and folders that are empty then. It is fine if there is none.
func (s *Store) Remove(checkout string) error {
	d, err := s.open()
	if err != nil {
		return err
	}
	defer d.close()
	m, err := readManifest(d, manifestName(checkout)+complete)
	if isMissing(err) || err == nil && m.Path != checkout { // or of another one with a name like it
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := s.giveUp(d, m, func(fs.FileInfo) bool { return false }); err != nil {
		return ignoreMissing(err)
	}
	return s.undo(d, m)
}
