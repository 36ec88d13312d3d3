package framefile

import (
	"errors"
	"fmt"
	"io"
)

// A huffman is a table of codes. Most codes have few bits and are looked up;
// longer ones are found by their length, as the codes of one length are
// consecutive. (ITU-T T.81, annexes C and F.2.2.3.)
type huffman struct {
	short  [256]uint16 // by the next 8 bits: length and symbol; 0 for longer codes
	values []byte      // by rising code
	least  [17]int32   // by length: the first code
	most   [17]int32   // the last code, -1 if there is none
	first  [17]int32   // index of the first code's symbol
}

// huffmanTables reads the tables of a segment.
func (j *jpegReader) huffmanTables(data []byte) error {
	for len(data) > 0 {
		if len(data) < 17 || data[0]>>4 > 1 || data[0]&15 > 3 {
			return errors.New("a table of codes is invalid")
		}
		n := 0
		for _, c := range data[1:17] {
			n += int(c)
		}
		if n > 256 || len(data) < 17+n {
			return errors.New("a table of codes is invalid")
		}
		j.tables[data[0]>>4][data[0]&15] = newHuffman(data[1:17], data[17:17+n])
		data = data[17+n:]
	}
	return nil
}

// newHuffman makes a table of how many codes there are of each length from 1
// to 16, and of their symbols.
func newHuffman(counts, values []byte) *huffman {
	t := &huffman{values: values}
	code, at := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		t.least[length], t.most[length], t.first[length] = code, code+n-1, at
		if n == 0 {
			t.most[length] = -1
		}
		for i := int32(0); i < n && length <= 8; i++ {
			from := (code + i) << (8 - length)
			for k := from; k < from+1<<(8-length) && k < 256; k++ {
				t.short[k] = uint16(length)<<8 | uint16(values[at+i])
			}
		}
		at += n
		code = (code + n) << 1
	}
	return t
}

// fill reads until there are n bits, 16 at most.
func (j *jpegReader) fill(n int) error {
	for j.have < n {
		if j.ended != 0 {
			return io.ErrUnexpectedEOF
		}
		b, err := j.in.ReadByte()
		if err != nil {
			return err
		}
		if b == 0xff {
			m, err := j.in.ReadByte()
			for m == 0xff && err == nil {
				m, err = j.in.ReadByte()
			}
			if err != nil {
				return err
			}
			if m != 0 {
				j.ended = m
				return io.ErrUnexpectedEOF
			}
		}
		j.have += 8
		j.bits |= uint32(b) << (32 - j.have)
	}
	return nil
}

// skip leaves out n bits.
func (j *jpegReader) skip(n int) error {
	if err := j.fill(n); err != nil {
		return err
	}
	j.bits <<= n
	j.have -= n
	return nil
}

// symbol reads one code and returns its symbol.
func (j *jpegReader) symbol(t *huffman) (byte, error) {
	// At the end of the data there may be fewer than 8 bits: then the code is
	// short, or there is none.
	if err := j.fill(8); err != nil && j.ended == 0 {
		return 0, err
	}
	if s := t.short[j.bits>>24]; s != 0 && int(s>>8) <= j.have {
		j.bits <<= s >> 8
		j.have -= int(s >> 8)
		return byte(s), nil
	}
	for length := 1; length <= 16; length++ {
		if err := j.fill(length); err != nil {
			return 0, err
		}
		code := int32(j.bits >> (32 - length))
		if t.most[length] >= 0 && code <= t.most[length] && code >= t.least[length] {
			j.bits <<= length
			j.have -= length
			return t.values[t.first[length]+code-t.least[length]], nil
		}
	}
	return 0, errors.New("its pixel data has a code that is not in its table")
}

// end expects the marker behind the data: any if want is 0. The last byte of
// the data is filled up with bits of 1.
func (j *jpegReader) end(want byte) error {
	if j.have >= 8 || j.have > 0 && j.bits>>(32-j.have) != 1<<j.have-1 {
		return errors.New("its pixel data continues after the last pixel")
	}
	j.bits, j.have = 0, 0
	if j.ended == 0 {
		b, err := j.in.ReadByte()
		if err == nil && b != 0xff {
			return errors.New("its pixel data continues after the last pixel")
		}
		for b == 0xff && err == nil {
			b, err = j.in.ReadByte()
		}
		if err != nil {
			return err
		}
		j.ended = b
	}
	if want != 0 && j.ended != want || j.ended == 0 {
		return fmt.Errorf("its pixel data has marker %#x where another should be", j.ended)
	}
	return nil
}
