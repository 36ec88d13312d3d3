package exr

import "sync"

// PIZ compresses words of 16 bits, of which a value has one or two: those that occur get
// consecutive numbers, a Haar wavelet is taken of the numbers of each channel, and what
// results is coded by Huffman. See "PIZ" in the OpenEXR documentation, and
// ImfPizCompressor.cpp, ImfWav.cpp and ImfHuf.cpp of the OpenEXR library (BSD-3-Clause),
// which define the format in detail.

// words holds *[]uint16 for what is needed while one chunk is read.
var words = sync.Pool{New: func() any { return new([]uint16) }}

// borrowWords returns n words of anything, and a function that gives them back.
func borrowWords(n int) ([]uint16, func()) {
	b := words.Get().(*[]uint16)
	if cap(*b) < n {
		*b = make([]uint16, n)
	}
	return (*b)[:n], func() { words.Put(b) }
}

// unpackPIZ decompresses a chunk.
func (p *part) unpackPIZ(r region, to, packed []byte) bool {
	if len(packed) < 4 {
		return false
	}
	least, most := int(order.Uint16(packed)), int(order.Uint16(packed[2:]))
	packed = packed[4:]
	var bitmap [1 << 13]byte // of the words that occur
	if least <= most {
		if most >= len(bitmap) || len(packed) < most-least+1 {
			return false
		}
		copy(bitmap[least:], packed[:most-least+1])
		packed = packed[most-least+1:]
	}
	if len(packed) < 4 || int64(order.Uint32(packed)) > int64(len(packed)-4) {
		return false
	}
	packed = packed[4 : 4+order.Uint32(packed)]
	values, done := borrowWords(len(to) / 2)
	defer done()
	if !unpackHuffman(values, packed) {
		return false
	}
	names, highest := namesOf(&bitmap)
	at := 0
	for _, ch := range p.channels {
		w, h := p.samplesOf(ch, r)
		step := ch.size() / 2
		for i := range step {
			if at+i < len(values) {
				unwave(values[at+i:], w, h, step, w*step, highest < 1<<14)
			}
		}
		at += w * h * step
	}
	for i, v := range values {
		values[i] = names[v]
	}
	p.byRows(r, func(at, n int, row []byte) {
		for i := range n / 2 {
			order.PutUint16(row[2*i:], values[at/2+i])
		}
	}, to)
	return true
}

// namesOf returns what the numbers stand for, and the highest of them.
func namesOf(bitmap *[1 << 13]byte) (*[1 << 16]uint16, uint16) {
	names, n := new([1 << 16]uint16), 0
	for i := range names {
		if i == 0 || bitmap[i>>3]&(1<<(i&7)) != 0 { // zero always has one
			names[n] = uint16(i)
			n++
		}
	}
	return names, uint16(n - 1)
}

// samplesOf returns how many columns and rows of values a channel has in a region.
func (p *part) samplesOf(ch checkedChannel, r region) (w, h int) {
	return samples(p.left+r.x, r.width, ch.x), samples(p.top+r.y, r.height, ch.y)
}

// byRows puts the values of channels that come one channel after the other into the order
// of an image: f is called for each row of each channel with where it begins among the
// channels' bytes, how many bytes it has, and where it goes to.
func (p *part) byRows(r region, f func(at, n int, row []byte), to []byte) {
	begins := make([]int, len(p.channels))
	at := 0
	for i, ch := range p.channels {
		begins[i] = at
		w, h := p.samplesOf(ch, r)
		at += w * h * ch.size()
	}
	for y := range r.height {
		for i, ch := range p.channels {
			if samples(p.top+r.y+y, 1, ch.y) == 0 {
				continue
			}
			n := samples(p.left+r.x, r.width, ch.x) * ch.size()
			f(begins[i], n, to[:n])
			begins[i] += n
			to = to[n:]
		}
	}
}

// unwave undoes the wavelet of w by h words that are across apart from left to right and
// down from top to bottom. Words that are all small are added and subtracted as they are,
// others modulo 1<<16.
func unwave(v []uint16, w, h, across, down int, small bool) {
	two := twoOf
	if small {
		two = twoOfSmall
	}
	size := 1
	for size <= min(w, h) {
		size <<= 1
	}
	size >>= 1
	for half := size >> 1; half >= 1; size, half = half, half>>1 {
		y := 0
		for ; y <= h-size; y += size {
			x := 0
			for ; x <= w-size; x += size {
				a := y*down + x*across
				b, c := a+half*across, a+half*down
				d := c + half*across
				i, k := two(v[a], v[c])
				j, l := two(v[b], v[d])
				v[a], v[b] = two(i, j)
				v[c], v[d] = two(k, l)
			}
			if w&half != 0 {
				a := y*down + x*across
				c := a + half*down
				v[a], v[c] = two(v[a], v[c])
			}
		}
		if h&half != 0 {
			for x := 0; x <= w-size; x += size {
				a := y*down + x*across
				b := a + half*across
				v[a], v[b] = two(v[a], v[b])
			}
		}
	}
}

// twoOfSmall returns two words of their mean and difference.
func twoOfSmall(mean, difference uint16) (uint16, uint16) {
	d := int(int16(difference))
	a := int(int16(mean)) + d&1 + d>>1
	return uint16(a), uint16(a - d)
}

// twoOf is the same modulo 1<<16.
func twoOf(mean, difference uint16) (uint16, uint16) {
	b := mean - difference>>1
	return difference + b - 1<<15, b
}
