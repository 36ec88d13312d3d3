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
// place where none is yet.
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

// copyFile makes dest a copy of src. If it cannot, dest does not exist.
func copyFile(ctx context.Context, src, dest string) (err error) {
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
	to, err := os.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if errors.Is(err, fs.ErrExist) {
		return farm.Errorf(farm.Conflict, "copy-file: %q exists already, and is left as it is", dest)
	}
	if err != nil {
		return fmt.Errorf("copy-file: %w", err)
	}
	_, err = io.Copy(to, untilDone{ctx, from})
	if err = errors.Join(err, to.Close()); err != nil {
		os.Remove(dest)
		return fmt.Errorf("copy-file: %w", err)
	}
	return nil
}

// untilDone is a reader that fails once its context is canceled.
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
