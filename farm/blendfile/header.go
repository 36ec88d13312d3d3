package blendfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"renderfarm/farm"
)

// Check finds out, without Blender, whether the file can be a .blend at all: it
// begins with "BLENDER" and a version, or is compressed in either of Blender's
// ways. Kinds of errors: NotFound, Invalid.
func Check(file string) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return farm.Errorf(farm.NotFound, "there is no file %s: check the path", file)
	}
	if err != nil {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w", file, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return farm.Errorf(farm.Invalid, "%s is a folder or a device: name a .blend file", file)
	}
	head := make([]byte, 7)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w", file, err)
	}
	if n == 0 {
		return farm.Errorf(farm.Invalid, "%s is empty: save it again in Blender, or take a backup (.blend1)", file)
	}
	for _, magic := range []string{"BLENDER", "\x28\xb5\x2f\xfd", "\x1f\x8b"} { // plain, zstd, gzip
		if bytes.HasPrefix(head[:n], []byte(magic)) {
			return nil
		}
	}
	return farm.Errorf(farm.Invalid, "%s is not a Blender file: its first bytes are %.7q", file, head[:n])
}

// Version returns the version of the Blender that saved the file, such as 5, 2.
// No Blender is needed: it is in the first bytes, compressed or not. Kinds of
// errors: NotFound, Invalid; a file in a form that this program does not know is
// Invalid too.
func Version(ctx context.Context, file string) (version [2]int, err error) {
	if err := Check(file); err != nil {
		return version, err
	}
	b, err := openBlocks(ctx, file)
	if err != nil {
		return version, err
	}
	defer b.end()
	return b.header.version, nil
}
