package exr

import (
	"image"
	"io"
	"math"
	"strings"
	"sync"
)

// Picture makes an image that people can look at of an OpenEXR image, scaled down to fit
// into width by height pixels; it is never enlarged. It takes the memory of that image and
// of one chunk of the file, whatever the size of the file.
//
// What is looked at is the combined image of the first part that has colours, and of
// several layers the composited one. Values are linear, and shown as a screen does by the
// curve of sRGB, with those that are brighter than white rolled off.
//
// Errors are of kind farm.Invalid (damaged, cut short) and farm.Unsupported (deep, without
// colours).
func Picture(file io.ReaderAt, size int64, width, height int) (*image.RGBA, error) {
	parts, multi, at, err := readParts(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, err
	}
	for i, p := range parts {
		var list []region
		n := p.regions(func(r region) { list = append(list, r) })
		if n < 0 || int64(n) > size/8 {
			return nil, damaged("it is cut short")
		}
		if colours := p.colours(); colours != nil && !p.deep() {
			s := &shrinker{file: file, size: size, part: p, number: i, multi: multi, colours: *colours}
			return s.picture(list, at, width, height)
		}
		at += int64(8 * n)
	}
	return nil, unsupported("it has no colours to look at")
}

// colours are the places of red, green and blue among the channels of a part.
type colours [3]int

// colours finds the channels to be looked at, nil if there are none.
func (p *part) colours() *colours {
	at := map[string]int{}
	for i, c := range p.channels {
		at[strings.ToUpper(c.name)] = i
	}
	best, rank := (*colours)(nil), 99
	for i, c := range p.channels {
		name := strings.ToUpper(c.name)
		layer, isRed := strings.CutSuffix(name, "R")
		if !isRed || layer != "" && !strings.HasSuffix(layer, ".") {
			continue
		}
		g, hasGreen := at[layer+"G"]
		b, hasBlue := at[layer+"B"]
		if n := rankOf(layer); hasGreen && hasBlue && n < rank {
			best, rank = &colours{i, g, b}, n
		}
	}
	if best != nil {
		return best
	}
	for i, c := range p.channels { // one value: luminance, or what Blender calls a grey image
		if _, name, _ := strings.Cut("."+strings.ToUpper(c.name), "."); name == "Y" || name == "V" || strings.HasSuffix(name, ".Y") || strings.HasSuffix(name, ".V") {
			return &colours{i, i, i}
		}
	}
	return nil
}

// rankOf says which of several layers is to be looked at: the least.
func rankOf(layer string) int {
	switch {
	case layer == "":
		return 0
	case strings.HasPrefix(layer, "COMPOSITE."):
		return 1
	case strings.HasSuffix(layer, "COMBINED."):
		return 2
	}
	return 3
}

// maxShown bounds the bytes of a chunk that is decoded to be looked at.
const maxShown = 1 << 26

// A shrinker adds up the pixels of a part.
type shrinker struct {
	file    io.ReaderAt
	size    int64
	part    *part
	number  int // of the part
	multi   bool
	colours colours

	width, height int       // of the picture
	sums          []float32 // red, green, blue, how many pixels: of each pixel of the picture
}

func (s *shrinker) picture(list []region, at int64, width, height int) (*image.RGBA, error) {
	p := s.part
	s.width, s.height = fit(p.width, p.height, width, height)
	s.sums = make([]float32, 4*s.width*s.height)
	table := make([]byte, 8*len(list))
	if _, err := s.file.ReadAt(table, at); err != nil {
		return nil, cut(err)
	}
	for i, r := range list {
		if err := s.add(r, int64(order.Uint64(table[8*i:]))); err != nil {
			return nil, err
		}
	}
	m := image.NewRGBA(image.Rect(0, 0, s.width, s.height))
	for i := range s.width * s.height {
		sum, to := s.sums[4*i:4*i+4], m.Pix[4*i:4*i+4]
		for c := range 3 {
			to[c] = shown(sum[c] / max(sum[3], 1))
		}
		to[3] = 0xff
	}
	return m, nil
}

// fit returns the size of an image scaled down to fit.
func fit(w, h, width, height int) (int, int) {
	if w <= width && h <= height {
		return w, h
	}
	if w*height > h*width {
		return width, max(1, (h*width+w/2)/w)
	}
	return max(1, (w*height+h/2)/h), height
}

// add adds the pixels of a chunk.
func (s *shrinker) add(r region, at int64) error {
	p := s.part
	words := 2 // its row, and its length
	if p.tiled() {
		words = 5
	}
	if s.multi {
		words++
	}
	head := make([]byte, 4*words)
	if at <= 0 || at >= s.size {
		return damaged("it is cut short")
	}
	if _, err := s.file.ReadAt(head, at); err != nil {
		return cut(err)
	}
	length, raw := int(int32(order.Uint32(head[len(head)-4:]))), p.rawSize(r)
	if s.multi {
		head = head[4:]
	}
	switch {
	case !p.placed(head, r):
		return damaged("there is something else at line %d", r.y)
	case raw > maxShown:
		return unsupported("%d channels of %d pixels in a line are too many", len(p.channels), p.width)
	case length <= 0 || length > raw || int64(length) > s.size:
		return damaged("it is cut short")
	}
	packed, done := borrow(length)
	defer done()
	if _, err := s.file.ReadAt(packed, at+int64(4*words)); err != nil {
		return cut(err)
	}
	if length == raw {
		s.look(r, packed)
		return nil
	}
	pixels, release := borrow(raw)
	defer release()
	if !p.unpack(r, pixels, packed) {
		return damaged("its lines from %d on cannot be read", r.y)
	}
	s.look(r, pixels)
	return nil
}

// look adds the values of a region: its rows one after the other, and in a row the values
// of one channel after those of another.
func (s *shrinker) look(r region, pixels []byte) {
	p := s.part
	for y := range r.height {
		row := (r.y + y) * s.height / p.height * s.width
		for i, ch := range p.channels {
			if samples(p.top+r.y+y, 1, ch.y) == 0 {
				continue
			}
			n := samples(p.left+r.x, r.width, ch.x) * ch.size()
			if n > len(pixels) {
				return
			}
			values := pixels[:n]
			pixels = pixels[n:]
			for c, wanted := range s.colours {
				if wanted == i && ch.x == 1 && ch.y == 1 {
					s.addRow(values, ch, c, r.x, row)
				}
			}
		}
	}
}

// addRow adds the values that one channel has in one row, from column x on.
func (s *shrinker) addRow(values []byte, ch checkedChannel, colour, x, row int) {
	size := ch.size()
	for i := range len(values) / size {
		v := ch.value(values[i*size:])
		to := s.sums[4*(row+(x+i)*s.width/s.part.width):]
		to[colour] += v
		if colour == 0 {
			to[3]++
		}
	}
}

// value is a value as a number from 0 to brightest. What is no number is black.
func (c checkedChannel) value(b []byte) (v float32) {
	switch c.kind {
	case 0:
		v = float32(order.Uint32(b))
	case 1:
		v = halves()[order.Uint16(b)]
	default:
		v = math.Float32frombits(order.Uint32(b))
	}
	if !(v > 0) {
		return 0
	}
	return min(v, brightest)
}

// brightest bounds what one pixel adds to the mean of its neighbours: a lamp that is seen
// directly would make them all white.
const brightest = 16

// halves are all numbers of 16 bits.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	var all [1 << 16]float32
	for i := range all {
		sign, exponent, fraction := i>>15, i>>10&31, float64(i&1023)
		v := math.Ldexp(1+fraction/1024, exponent-15)
		switch exponent {
		case 0:
			v = math.Ldexp(fraction, -24)
		case 31:
			v = math.NaN()
			if fraction == 0 {
				v = math.Inf(1)
			}
		}
		if sign == 1 {
			v = -v
		}
		all[i] = float32(v)
	}
	return &all
})

// shown is a linear value as a screen shows it. From shoulder on it approaches white
// ever more slowly, so that what is brighter keeps some of its shape.
func shown(v float32) byte {
	if v > shoulder {
		v = shoulder + (1-shoulder)*(1-float32(math.Exp(float64((shoulder-v)/(1-shoulder)))))
	}
	return screen()[int(max(v, 0)*(screenSteps-1)+0.5)]
}

const (
	shoulder    = 0.75
	screenSteps = 1 << 14
)

// screen is the curve of sRGB (IEC 61966-2-1).
var screen = sync.OnceValue(func() *[screenSteps]byte {
	var all [screenSteps]byte
	for i := range all {
		v := float64(i) / (screenSteps - 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		all[i] = byte(v*255 + 0.5)
	}
	return &all
})
