package framefile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// checkTarga checks a Truevision Targa image, which has no signature: the file's
// name said that it is one. (Truevision, "TGA File Format Specification 2.0".)
func checkTarga(s source) (Image, error) {
	h := s.head(0, 18)
	if len(h) < 18 {
		return Image{}, cutShort(s, 18)
	}
	le := binary.LittleEndian
	kind, bits := h[2], int(h[16])
	m := Image{Width: int(le.Uint16(h[12:])), Height: int(le.Uint16(h[14:])), Proof: Decoded}
	if err := checkSides(int64(m.Width), int64(m.Height)); err != nil {
		return m, err
	}
	switch kind &^ 8 {
	case 1, 2, 3:
	default:
		return m, fmt.Errorf("its header says that it is of kind %d", kind)
	}
	if bits != 8 && bits != 15 && bits != 16 && bits != 24 && bits != 32 {
		return m, fmt.Errorf("its header says %d bits a pixel", bits)
	}
	pixel := (bits + 7) / 8
	offset := 18 + int64(h[0])
	if h[1] == 1 { // a colour map: length and bits of an entry
		offset += int64(le.Uint16(h[5:])) * int64((h[7]+7)/8)
	}
	if kind&8 == 0 {
		var err error
		m.Proof = Measured
		m.Flat, err = checkPixels(s, offset, int64(m.Width*pixel), int64(m.Height), pixel)
		return m, err
	}
	r := newRows(m.Width*pixel, pixel, false)
	err := unpackTarga(s.from(offset), r, pixel, int64(m.Width)*int64(m.Height))
	m.Flat = r.flat()
	return m, err
}

// unpackTarga decodes packets of pixels: a byte with a count, and either one
// pixel to be repeated (high bit) or as many pixels as counted.
func unpackTarga(from *bufio.Reader, to *rows, pixel int, pixels int64) error {
	b := make([]byte, 128*pixel)
	for pixels > 0 {
		c, err := from.ReadByte()
		if err != nil {
			return err
		}
		n := int(c&0x7f) + 1
		if pixels -= int64(n); pixels < 0 {
			return errors.New("it has more pixels than its header says")
		}
		if c&0x80 == 0 {
			if _, err := io.ReadFull(from, b[:n*pixel]); err != nil {
				return err
			}
			to.Write(b[:n*pixel])
			continue
		}
		if _, err := io.ReadFull(from, b[:pixel]); err != nil {
			return err
		}
		for i := 1; i < n; i++ {
			copy(b[i*pixel:], b[:pixel])
		}
		to.Write(b[:n*pixel])
	}
	return nil
}

// checkHDR checks a Radiance image. (Ward, "Real Pixels", and the description of
// the file format in the documentation of Radiance.)
func checkHDR(s source) (Image, error) {
	in := s.from(0)
	width, height, err := hdrHeader(in)
	m := Image{Width: width, Height: height, Proof: Decoded}
	if err != nil {
		return m, err
	}
	if err := checkSides(int64(width), int64(height)); err != nil {
		return m, err
	}
	r := newRows(4*width, 4, false)
	r.anyRow = true // a row has its four components one after the other
	line := make([]byte, 4*width)
	flat := true
	for range height {
		if err := hdrLine(in, line, width); err != nil {
			return m, err
		}
		r.Write(line)
	}
	for c := range 4 {
		for _, v := range line[c*width : (c+1)*width] {
			flat = flat && v == line[c*width]
		}
	}
	m.Flat = flat && r.flat()
	if _, err := in.ReadByte(); err == nil {
		return m, errors.New("it continues after its last row")
	}
	return m, nil
}

// hdrHeader reads lines of text up to an empty one, and the size behind it.
func hdrHeader(in *bufio.Reader) (width, height int, err error) {
	for range 1000 {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if len(line) > 1 {
			continue
		}
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, 0, err
		}
		var y, x string
		if _, err := fmt.Sscanf(string(line), "%s %d %s %d", &y, &height, &x, &width); err != nil {
			return 0, 0, errors.New("its header does not say how large it is")
		}
		return width, height, nil
	}
	return 0, 0, errors.New("its header does not end")
}

// hdrLine reads one row: its four components one after the other, each in runs,
// or, for narrow and very wide images and old programs, pixels as they are.
func hdrLine(in *bufio.Reader, line []byte, width int) error {
	if _, err := io.ReadFull(in, line[:4]); err != nil {
		return err
	}
	if width < 8 || width > 0x7fff || line[0] != 2 || line[1] != 2 || line[2]&0x80 != 0 {
		_, err := io.ReadFull(in, line[4:])
		return err
	}
	if int(line[2])<<8|int(line[3]) != width {
		return errors.New("a row has another length than its header says")
	}
	for c := range 4 {
		for at, end := c*width, (c+1)*width; at < end; {
			n, err := in.ReadByte()
			if err != nil {
				return err
			}
			run := n > 128
			if run {
				n -= 128
			}
			if n == 0 || at+int(n) > end {
				return errors.New("a row has another length than its header says")
			}
			part := line[at : at+int(n)]
			at += int(n)
			if !run {
				if _, err := io.ReadFull(in, part); err != nil {
					return err
				}
				continue
			}
			v, err := in.ReadByte()
			if err != nil {
				return err
			}
			for i := range part {
				part[i] = v
			}
		}
	}
	return nil
}

// checkIris checks an SGI image. (Haeberli, "The SGI Image File Format", 1.0.)
func checkIris(s source) (Image, error) {
	h := s.head(0, 512)
	if len(h) < 512 {
		return Image{}, cutShort(s, 512)
	}
	be := binary.BigEndian
	width, height, planes := int64(be.Uint16(h[6:])), int64(be.Uint16(h[8:])), int64(be.Uint16(h[10:]))
	value := int64(h[3])
	m := Image{Width: int(width), Height: int(height), Proof: Measured}
	if be.Uint16(h[4:]) < 3 {
		planes = 1
	}
	if err := checkSides(width, height); err != nil {
		return m, err
	}
	if value != 1 && value != 2 || planes == 0 {
		return m, errors.New("its header does not say what a pixel has")
	}
	if h[2] == 0 {
		if end := 512 + width*height*planes*value; end > s.size {
			return m, cutShort(s, end)
		}
		return m, nil
	}
	m.Proof = Decoded
	return m, irisRows(s, width*value, height*planes, value)
}

// irisRows decodes the compressed rows, which a table locates.
func irisRows(s source, size, rows, value int64) error {
	table := s.head(512, int(8*rows))
	if int64(len(table)) < 8*rows {
		return cutShort(s, 512+8*rows)
	}
	for i := range rows {
		at := int64(binary.BigEndian.Uint32(table[4*i:]))
		n := int64(binary.BigEndian.Uint32(table[4*(rows+i):]))
		if at+n > s.size {
			return cutShort(s, at+n)
		}
		if n > 4*size+16 {
			return errors.New("a row has another length than its header says")
		}
		if err := irisRow(s.head(at, int(n)), size/value, value); err != nil {
			return err
		}
	}
	return nil
}

// irisRow counts the values of one row: a count, with the high bit for values
// as they are, else one value to be repeated; a count of 0 ends the row.
func irisRow(b []byte, values, value int64) error {
	for int64(len(b)) >= value {
		c := b[value-1]
		b = b[value:]
		n := int64(c & 0x7f)
		if n == 0 {
			break
		}
		values -= n
		if c&0x80 == 0 {
			n = 1
		}
		if int64(len(b)) < n*value || values < 0 {
			return errors.New("a row has another length than its header says")
		}
		b = b[n*value:]
	}
	if values != 0 {
		return errors.New("a row has another length than its header says")
	}
	return nil
}
