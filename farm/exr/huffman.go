package exr

import "encoding/binary"

// The Huffman code of PIZ and DWA: symbols of 16 bits and one more, which is that of
// runs, with canonical codes of up to 58 bits, the longest of which begin at zero.
const (
	huffSymbols  = 1<<16 + 1
	huffHeader   = 20 // bytes: the first and the last symbol, two more numbers, and how many bits there are
	huffLongest  = 57 // bits of a code that are read; longer ones need more values than a chunk has
	huffQuick    = 12 // bits that are looked up at once
	huffZeroRun  = 59 // a length from here on is a run of symbols without a code
	huffLongRun  = 63 // and this one a long run, whose length follows
	huffShortest = 2  // symbols of a run
)

// A bitReader reads bits, the first of a byte is its highest.
type bitReader struct {
	data []byte
	at   int // in bits
	end  int // in bits
}

// peek returns the next n bits, at most 57; behind the end there are zeros.
func (b *bitReader) peek(n int) uint64 {
	i := b.at >> 3
	var v uint64
	if i+8 <= len(b.data) {
		v = binary.BigEndian.Uint64(b.data[i:])
	} else {
		var last [8]byte
		copy(last[:], b.data[min(i, len(b.data)):])
		v = binary.BigEndian.Uint64(last[:])
	}
	return v << (b.at & 7) >> (64 - n)
}

// take returns the next n bits, and goes on behind them. It reports false at the end.
func (b *bitReader) take(n int) (int, bool) {
	v := b.peek(n)
	b.at += n
	return int(v), b.at <= b.end
}

// A huffCode decodes symbols.
type huffCode struct {
	symbols []uint32 // by length, and those of one length in their order
	first   [huffLongest + 1]uint64
	count   [huffLongest + 1]uint64
	index   [huffLongest + 1]int // in symbols
	longest int
	quick   [1 << huffQuick]uint32 // symbol and length of a code that the bits begin with; 0 if it is longer
}

// readHuffLengths reads how long the codes of the symbols from first to last are.
func readHuffLengths(b *bitReader, first, last int) ([]byte, bool) {
	lengths := make([]byte, huffSymbols)
	for i := first; i <= last; {
		n, ok := b.take(6)
		if !ok {
			return nil, false
		}
		run := 0
		switch {
		case n == huffLongRun:
			more, ok := b.take(8)
			if !ok {
				return nil, false
			}
			run = more + huffLongRun - huffZeroRun + huffShortest
		case n >= huffZeroRun:
			run = n - huffZeroRun + huffShortest
		case n > huffLongest:
			return nil, false
		default:
			lengths[i] = byte(n)
			i++
			continue
		}
		if i += run; i > last+1 {
			return nil, false
		}
	}
	return lengths, true
}

// newHuffCode makes the code of the lengths; false if no code has such.
func newHuffCode(lengths []byte) (*huffCode, bool) {
	c := &huffCode{}
	for _, n := range lengths {
		if n > 0 {
			c.count[n]++
			c.longest = max(c.longest, int(n))
		}
	}
	code := uint64(0)
	for n := huffLongest; n > 0; n-- {
		c.first[n] = code
		if c.count[n] > 0 && (code+c.count[n]-1)>>n != 0 {
			return nil, false
		}
		code = (code + c.count[n]) >> 1
	}
	total := 0
	for n := 1; n <= huffLongest; n++ {
		c.index[n] = total
		total += int(c.count[n])
	}
	c.symbols = make([]uint32, total)
	next := c.index
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		k := next[n]
		next[n]++
		c.symbols[k] = uint32(symbol)
		if n <= huffQuick {
			bits := (c.first[n] + uint64(k-c.index[n])) << (huffQuick - n)
			for i := range uint64(1) << (huffQuick - n) {
				c.quick[bits+i] = uint32(symbol)<<8 | uint32(n)
			}
		}
	}
	return c, true
}

// next returns the next symbol; false if there is none.
func (c *huffCode) next(b *bitReader) (uint32, bool) {
	if e := c.quick[b.peek(huffQuick)]; e != 0 {
		b.at += int(e & 0xff)
		return e >> 8, b.at <= b.end
	}
	bits := b.peek(huffLongest)
	for n := huffQuick + 1; n <= c.longest; n++ {
		if k := bits>>(huffLongest-n) - c.first[n]; k < c.count[n] {
			b.at += n
			return c.symbols[c.index[n]+int(k)], b.at <= b.end
		}
	}
	return 0, false
}

// unpackHuffman decodes as many values as there have to be.
func unpackHuffman(to []uint16, packed []byte) bool {
	if len(packed) < huffHeader {
		return len(packed) == 0 && len(to) == 0
	}
	first, last := order.Uint32(packed), order.Uint32(packed[4:])
	size := uint64(order.Uint32(packed[12:]))
	if first >= huffSymbols || last >= huffSymbols || first > last {
		return false
	}
	b := &bitReader{data: packed[huffHeader:]}
	b.end = 8 * len(b.data)
	lengths, ok := readHuffLengths(b, int(first), int(last))
	if !ok {
		return false
	}
	b.data, b.at = b.data[(b.at+7)/8:], 0
	if size > uint64(8*len(b.data)) {
		return false
	}
	b.end = int(size)
	code, ok := newHuffCode(lengths)
	return ok && code.decode(to, b, last)
}

// decode decodes values; the symbol run repeats the one before it, a number of times that
// follows in 8 bits.
func (c *huffCode) decode(to []uint16, b *bitReader, run uint32) bool {
	for at := 0; b.at < b.end; {
		symbol, ok := c.next(b)
		switch {
		case !ok:
			return false
		case symbol == run:
			n, ok := b.take(8)
			if !ok || at == 0 || n > len(to)-at {
				return false
			}
			for range n {
				to[at] = to[at-1]
				at++
			}
		case at == len(to):
			return false
		default:
			to[at] = uint16(symbol)
			at++
		}
		if b.at == b.end {
			return at == len(to)
		}
	}
	return len(to) == 0
}
