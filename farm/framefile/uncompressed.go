package framefile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxSide bounds the width and the height that a header may claim.
const maxSide = 1 << 24

func checkSides(width, height int64) error {
	if width <= 0 || height <= 0 || width > maxSide || height > maxSide {
		return fmt.Errorf("its header says that it is %d by %d pixels", width, height)
	}
	return nil
}

// checkPixels checks uncompressed pixels: height rows of size bytes from the
// offset on, and nothing missing.
func checkPixels(s source, offset, size, height int64, pixel int) (flat bool, err error) {
	if end := offset + size*height; end > s.size {
		return false, cutShort(s, end)
	}
	r := newRows(int(size), pixel, false)
	err = copyRows(r, s.from(offset), size*height)
	return r.flat(), err
}

// checkBMP checks a Windows bitmap. (Microsoft, "Bitmap Storage".)
func checkBMP(s source) (Image, error) {
	h := s.head(0, 54)
	if len(h) < 54 {
		return Image{}, cutShort(s, 54)
	}
	le := binary.LittleEndian
	size, offset := int64(le.Uint32(h[2:])), int64(le.Uint32(h[10:]))
	width, height := int64(int32(le.Uint32(h[18:]))), int64(int32(le.Uint32(h[22:])))
	bits, compression := int64(le.Uint16(h[28:])), le.Uint32(h[30:])
	if height < 0 { // the rows are from top to bottom
		height = -height
	}
	m := Image{Width: int(width), Height: int(height), Proof: Measured}
	if err := checkSides(width, height); err != nil {
		return m, err
	}
	if compression != 0 && compression != 3 { // not RGB, nor RGB by bit masks
		if size > s.size {
			return m, cutShort(s, size)
		}
		return m, nil
	}
	// The size in the header says nothing here: Blender writes that of an image with
	// four channels when it saves three.
	if bits == 0 || bits > 32 {
		return m, fmt.Errorf("its header says %d bits a pixel", bits)
	}
	pixel := int(bits / 8)
	row := (width*bits + 31) / 32 * 4
	if row != width*int64(pixel) {
		pixel = 0 // the padding at the end of a row is not a pixel
	}
	var err error
	m.Flat, err = checkPixels(s, offset, row, height, pixel)
	return m, err
}

// checkDPX checks a file of the Digital Picture Exchange format. (SMPTE 268M.)
func checkDPX(s source) (Image, error) {
	h := s.head(0, 812)
	if len(h) < 812 {
		return Image{}, cutShort(s, 2048)
	}
	order := binary.ByteOrder(binary.BigEndian)
	if h[0] == 'X' {
		order = binary.LittleEndian
	}
	m := Image{Width: int(order.Uint32(h[772:])), Height: int(order.Uint32(h[776:])), Proof: Measured}
	if err := checkSides(int64(m.Width), int64(m.Height)); err != nil {
		return m, err
	}
	// The first image element: what it shows, bits, packing, encoding, where it begins.
	channels := dpxChannels[h[800]]
	bits, packing, encoding := int64(h[803]), order.Uint16(h[804:]), order.Uint16(h[806:])
	offset := int64(order.Uint32(h[808:]))
	if offset == 0 || offset == 0xffffffff {
		offset = int64(order.Uint32(h[4:]))
	}
	if size := order.Uint32(h[16:]); size != 0xffffffff && int64(size) > s.size {
		return m, cutShort(s, int64(size))
	}
	if encoding != 0 || channels == 0 {
		return m, nil
	}
	row := filmRow(int64(m.Width)*channels, bits, packing)
	if least := int64(m.Width) * channels; bits == 8 && offset+row*int64(m.Height) > s.size {
		row = least // Blender since 4.x does not pad the rows of this kind
	}
	if row == 0 {
		return m, fmt.Errorf("its header says %d bits a value", bits)
	}
	pixel := 0
	if bits == 8 || bits == 16 {
		pixel = int(channels * bits / 8)
		if int64(m.Width)*int64(pixel) != row {
			pixel = 0
		}
	}
	var err error
	m.Flat, err = checkPixels(s, offset, row, int64(m.Height), pixel)
	return m, err
}

// dpxChannels is how many values a pixel has, by the descriptor of the element.
var dpxChannels = map[byte]int64{1: 1, 2: 1, 3: 1, 4: 1, 6: 1, 50: 3, 51: 4, 52: 4, 100: 2, 101: 3, 102: 3, 103: 4}

// filmRow returns the bytes of a row of DPX or Cineon: rows are padded to 32
// bits, and 10 bits are packed by three into 32 when packing says so.
func filmRow(values, bits int64, packing uint16) int64 {
	switch {
	case bits == 10 && packing != 0:
		return (values + 2) / 3 * 4
	case bits == 12 && packing != 0:
		return (values*16 + 31) / 32 * 4
	case bits == 8, bits == 10, bits == 12, bits == 16, bits == 32, bits == 64:
		return (values*bits + 31) / 32 * 4
	}
	return 0
}

// checkCineon checks a Cineon file. (Kodak, "Cineon Image File Format Draft", 4.5.)
func checkCineon(s source) (Image, error) {
	h := s.head(0, 212)
	if len(h) < 212 {
		return Image{}, cutShort(s, 2048)
	}
	order := binary.ByteOrder(binary.BigEndian)
	if h[0] == 0xd7 {
		order = binary.LittleEndian
	}
	channels := int64(h[193])
	m := Image{Width: int(order.Uint32(h[200:])), Height: int(order.Uint32(h[204:])), Proof: Measured}
	if err := checkSides(int64(m.Width), int64(m.Height)); err != nil {
		return m, err
	}
	if channels == 0 || channels > 8 {
		return m, errors.New("its header does not say what a pixel has")
	}
	if size := int64(order.Uint32(h[20:])); size > s.size {
		return m, cutShort(s, size)
	}
	row := filmRow(int64(m.Width)*channels, int64(h[198]), 1)
	var err error
	m.Flat, err = checkPixels(s, int64(order.Uint32(h[4:])), row, int64(m.Height), 0)
	return m, err
}
