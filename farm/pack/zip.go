package pack

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// ToZip makes the zip file with all files. It must not exist. Kinds of errors:
// Conflict, Invalid.
func ToZip(ctx context.Context, p *blendfile.Pack, file string, tell Tell) (err error) {
	if err := free(file, false); err != nil {
		return err
	}
	part, err := createPart(file)
	if err != nil {
		return cannotWrite(file, err)
	}
	defer func() {
		if err != nil {
			part.Close()
			err = errors.Join(err, ignoreMissing(os.Remove(part.Name())))
		}
	}()
	m := newMeter(tell)
	w := zip.NewWriter(part)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for _, f := range p.Files {
		if err := m.copy(ctx, f, func(from io.Reader) (io.WriteCloser, error) { return entry(w, f, from) }); err != nil {
			return explain(ctx, file, err)
		}
	}
	m.end()
	if err := errors.Join(w.Close(), part.Sync(), part.Close()); err != nil {
		return cannotWrite(file, err)
	}
	return publish(part.Name(), file)
}

// createPart makes a file beside another that nobody else has. Unlike temporary
// files it is as open as any other file of this user.
func createPart(file string) (*os.File, error) {
	for n := 0; ; n++ {
		f, err := os.OpenFile(fmt.Sprintf("%s%s-%d-%d", file, partly, os.Getpid(), n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// entry begins a file in the zip.
func entry(w *zip.Writer, f blendfile.PackFile, from io.Reader) (io.WriteCloser, error) {
	h := &zip.FileHeader{Name: f.Target, Method: zip.Deflate}
	if file, ok := from.(*os.File); ok {
		if info, err := file.Stat(); err == nil {
			h.Modified = info.ModTime()
		}
	}
	if isCompressed(f.Target) {
		h.Method = zip.Store
	}
	to, err := w.CreateHeader(h)
	return nopCloser{to}, err
}

// A nopCloser is a writer that ends with something else.
type nopCloser struct{ io.Writer }

// Close does nothing.
func (nopCloser) Close() error { return nil }

// publish gives a file its name, unless somebody has taken it meanwhile.
func publish(part, file string) error {
	err := os.Link(part, file)
	switch {
	case err == nil:
		return os.Remove(part)
	case errors.Is(err, fs.ErrExist):
		return farm.Errorf(farm.Conflict, "%s was made by somebody else meanwhile, and nothing is overwritten: choose another name", file)
	}
	// Not every file system has hard links. The name was free a moment ago.
	if err := free(file, false); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return cannotWrite(file, err)
	}
	return nil
}

// ignoreMissing drops the error that there is no such file.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
