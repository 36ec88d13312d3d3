package exr

// unpackPXR24 decompresses a chunk: deflate, then of each row of a channel the highest
// bytes of all values, the next ones, and so on, as differences to the value on the left.
// Floats have lost their lowest byte. See ImfPxr24Compressor.cpp of the OpenEXR library
// (BSD-3-Clause), which defines the format.
func (p *part) unpackPXR24(r region, to, packed []byte) bool {
	planes, done := borrow(p.sizeOfPXR24(r))
	defer done()
	if !inflate(planes, packed) {
		return false
	}
	for y := range r.height {
		for _, ch := range p.channels {
			if samples(p.top+r.y+y, 1, ch.y) == 0 {
				continue
			}
			n := samples(p.left+r.x, r.width, ch.x)
			used := n * ch.bytesOfPXR24()
			ch.join(to[:n*ch.size()], planes[:used], n)
			to, planes = to[n*ch.size():], planes[used:]
		}
	}
	return true
}

// bytesOfPXR24 is how many bytes of a value are kept.
func (c checkedChannel) bytesOfPXR24() int {
	if c.kind == 2 {
		return 3
	}
	return c.size()
}

func (p *part) sizeOfPXR24(r region) (n int) {
	for _, ch := range p.channels {
		w, h := p.samplesOf(ch, r)
		n += w * h * ch.bytesOfPXR24()
	}
	return n
}

// join makes n values of their bytes.
func (c checkedChannel) join(to, planes []byte, n int) {
	kept := c.bytesOfPXR24()
	value := uint32(0)
	for i := range n {
		difference := uint32(0)
		for k := range kept {
			difference = difference<<8 | uint32(planes[k*n+i])
		}
		if c.kind == 2 {
			difference <<= 8
		}
		value += difference
		if c.kind == 1 {
			order.PutUint16(to[2*i:], uint16(value))
		} else {
			order.PutUint32(to[4*i:], value)
		}
	}
}
