package framefile

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"golang.org/x/image/tiff/lzw"
)

// A tiffImage is what a directory says about one image.
type tiffImage struct {
	width, height, bits, samples     uint64
	compression, planar, predictor   uint64
	stripRows, tileWidth, tileHeight uint64 // tileWidth is 0 for strips
	offsets, counts                  []uint64
}

func tiffWanted(tag uint16) bool {
	switch tag {
	case tagWidth, tagHeight, tagBits, tagCompression, tagStripOffsets, tagSamples, tagRowsPerStrip, tagStripByteCounts,
		tagPlanar, tagPredictor, tagTileWidth, tagTileHeight, tagTileOffsets, tagTileByteCounts:
		return true
	}
	return false
}

// set notes a field; values has one value at least.
func (d *tiffImage) set(tag uint16, values []uint64) {
	switch tag {
	case tagStripOffsets, tagTileOffsets:
		d.offsets = values
	case tagStripByteCounts, tagTileByteCounts:
		d.counts = values
	}
	one := map[uint16]*uint64{tagWidth: &d.width, tagHeight: &d.height, tagBits: &d.bits, tagCompression: &d.compression,
		tagSamples: &d.samples, tagRowsPerStrip: &d.stripRows, tagPlanar: &d.planar, tagPredictor: &d.predictor,
		tagTileWidth: &d.tileWidth, tagTileHeight: &d.tileHeight}
	if p := one[tag]; p != nil {
		*p = values[0]
	}
}

// The ways of compression that are decoded. (TIFF 6.0 and its supplements.)
const (
	tiffNone       = 1
	tiffLZW        = 5
	tiffDeflate    = 8
	tiffPackBits   = 32773
	tiffOldDeflate = 32946
)

// pixels decodes all strips or tiles.
func (d *tiffImage) pixels(s source) (Proof, bool, error) {
	if err := checkSides(int64(d.width), int64(d.height)); err != nil {
		return Measured, false, err
	}
	if len(d.offsets) == 0 || len(d.offsets) != len(d.counts) {
		return Measured, false, errors.New("it does not say where its pixels are")
	}
	if d.bits == 0 || d.bits > 64 || d.samples == 0 || d.samples > 1<<10 {
		return Measured, false, errors.New("it does not say what a pixel has")
	}
	proof := Measured
	switch d.compression {
	case tiffNone:
	case tiffDeflate, tiffOldDeflate:
		proof = Checksummed
	case tiffLZW, tiffPackBits:
		proof = Decoded
	default:
		return Measured, false, nil
	}
	row, heights, err := d.layout()
	if err != nil {
		return Measured, false, err
	}
	// Rows of strips are rows of the image, which go through one comparison.
	r := newRows(int(row), d.pixelSize(), d.predictor == 2)
	for i := range d.offsets {
		if err := d.unpack(s, i, r, int64(row*heights(i))); err != nil {
			return proof, false, err
		}
	}
	return proof, r.flat(), nil
}

// pixelSize is how many bytes a pixel has, 0 if they cannot be compared.
func (d *tiffImage) pixelSize() int {
	samples := d.samples
	if d.planar == 2 {
		samples = 1
	}
	if d.bits%8 != 0 || d.predictor > 2 || d.tileWidth > 0 || d.planar == 2 {
		return 0
	}
	return int(samples * d.bits / 8)
}

// layout returns the bytes of a row, and how many rows strip or tile i has.
func (d *tiffImage) layout() (row uint64, heights func(i int) uint64, err error) {
	samples, planes := d.samples, uint64(1)
	if d.planar == 2 {
		samples, planes = 1, d.samples
	}
	if d.tileWidth > 0 {
		if d.tileWidth > maxSide || d.tileHeight == 0 || d.tileHeight > maxSide {
			return 0, nil, errors.New("the size of its tiles is invalid")
		}
		across, down := (d.width+d.tileWidth-1)/d.tileWidth, (d.height+d.tileHeight-1)/d.tileHeight
		if uint64(len(d.offsets)) != across*down*planes {
			return 0, nil, fmt.Errorf("it has %d tiles and should have %d", len(d.offsets), across*down*planes)
		}
		return (d.tileWidth*samples*d.bits + 7) / 8, func(int) uint64 { return d.tileHeight }, nil
	}
	if d.stripRows == 0 || d.stripRows > d.height {
		d.stripRows = d.height
	}
	strips := (d.height + d.stripRows - 1) / d.stripRows
	if uint64(len(d.offsets)) != strips*planes {
		return 0, nil, fmt.Errorf("it has %d strips and should have %d", len(d.offsets), strips*planes)
	}
	return (d.width*samples*d.bits + 7) / 8, func(i int) uint64 {
		return min(d.stripRows, d.height-uint64(i)%strips*d.stripRows)
	}, nil
}

// unpack decodes strip or tile i, which has to give want bytes.
func (d *tiffImage) unpack(s source, i int, to *rows, want int64) error {
	var from io.Reader = bufio.NewReader(io.NewSectionReader(s, int64(d.offsets[i]), int64(d.counts[i])))
	switch d.compression {
	case tiffLZW:
		z := lzw.NewReader(from, lzw.MSB, 8)
		defer z.Close()
		from = z
	case tiffDeflate, tiffOldDeflate:
		z, err := zlib.NewReader(from)
		if err != nil {
			return err
		}
		defer z.Close()
		from = z
	case tiffPackBits:
		return unpackBits(from.(*bufio.Reader), to, want)
	}
	if err := copyRows(to, from, want); err != nil {
		return err
	}
	if d.compression == tiffNone {
		return nil
	}
	// Reading to the end compares the checksum.
	if n, err := io.Copy(io.Discard, io.LimitReader(from, 1)); n > 0 || err != nil {
		return errors.Join(errors.New("its pixels are more than its size says"), err)
	}
	return nil
}

// unpackBits decodes runs of bytes: a count of bytes as they are, or a negative
// count of how often the next one is repeated.
func unpackBits(from *bufio.Reader, to *rows, want int64) error {
	b := make([]byte, 128)
	for want > 0 {
		c, err := from.ReadByte()
		if err != nil {
			return err
		}
		n := int(int8(c))
		switch {
		case n == -128:
			continue
		case n >= 0:
			n++
			if _, err := io.ReadFull(from, b[:n]); err != nil {
				return err
			}
		default:
			n = 1 - n
			v, err := from.ReadByte()
			if err != nil {
				return err
			}
			for i := range b[:n] {
				b[i] = v
			}
		}
		if want -= int64(n); want < 0 {
			return errors.New("its pixels are more than its size says")
		}
		to.Write(b[:n])
	}
	return nil
}
