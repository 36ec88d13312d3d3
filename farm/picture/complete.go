package picture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/exr"
)

// maxCheckPixels bounds the JPEG and TIFF images that Complete decodes, which
// takes up to 8 bytes per pixel. Of larger ones it reads the header only. PNG
// needs no bound: it is checked without holding the image.
const maxCheckPixels = 1 << 27

// Complete reads an image file back and returns nil if it is whole: every byte
// is there, checksums agree, and a PNG or JPEG ends with its end marker. Of an
// OpenEXR image every block has to be there, whatever is in it. Of formats it
// cannot read it returns nil unless the file is empty.
// A file that is not there gives an error that matches fs.ErrNotExist.
func Complete(path string) error {
	info, err := os.Stat(path) // before opening: that of a named pipe could wait for ever
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return farm.Errorf(farm.Invalid, "%s is not a file", path)
	case info.Size() == 0:
		return farm.Errorf(farm.Invalid, "the file is empty: is the disk full?")
	}

	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, magicLen)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(head[:min(n, len(exr.Magic))]) == exr.Magic {
		return exr.Complete(file, info.Size())
	}
	f := formatOf(head[:n])
	if f == nil {
		if strings.EqualFold(filepath.Ext(path), ".exr") {
			return farm.Errorf(farm.Invalid, "the file is not an OpenEXR image: its beginning is missing or damaged")
		}
		// The content is of no known format, yet the name may promise one:
		// then the beginning is missing, as when the disk lost a block.
		if want := formatNamed(path); want != nil {
			return farm.Errorf(farm.Invalid, "the file is not a %s image: its beginning is missing or damaged", want.name)
		}
		return nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewind image: %w", err)
	}
	switch f.name {
	case "png":
		return checkPNG(file)
	case "tiff":
		if err := checkTIFF(file, info.Size()); err != nil {
			return err
		}
	}
	switch _, err := f.read(file, maxCheckPixels); farm.KindOf(err) {
	case farm.Unsupported, farm.TooLarge:
		return nil // the header is whole, and no more can be said
	default:
		return err
	}
}
