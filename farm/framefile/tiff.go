package framefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Tags of a TIFF directory that say where pixel data lies, and its numeric
// field types. (TIFF revision 6.0, sections 2, 8 and 15.)
const (
	tagWidth           = 256
	tagHeight          = 257
	tagBits            = 258
	tagCompression     = 259
	tagStripOffsets    = 273
	tagSamples         = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanar          = 284
	tagPredictor       = 317
	tagTileWidth       = 322
	tagTileHeight      = 323
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
// the file, and decodes the strips or tiles of each image, one after the other:
// each has to give as many bytes as its size says.
func checkTIFF(s source) (Image, error) {
	t := &tiffFile{source: s, order: binary.LittleEndian}
	head, err := t.bytes(0, 8)
	if err != nil {
		return Image{}, err
	}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	at := uint64(t.order.Uint32(head[4:]))
	if at == 0 {
		return Image{}, errors.New("it has no directory: it was not finished")
	}
	m := Image{Proof: Checksummed, Flat: true}
	for n := range maxDirectories {
		var d *tiffImage
		if d, at, err = t.directory(at); err != nil {
			return m, err
		}
		if n == 0 {
			m.Width, m.Height = int(d.width), int(d.height)
		}
		proof, flat, err := d.pixels(s)
		m.Proof, m.Flat = min(m.Proof, proof), m.Flat && flat
		if err != nil || at == 0 {
			return m, err
		}
	}
	return m, errors.New("its directories do not end")
}

type tiffFile struct {
	source
	order binary.ByteOrder
}

// bytes reads n bytes at an offset; both may be hostile.
func (t *tiffFile) bytes(at, n uint64) ([]byte, error) {
	if size := uint64(t.size); at > size || n > size-at {
		return nil, cutShort(t.source, int64(at+n))
	}
	b := make([]byte, n)
	_, err := t.ReadAt(b, int64(at))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // another program shortened it meanwhile
	}
	return b, err
}

// directory reads one directory and returns the offset of the next, 0 for none.
func (t *tiffFile) directory(at uint64) (*tiffImage, uint64, error) {
	head, err := t.bytes(at, 2)
	if err != nil {
		return nil, 0, err
	}
	entries := uint64(t.order.Uint16(head))
	body, err := t.bytes(at+2, 12*entries+4)
	if err != nil {
		return nil, 0, err
	}
	d := &tiffImage{compression: 1, samples: 1, bits: 1, planar: 1, predictor: 1}
	for e := body[:12*entries]; len(e) > 0; e = e[12:] {
		values, err := t.field(e[:12])
		if err != nil {
			return nil, 0, err
		}
		if len(values) > 0 {
			d.set(t.order.Uint16(e), values)
		}
	}
	for i := range min(len(d.offsets), len(d.counts)) {
		if end := d.offsets[i] + d.counts[i]; end > uint64(t.size) {
			return nil, 0, cutShort(t.source, int64(end))
		}
	}
	return d, uint64(t.order.Uint32(body[12*entries:])), nil
}

// field checks that an entry's values lie inside the file, and returns them if
// they say something about pixel data.
func (t *tiffFile) field(e []byte) ([]uint64, error) {
	tag, kind, n := t.order.Uint16(e), t.order.Uint16(e[2:]), uint64(t.order.Uint32(e[4:]))
	if int(kind) >= len(tiffSizes) {
		return nil, nil // a type of the future: readers skip it
	}
	width := tiffSizes[kind]
	data, at := e[8:12], uint64(t.order.Uint32(e[8:]))
	if size := uint64(t.size); n*width > 4 && (at > size || n*width > size-at) {
		return nil, cutShort(t.source, int64(at+n*width))
	}
	if !tiffWanted(tag) {
		return nil, nil
	}
	if width != 2 && width != 4 || n > maxStrips {
		return nil, fmt.Errorf("field %d of its directory is invalid", tag)
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
