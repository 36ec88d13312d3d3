package picture

import (
	"encoding/binary"
	"errors"
	"io"

	"renderfarm/farm"
)

// Tags of a TIFF directory that say where pixel data lies, and its numeric
// field types. (TIFF revision 6.0, sections 2, 8 and 15.)
const (
	tagStripOffsets    = 273
	tagStripByteCounts = 279
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
)

// tiffSizes are the bytes per value of each field type.
var tiffSizes = [...]uint64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

// Bounds that no rendered image reaches: images in one file, and strips or
// tiles in one image.
const (
	maxDirectories = 1 << 10
	maxStrips      = 1 << 20
)

// checkTIFF verifies that everything a TIFF's directories point to lies inside
// the file. Decoding alone would not notice the loss of what it does not read.
func checkTIFF(r io.ReaderAt, size int64) error {
	t := &tiffFile{r: r, size: uint64(size)}
	head, err := t.bytes(0, 8)
	if err != nil {
		return err
	}
	t.order = binary.LittleEndian
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	at := uint64(t.order.Uint32(head[4:]))
	if at == 0 {
		return farm.Errorf(farm.Invalid, "the tiff image has no directory: it was not finished")
	}
	for range maxDirectories {
		if at, err = t.directory(at); err != nil || at == 0 {
			return err
		}
	}
	return farm.Errorf(farm.Invalid, "the tiff image is damaged: its directories do not end")
}

type tiffFile struct {
	r     io.ReaderAt
	size  uint64
	order binary.ByteOrder
}

// bytes reads n bytes at an offset; both may be hostile.
func (t *tiffFile) bytes(at, n uint64) ([]byte, error) {
	if at > t.size || n > t.size-at {
		return nil, farm.Errorf(farm.Invalid, "the tiff image is cut short: it ends at byte %d and refers to byte %d", t.size, at+n)
	}
	b := make([]byte, n)
	_, err := t.r.ReadAt(b, int64(at))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // another program shortened it meanwhile
	}
	return b, err
}

// directory checks one directory and returns the offset of the next, 0 for none.
func (t *tiffFile) directory(at uint64) (uint64, error) {
	head, err := t.bytes(at, 2)
	if err != nil {
		return 0, err
	}
	entries := uint64(t.order.Uint16(head))
	body, err := t.bytes(at+2, 12*entries+4)
	if err != nil {
		return 0, err
	}
	var offsets, counts []uint64
	for e := body[:12*entries]; len(e) > 0; e = e[12:] {
		values, err := t.field(e[:12])
		if err != nil {
			return 0, err
		}
		switch t.order.Uint16(e) {
		case tagStripOffsets, tagTileOffsets:
			offsets = values
		case tagStripByteCounts, tagTileByteCounts:
			counts = values
		}
	}
	for i := range min(len(offsets), len(counts)) {
		if end := offsets[i] + counts[i]; end > t.size {
			return 0, farm.Errorf(farm.Invalid, "the tiff image is cut short: it ends at byte %d and its pixels at byte %d", t.size, end)
		}
	}
	return uint64(t.order.Uint32(body[12*entries:])), nil
}

// field checks that an entry's values lie inside the file, and returns them if
// they are positions or sizes of pixel data.
func (t *tiffFile) field(e []byte) ([]uint64, error) {
	tag, kind, n := t.order.Uint16(e), t.order.Uint16(e[2:]), uint64(t.order.Uint32(e[4:]))
	if int(kind) >= len(tiffSizes) {
		return nil, nil // a type of the future: readers skip it
	}
	width := tiffSizes[kind]
	data, at := e[8:12], uint64(t.order.Uint32(e[8:]))
	if n*width > 4 && (at > t.size || n*width > t.size-at) {
		return nil, farm.Errorf(farm.Invalid, "the tiff image is cut short: it ends at byte %d and refers to byte %d", t.size, at+n*width)
	}
	switch tag {
	case tagStripOffsets, tagStripByteCounts, tagTileOffsets, tagTileByteCounts:
	default:
		return nil, nil
	}
	if width != 2 && width != 4 || n > maxStrips {
		return nil, farm.Errorf(farm.Invalid, "the tiff image is damaged: its table of pixel data makes no sense")
	}
	if n*width > 4 {
		var err error
		if data, err = t.bytes(at, n*width); err != nil {
			return nil, err
		}
	}
	values := make([]uint64, n)
	for i := range values {
		if width == 2 {
			values[i] = uint64(t.order.Uint16(data[2*i:]))
		} else {
			values[i] = uint64(t.order.Uint32(data[4*i:]))
		}
	}
	return values, nil
}
