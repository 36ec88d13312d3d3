package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"renderfarm/farm"
)

// prepareCopyFile reads the parameters of copy-file, which copies one file to a
// place where none is yet:
//
//	src   absolute path of an existing file
//	dest  absolute path at which nothing is; folders above it are made
func prepareCopyFile(c farm.Command) (action, error) {
	p := params{Command: c}
	src, dest := p.required("src"), p.required("dest")
	for _, place := range []struct{ name, path string }{{"src", src}, {"dest", dest}} {
		if place.path != "" && !filepath.IsAbs(place.path) {
			p.fail(place.name, "is %q, and should be an absolute path", place.path)
		}
	}
	return func(ctx context.Context, r *run) error {
		r.Log("copy-file: copying %q to %q", src, dest)
		return copyFile(ctx, src, dest)
	}, p.err
}

// copyFile makes dest a copy of src, with its permissions. The copy is made
// under another name and gets its own once it is whole and on the disk: if the
// worker is killed meanwhile the task can run again, which an existing dest
// would not allow.
func copyFile(ctx context.Context, src, dest string) error {
	info, err := os.Stat(src)
	if err != nil {
		return farm.Errorf(farm.NotFound, "copy-file: %q cannot be copied: %w", src, err)
	}
	if !info.Mode().IsRegular() {
		return farm.Errorf(farm.Invalid, "copy-file: %q is not a file", src)
	}
	from, err := os.Open(src)
	if err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	defer from.Close()
	if err := os.MkdirAll(filepath.Dir(dest), 0o750); err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	if _, err := os.Lstat(dest); err == nil { // said before hours of copying
		return destExists(dest)
	}
	to, err := os.CreateTemp(filepath.Dir(dest), filepath.Base(dest)+".*.copying")
	if err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	defer os.Remove(to.Name()) // nothing is there any more if all went well
	_, err = io.Copy(to, untilDone{ctx, from})
	if err = errors.Join(err, to.Chmod(info.Mode().Perm()), to.Sync(), to.Close()); err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	return giveName(to.Name(), dest)
}

// giveName renames a file unless dest exists. A hard link cannot replace
// anything, not even what appeared this moment; file systems without links
// (FAT, some network shares) get a rename, with a look before it.
func giveName(path, dest string) error {
	err := os.Link(path, dest)
	if err == nil {
		return nil
	}
	if _, there := os.Lstat(dest); there == nil || errors.Is(err, fs.ErrExist) {
		return destExists(dest)
	}
	if err := os.Rename(path, dest); err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	return nil
}

func destExists(dest string) error {
	return farm.Errorf(farm.Conflict, "copy-file: %q exists already, and is left as it is", dest)
}

// untilDone is a reader that fails once its context is canceled, with the cause.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(b)
}
