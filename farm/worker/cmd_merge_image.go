package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/farm/exr"
)

// prepareMergeImage reads the parameters of merge-image, which puts the parts
// of a still together:
//
//	parts   list of paths: OpenEXR images that say in their attribute Note which
//	        part they are; see parseNote
//	output  path of the OpenEXR image that is made; what is there is replaced,
//	        and folders above it are made
//
// It is done here and not in Blender, whose Python has no way to go over
// millions of values but one at a time.
func prepareMergeImage(c farm.Command) (action, error) {
	p := params{Command: c}
	output, parts := p.required("output"), p.list("parts")
	if len(parts) == 0 {
		p.fail("parts", "is empty: there is nothing to put together")
	}
	return func(ctx context.Context, r *run) error {
		r.Log("merge-image: putting %d parts together to %q", len(parts), output)
		if err := mergeImage(ctx, parts, output); err != nil {
			return err
		}
		permit(output, r.worker.options.FileMode, r.Log)
		return nil
	}, p.err
}

// mergeImage makes one image of parts. It is made under another name and gets
// its own once it is whole and on the disk.
func mergeImage(ctx context.Context, paths []string, output string) error {
	still, err := lookAt(paths)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(output), folderMode); err != nil {
		return fmt.Errorf("merge-image: %w", err)
	}
	// With the permissions that the umask leaves, which a temporary file would not have.
	to, err := os.OpenFile(output+"."+rand.Text()+".merging", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("merge-image: %w", err)
	}
	defer os.Remove(to.Name()) // nothing is there any more if all went well
	err = still.write(ctx, to)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return err
	}
	if err := os.Rename(to.Name(), output); err != nil {
		return fmt.Errorf("merge-image: %w", err)
	}
	return nil
}

// write writes all lines, from the top to the bottom. Of the parts only those
// are open that the line is made of.
func (s *still) write(ctx context.Context, to *os.File) error {
	w, err := exr.NewWriter(to, exr.Header{Width: s.Width, Height: s.Height, Channels: s.Channels})
	if err != nil {
		return fmt.Errorf("merge-image: %w", err)
	}
	for y := range s.grid.Y {
		if err := s.writeTiles(ctx, w, y); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("merge-image: %w", err)
	}
	return nil
}

// writeTiles writes the lines that the tiles beside each other in row y have.
func (s *still) writeTiles(ctx context.Context, w *exr.Writer, y int) (err error) {
	top, bottom := share(s.Height, y, s.grid.Y)
	parts := s.row(y)
	var readers []*exr.Reader
	defer func() {
		for _, r := range readers {
			err = errors.Join(err, r.Close())
		}
	}()
	for _, p := range parts {
		r, err := exr.Open(p.path)
		if err != nil {
			return p.wrong(err)
		}
		readers = append(readers, r)
		if err := r.Seek(top); err != nil {
			return p.wrong(err)
		}
	}
	m := merger{still: s, parts: parts, lines: make([][]byte, len(parts)), out: make([]byte, s.rowSize())}
	for range bottom - top {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for i, r := range readers {
			if m.lines[i], err = r.Line(); err != nil {
				return parts[i].wrong(err)
			}
		}
		m.merge()
		if err := w.Line(m.out); err != nil {
			return fmt.Errorf("merge-image: %w", err)
		}
	}
	return nil
}
