package blobs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
)

// Link methods are the ways in which a checkout can have a stored file, best first. A
// store begins with the best one and takes the next when the shared storage refuses.
const (
	bySymlink  int32 = iota // relative, so that they hold wherever the share is mounted
	byHardLink              // where symbolic links are not allowed: Windows, some network shares
	byCopy                  // on all file systems
)

var linkMethods = []string{"symlink", "hardlink", "copy"}

// put makes a file of a checkout appear at name, below jobs.
func (s *Store) put(ctx context.Context, d *folders, name string, k Key, made time.Time) (string, error) {
	method := s.linkMethod.Load()
	for ; ; method++ {
		err := s.putBy(ctx, d, method, name, k, made)
		if err == nil || method == byCopy || !isTooManyLinks(err) && !isRefusedWay(err) {
			return linkMethods[method], err
		}
		if isTooManyLinks(err) {
			continue // this file only
		}
		if s.linkMethod.CompareAndSwap(method, method+1) {
			s.o.Log.Warn("the shared storage does not allow the best way to put files into a checkout; the next one is used", "refused", linkMethods[method], "used", linkMethods[method+1], "error", err)
		}
	}
}

// errUnfollowed is for a link that was made and leads nowhere.
var errUnfollowed = errors.New("the link cannot be followed")

// isRefusedWay reports whether an error says that the storage has no such links.
// Any other, such as a failing disk or too many open files, says nothing of links.
func isRefusedWay(err error) bool {
	return errors.Is(err, errUnfollowed) || errors.Is(err, errors.ErrUnsupported) || isNotPermitted(err)
}

func (s *Store) putBy(ctx context.Context, d *folders, method int32, name string, k Key, made time.Time) error {
	switch method {
	case bySymlink:
		return symlink(d, name, k)
	case byHardLink:
		return os.Link(filepath.Join(d.filesPath, filepath.FromSlash(k.stored())), filepath.Join(d.jobsPath, filepath.FromSlash(name)))
	}
	return s.copyFile(ctx, d, name, k, made)
}

// symlink links to a stored file, and makes sure that the link leads there: some
// network shares make links that nobody can follow.
func symlink(d *folders, name string, k Key) error {
	here := filepath.Join(d.jobsPath, filepath.FromSlash(path.Dir(name)))
	err := symlinkFrom(d, here, name, k)
	if !errors.Is(err, errUnfollowed) {
		return err
	}
	if _, err := d.files.Lstat(k.stored()); err != nil {
		return err
	}
	// In a folder that is a link itself, ".." leads to somewhere else.
	real, evalErr := filepath.EvalSymlinks(here)
	if evalErr != nil {
		return evalErr
	}
	if real == here {
		return err
	}
	return symlinkFrom(d, real, name, k)
}

// symlinkFrom is symlink for a file in the folder here. It leaves no link that
// does not lead to the stored file.
func symlinkFrom(d *folders, here, name string, k Key) error {
	target, err := filepath.Rel(here, filepath.Join(d.filesPath, filepath.FromSlash(k.stored())))
	if err != nil {
		return err
	}
	if err := d.jobs.Symlink(target, name); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(d.jobsPath, filepath.FromSlash(name)))
	switch {
	case err == nil && info.Size() == k.Size:
		return nil
	case err == nil || isMissing(err) || errors.Is(err, fs.ErrPermission) || isRefusedWay(err):
		err = errUnfollowed
	}
	if removed := d.jobs.Remove(name); removed != nil {
		return removed
	}
	return err
}

// copyFile copies a stored file, and gives it the time of the checkout, by which it is
// known again.
func (s *Store) copyFile(ctx context.Context, d *folders, name string, k Key, made time.Time) (err error) {
	place, err := s.reserve(ctx, d, k.Size, 0)
	if err != nil {
		return err
	}
	defer place.done()
	from, err := d.files.Open(k.stored())
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := d.jobs.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, &cancelReader{ctx, from})
	if err == nil && n != k.Size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err == nil {
		err = d.jobs.Chtimes(name, made, made)
	}
	if err != nil {
		return noRoom(errors.Join(err, d.jobs.Remove(name)), k.Size)
	}
	return nil
}

// isOurs reports whether a file of a checkout is still what was put there, and not
// something that a worker or a person put in its place.
func isOurs(d *folders, name string, f manifestFile, made time.Time) bool {
	info, err := d.jobs.Lstat(name)
	if err != nil {
		return false
	}
	k := f.key()
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := d.jobs.Readlink(name)
		linked, ok := keyOfLink(target)
		return err == nil && ok && linked == k
	case !info.Mode().IsRegular() || info.Size() != k.Size:
		return false
	case info.ModTime().Truncate(time.Second).Equal(made.Truncate(time.Second)):
		return true
	}
	blob, err := d.files.Lstat(k.stored())
	return err == nil && os.SameFile(blob, info)
}

var storedPath = regexp.MustCompile(`/([0-9a-f]{2})/([0-9a-f]{62})/(0|[1-9][0-9]{0,18})\.blob$`)

// keyOfLink returns the stored file that a symbolic link leads to, if it is one,
// by whatever way it leads there.
func keyOfLink(target string) (Key, bool) {
	return keyOfPath("/" + path.Clean(filepath.ToSlash(target)))
}

// keyOfPath returns the key of a path that ends like that of a stored file.
func keyOfPath(name string) (Key, bool) {
	m := storedPath.FindStringSubmatch(name)
	if m == nil {
		return Key{}, false
	}
	size, err := strconv.ParseInt(m[3], 10, 64)
	return Key{m[1] + m[2], size}, err == nil
}

// checkoutMissing says which files a checkout cannot have.
func checkoutMissing(files []File) error {
	const shown = 5
	var names []string
	for _, f := range files[:min(len(files), shown)] {
		names = append(names, strconv.Quote(clip(f.Path)))
	}
	more := ""
	if len(files) > shown {
		more = " and " + strconv.Itoa(len(files)-shown) + " more"
	}
	return farm.Errorf(farm.Missing, "files of this checkout are not stored: %s%s. Ask for the requirements, upload what is missing, and try again", strings.Join(names, ", "), more)
}
