package exr

import (
	"math"
	"sync"
)

// dctSide is how many columns and rows a block of the transform has.
const dctSide = 8

// A dctBlock has the values of a block from left to right, row by row.
type dctBlock [dctSide * dctSide]float32

// blocksOf returns how many blocks so many columns or rows have, the last one in part.
func blocksOf(n int) int { return (n + dctSide - 1) / dctSide }

// cosines decodes the channels that go this way: first those that go together.
func (c *dwaChunk) cosines(p *part, r region, planes [][]byte, s *dwaStreams) bool {
	done := make([]bool, len(planes))
	for _, set := range c.together {
		w, h := p.samplesOf(p.channels[set[0]], r)
		if !s.decode(p, set[:], planes, w, h) {
			return false
		}
		for _, i := range set {
			done[i] = true
		}
	}
	for i := range planes {
		if c.ways[i] != dwaCosine || done[i] {
			continue
		}
		w, h := p.samplesOf(p.channels[i], r)
		if !s.decode(p, []int{i}, planes, w, h) {
			return false
		}
	}
	return true
}

// decode decodes channels of w by h values that go together. Of each block the mean comes
// from one stream, and the rest from the other.
func (s *dwaStreams) decode(p *part, channels []int, planes [][]byte, w, h int) bool {
	across, down := blocksOf(w), blocksOf(h)
	each := across * down
	if len(s.dc) < each*len(channels) {
		return false
	}
	var blocks [3]dctBlock
	for n := range each {
		for k := range channels {
			if !s.block(&blocks[k], s.dc[k*each+n]) {
				return false
			}
		}
		if len(channels) == 3 {
			toRGB(&blocks)
		}
		for k, i := range channels {
			ch := p.channels[i]
			place(planes[i], &blocks[k], ch.size(), n%across*dctSide, n/across*dctSide, w, h, len(channels) == 3 || !ch.perceptual)
		}
	}
	s.dc = s.dc[each*len(channels):]
	return true
}

// Words of the stream that are no values: zeros, and zeros to the end of the block.
const (
	acRun = 0xff00
	acEnd = 0xff00
)

// block decodes the next block, whose mean is given.
func (s *dwaStreams) block(b *dctBlock, mean uint16) bool {
	*b = dctBlock{}
	half := halves()
	b[0] = half[mean]
	flat := true
	for at := 1; at < len(b); {
		if len(s.ac) == 0 {
			return false
		}
		v := s.ac[0]
		s.ac = s.ac[1:]
		switch {
		case v == acEnd:
			at = len(b)
		case v&acRun == acRun:
			at += int(v & 0xff)
		default:
			b[zigzag[at]] = half[v]
			flat = false
			at++
		}
	}
	if flat {
		v := b[0] / dctSide // the mean alone: the same everywhere
		for i := range b {
			b[i] = v
		}
		return true
	}
	b.inverse()
	return true
}

// zigzag is where the values of a block are, in the order of the stream: along diagonals,
// as in JPEG.
var zigzag = func() (order [dctSide * dctSide]int) {
	x, y := 0, 0
	for i := range order {
		order[i] = y*dctSide + x
		switch up := (x+y)%2 == 0; {
		case up && x == dctSide-1:
			y++
		case up && y == 0:
			x++
		case up:
			x, y = x+1, y-1
		case y == dctSide-1:
			x++
		case x == 0:
			y++
		default:
			x, y = x-1, y+1
		}
	}
	return order
}()

// cosineTable has the basis of the transform: of each frequency its values.
var cosineTable = func() (t [dctSide][dctSide]float32) {
	for k := range t {
		scale := math.Sqrt(2.0 / dctSide)
		if k == 0 {
			scale = math.Sqrt(1.0 / dctSide)
		}
		for i := range t[k] {
			t[k][i] = float32(scale * math.Cos(float64(2*i+1)*float64(k)*math.Pi/(2*dctSide)))
		}
	}
	return t
}()

// inverse undoes the transform, of the rows and then of the columns.
func (b *dctBlock) inverse() {
	var rows dctBlock
	for y := range dctSide {
		for k := range dctSide {
			v := b[y*dctSide+k]
			if v == 0 {
				continue
			}
			for x, c := range cosineTable[k] {
				rows[y*dctSide+x] += v * c
			}
		}
	}
	*b = dctBlock{}
	for k := range dctSide {
		row := rows[k*dctSide : k*dctSide+dctSide]
		for y := range dctSide {
			c := cosineTable[k][y]
			to := b[y*dctSide : y*dctSide+dctSide]
			for x, v := range row {
				to[x] += v * c
			}
		}
	}
}

// toRGB makes red, green and blue of brightness and two differences of color (ITU-R BT.709).
func toRGB(b *[3]dctBlock) {
	for i := range b[0] {
		y, cb, cr := b[0][i], b[1][i], b[2][i]
		b[0][i] = y + 1.5747*cr
		b[1][i] = y - 0.1873*cb - 0.4682*cr
		b[2][i] = y + 1.8556*cb
	}
}

// place puts a block with its top left corner at x, y into a channel of w by h values of
// so many bytes. What is stored is a root of linear values, if curved.
func place(to []byte, b *dctBlock, size, x, y, w, h int, curved bool) {
	linear := linearHalves()
	for i, v := range b {
		bx, by := x+i%dctSide, y+i/dctSide
		if bx >= w || by >= h {
			continue
		}
		half := halfOf(v)
		if curved {
			half = linear[half]
		}
		if at := (by*w + bx) * size; size == 2 {
			order.PutUint16(to[at:], half)
		} else {
			order.PutUint32(to[at:], math.Float32bits(halves()[half]))
		}
	}
}

// linearHalves are the linear values of halves that DWA stores: powers of 2.2 up to 1, and
// from there on exponential.
var linearHalves = sync.OnceValue(func() *[1 << 16]uint16 {
	const gamma, e = 2.2, 2.7182818
	var all [1 << 16]uint16
	for i, v := range halves() {
		f := math.Abs(float64(v))
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			continue
		case f <= 1:
			f = math.Pow(f, gamma)
		default:
			f = math.Pow(math.Pow(e, gamma), f-1)
		}
		all[i] = halfOf(float32(math.Copysign(f, float64(v))))
	}
	return &all
})
