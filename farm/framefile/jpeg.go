package framefile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
)

// checkJPEG checks a JPEG. The entropy-coded data of a sequential one, which is
// what renderers write, is decoded down to the coefficients of every block
// without keeping them: there have to be exactly as many blocks as the header
// promises, and nothing may be left between the last one and the end marker.
// A progressive one is decoded as a whole. (ITU-T T.81.)
func checkJPEG(s source) (Image, error) {
	j := &jpegReader{in: s.from(2), flat: true}
	m := Image{Proof: Decoded}
	for {
		marker, err := j.marker()
		if err != nil {
			return m, err
		}
		if marker == 0xd9 { // end of image
			if j.scans == 0 {
				return m, errors.New("it has no pixel data")
			}
			m.Width, m.Height, m.Flat = j.width, j.height, j.flat && !j.progressive
			return m, nil
		}
		if err := j.segment(marker); err != nil {
			return m, err
		}
		m.Width, m.Height = j.width, j.height
		if j.progressive {
			return checkProgressive(s, m)
		}
	}
}

// checkProgressive decodes an image whose pixels are spread over several scans.
func checkProgressive(s source, m Image) (Image, error) {
	if int64(m.Width)*int64(m.Height) > maxDecoded {
		m.Proof = Measured
		return m, endsWith(s, "\xff\xd9")
	}
	_, err := jpeg.Decode(s.from(0))
	return m, err
}

func endsWith(s source, end string) error {
	if string(s.head(s.size-int64(len(end)), len(end))) != end {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// A component is one of the colours of a JPEG.
type component struct {
	id     byte
	h, v   int // blocks across and down in a unit of all components
	dc, ac *huffman
	begun  bool // its first block is read
}

type jpegReader struct {
	in            *bufio.Reader
	width, height int
	components    []component
	tables        [2][4]*huffman // of differences (DC) and of coefficients (AC)
	restart       int            // units between restart markers; 0 for none
	progressive   bool
	scans         int
	flat          bool // no block differs from the one before, and none has any detail

	bits  uint32 // read from the data and not used yet, the next ones high
	have  int    // how many
	ended byte   // the marker that ended the data, 0 for none so far
}

// marker reads up to the next marker and returns its second byte.
func (j *jpegReader) marker() (byte, error) {
	if m := j.ended; m != 0 {
		j.ended = 0
		return m, nil
	}
	b, err := j.in.ReadByte()
	if err == nil && b != 0xff {
		return 0, errors.New("there is data where a marker should be")
	}
	for b == 0xff && err == nil { // any number of them may precede it
		b, err = j.in.ReadByte()
	}
	return b, err
}

// segment reads what belongs to a marker.
func (j *jpegReader) segment(marker byte) error {
	if marker >= 0xd0 && marker <= 0xd8 || marker == 0x01 || marker == 0 {
		return fmt.Errorf("marker %#x is out of place", marker)
	}
	var size [2]byte
	if _, err := io.ReadFull(j.in, size[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(size[:])) - 2
	if n < 0 {
		return errors.New("a segment has no length")
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(j.in, data); err != nil {
		return err
	}
	switch marker {
	case 0xc0, 0xc1:
		return j.frame(data)
	case 0xc2:
		j.progressive = true
		return j.frame(data)
	case 0xc4:
		return j.huffmanTables(data)
	case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf:
		return fmt.Errorf("its coding (%#x) is not used by renderers", marker)
	case 0xdd:
		if n < 2 {
			return errors.New("its restart interval is missing")
		}
		j.restart = int(binary.BigEndian.Uint16(data))
	case 0xda:
		return j.scan(data)
	}
	return nil
}

// frame reads the size and the components.
func (j *jpegReader) frame(data []byte) error {
	if len(data) < 6 || len(data) < 6+3*int(data[5]) || j.components != nil {
		return errors.New("its frame header is invalid")
	}
	j.height, j.width = int(binary.BigEndian.Uint16(data[1:])), int(binary.BigEndian.Uint16(data[3:]))
	for c := data[6:]; len(j.components) < int(data[5]); c = c[3:] {
		k := component{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15)}
		if k.h < 1 || k.h > 4 || k.v < 1 || k.v > 4 {
			return errors.New("its frame header is invalid")
		}
		j.components = append(j.components, k)
	}
	if len(j.components) == 0 {
		return errors.New("its frame header is invalid")
	}
	return checkSides(int64(j.width), int64(j.height))
}

// scan reads the header of a scan, and its data.
func (j *jpegReader) scan(data []byte) error {
	if len(data) < 1 || len(data) < 4+2*int(data[0]) || data[0] == 0 || j.components == nil {
		return errors.New("the header of its pixel data is invalid")
	}
	var list []*component
	for c := data[1:]; len(list) < int(data[0]); c = c[2:] {
		k := j.component(c[0])
		if k == nil || c[1]>>4 > 3 || c[1]&15 > 3 {
			return errors.New("the header of its pixel data is invalid")
		}
		if k.dc, k.ac = j.tables[0][c[1]>>4], j.tables[1][c[1]&15]; k.dc == nil || k.ac == nil {
			return errors.New("a table for its pixel data is missing")
		}
		list = append(list, k)
	}
	j.scans++
	return j.units(list)
}

func (j *jpegReader) component(id byte) *component {
	for i := range j.components {
		if j.components[i].id == id {
			return &j.components[i]
		}
	}
	return nil
}

// units decodes the blocks of a scan, unit by unit, and leaves the reader at the
// marker behind them.
func (j *jpegReader) units(list []*component) error {
	across, down := j.unitSize(list)
	n := ((j.width + across - 1) / across) * ((j.height + down - 1) / down)
	next := byte(0xd0)
	for u := range n {
		if j.restart > 0 && u > 0 && u%j.restart == 0 {
			if err := j.end(next); err != nil {
				return err
			}
			j.ended = 0
			next = 0xd0 + (next+1)&7
		}
		for _, k := range list {
			blocks := k.h * k.v
			if len(list) == 1 {
				blocks = 1 // alone, a component is stored block by block
			}
			for range blocks {
				if err := j.block(k); err != nil {
					return err
				}
			}
		}
	}
	return j.end(0)
}

// unitSize returns how many pixels of the image a unit covers.
func (j *jpegReader) unitSize(list []*component) (across, down int) {
	h, v := 1, 1
	for _, k := range j.components {
		h, v = max(h, k.h), max(v, k.v)
	}
	if len(list) > 1 {
		return 8 * h, 8 * v
	}
	return 8 * h / list[0].h, 8 * v / list[0].v
}

// block decodes one block of 64 coefficients.
func (j *jpegReader) block(k *component) error {
	size, err := j.symbol(k.dc)
	if err != nil {
		return err
	}
	if size > 16 {
		return errors.New("its pixel data has an impossible value")
	}
	if size > 0 && k.begun {
		j.flat = false
	}
	k.begun = true
	if err := j.skip(int(size)); err != nil {
		return err
	}
	for i := 1; i < 64; {
		s, err := j.symbol(k.ac)
		if err != nil {
			return err
		}
		run, size := int(s>>4), int(s&15)
		switch {
		case size > 0:
			i += run + 1
			j.flat = false
		case run == 15:
			i += 16
		case run == 0:
			return nil // nothing but zeros follows
		default:
			return errors.New("its pixel data has an impossible value")
		}
		if i > 64 {
			return errors.New("its pixel data has more values than a block can have")
		}
		if err := j.skip(size); err != nil {
			return err
		}
	}
	return nil
}
