package exr

import "math"

// B44 packs four by four values of 16 bits into 14 bytes: the first, and of the others the
// differences to a neighbour, of six bits, all shifted alike. B44A has blocks of one value
// in 3 bytes, too. Values of 32 bits are not compressed. See ImfB44Compressor.cpp of the
// OpenEXR library (BSD-3-Clause), which defines the format.
const (
	blockSide  = 4
	b44Block   = 14
	b44Flat    = 3
	flatShift  = 13 // a shift that no other block has
	b44Bias    = 0x20
	differBits = 6
)

// unpackB44 decompresses a chunk.
func (p *part) unpackB44(r region, to, packed []byte) bool {
	channels, done := borrow(len(to))
	defer done()
	at := 0
	for _, ch := range p.channels {
		w, h := p.samplesOf(ch, r)
		size := w * h * ch.size()
		plane := channels[at : at+size]
		at += size
		used := 0
		switch {
		case ch.kind == 1:
			used = ch.unpackBlocks(plane, packed, w, h)
		case size <= len(packed):
			used = copy(plane, packed)
		default:
			used = -1
		}
		if used < 0 {
			return false
		}
		packed = packed[used:]
	}
	p.byRows(r, func(at, n int, row []byte) { copy(row, channels[at:at+n]) }, to)
	return len(packed) == 0
}

// unpackBlocks decompresses a channel of w by h values, and returns how many bytes it
// takes; -1 if there are not so many.
func (c checkedChannel) unpackBlocks(to, packed []byte, w, h int) int {
	var block [blockSide * blockSide]uint16
	at := 0
	for y := 0; y < h; y += blockSide {
		for x := 0; x < w; x += blockSide {
			n := unpackB44Block(&block, packed[at:])
			if n < 0 {
				return -1
			}
			at += n
			for i, v := range block {
				if bx, by := x+i%blockSide, y+i/blockSide; bx < w && by < h {
					if c.perceptual {
						v = exponential(v)
					}
					order.PutUint16(to[2*(by*w+bx):], v)
				}
			}
		}
	}
	return at
}

// unpackB44Block decompresses one block, and returns how many bytes it takes; -1 if there
// are not so many.
func unpackB44Block(to *[blockSide * blockSide]uint16, b []byte) int {
	if len(b) < b44Flat {
		return -1
	}
	first := uint16(b[0])<<8 | uint16(b[1])
	shift := b[2] >> 2
	if shift >= flatShift {
		for i := range to {
			to[i] = fromOrdered(first)
		}
		return b44Flat
	}
	if len(b) < b44Block {
		return -1
	}
	// Down the left column first, then each column from the one on its left.
	bits := bitReader{data: b[:b44Block], at: 16 + differBits}
	to[0] = first
	next := func(from uint16) uint16 {
		d := uint16(bits.peek(differBits))
		bits.at += differBits
		return from + d<<shift - b44Bias<<shift
	}
	for y := 1; y < blockSide; y++ {
		to[y*blockSide] = next(to[(y-1)*blockSide])
	}
	for x := 1; x < blockSide; x++ {
		for y := range blockSide {
			to[y*blockSide+x] = next(to[y*blockSide+x-1])
		}
	}
	for i, v := range to {
		to[i] = fromOrdered(v)
	}
	return b44Block
}

// fromOrdered returns the half of a number that is the greater the greater the half is.
func fromOrdered(v uint16) uint16 {
	if v&0x8000 != 0 {
		return v & 0x7fff
	}
	return ^v
}

// exponential returns the value of one that is stored as a logarithm, as B44 does with
// channels that are marked as perceptually linear.
func exponential(v uint16) uint16 {
	f := float64(halves()[v])
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return halfOf(float32(min(math.Exp(f/8), greatestHalf)))
}

const greatestHalf = 65504

// halfOf returns the nearest half, of two the even one.
func halfOf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // not a number
		return sign | 0x7e00
	case b >= 0x47800000: // 65536
		return sign | 0x7c00
	case b < 0x38800000: // less than the least normal half
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b -= (127 - 15) << 23
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}
