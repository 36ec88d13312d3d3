package exr

import (
	"bufio"
	"io"
)

// A part is one image of a file, as far as checking its chunks needs to know.
type part struct {
	kind                     string // "scanlineimage", "tiledimage", "deepscanline", "deeptile"; "" in files of one part
	compression              byte
	left, top, width, height int
	channels                 []checkedChannel
	tileWidth, tileHeight    int // 0 for lines
	levels                   byte
	chunks                   int // how many it says that it has; -1 if it does not say
}

// A checkedChannel is how much room a channel takes.
type checkedChannel struct {
	name string
	kind int // 0 uint, 1 half, 2 float
	x, y int // it has a value in every x-th column and y-th row

	perceptual bool // B44 stores its logarithm
}

func (c checkedChannel) size() int {
	if c.kind == 1 {
		return 2
	}
	return 4
}

func (p *part) deep() bool { return p.kind == "deepscanline" || p.kind == "deeptile" }

// maxParts bounds how many images a file may have.
const maxParts = 1 << 10

// readParts reads the headers of all parts, whether the file is of the kind that
// can have several, and how many bytes the headers have.
func readParts(r io.Reader) (parts []*part, multi bool, size int64, err error) {
	h := &headerReader{r: bufio.NewReader(r)}
	if h.int32() != magic || h.err != nil {
		return nil, false, 0, damaged("it does not begin like one")
	}
	flags := h.int32()
	if flags&0xff != version {
		return nil, false, 0, damaged("it is of version %d", flags&0xff)
	}
	for {
		p := &part{chunks: -1, compression: 0xff}
		if flags&flagTiled != 0 {
			p.kind = "tiledimage"
		}
		n := p.attributes(h)
		switch {
		case h.err != nil:
			return nil, false, 0, h.err
		case n == 0 && flags&flagParts != 0 && len(parts) == 0:
			return nil, false, 0, damaged("it has no part")
		case n == 0 && flags&flagParts != 0:
			return parts, true, h.read, nil // an empty header ends the list
		case len(parts) == maxParts:
			return nil, false, 0, damaged("it has too many parts")
		}
		if err := p.checkHeader(); err != nil {
			return nil, false, 0, err
		}
		parts = append(parts, p)
		if flags&flagParts == 0 {
			return parts, false, h.read, nil
		}
	}
}

// attributes reads a header up to its end, and returns how many attributes it has.
func (p *part) attributes(h *headerReader) (n int) {
	for h.err == nil {
		name := h.text()
		if name == "" {
			break
		}
		n++
		p.attribute(h, name, h.text(), h.int32())
	}
	return n
}

func (p *part) attribute(h *headerReader, name, kind string, size int) {
	if size < 0 {
		h.err = damaged("its attribute %q has a size of %d bytes", name, size)
		return
	}
	end := h.read + int64(size)
	switch {
	case h.err != nil:
	case name == "channels":
		for h.err == nil && h.read < end && p.channel(h) {
		}
	case name == "compression" && size == 1:
		p.compression = h.bytes(1)[0]
	case name == "dataWindow" && size == 16:
		left, top, right, bottom := h.int32(), h.int32(), h.int32(), h.int32()
		p.left, p.top, p.width, p.height = left, top, right-left+1, bottom-top+1
	case name == "tiles" && size == 9:
		p.tileWidth, p.tileHeight = h.int32(), h.int32()
		p.levels = h.bytes(1)[0]
	case name == "chunkCount" && size == 4:
		p.chunks = h.int32()
	case name == "type" && kind == "string" && size <= maxName:
		p.kind = string(h.bytes(size))
	default:
		h.skip(size)
	}
}

// channel reads one entry of the list of channels, and reports whether it was not the end.
func (p *part) channel(h *headerReader) bool {
	name := h.text()
	if name == "" {
		return false
	}
	c := checkedChannel{name: name, kind: h.int32()}
	c.perceptual = h.bytes(4)[0] != 0 // and three bytes for later
	c.x, c.y = h.int32(), h.int32()
	switch {
	case h.err != nil:
	case len(p.channels) == maxChannels:
		h.err = damaged("it has more than %d channels", maxChannels)
	case c.kind < 0 || c.kind > 2 || c.x < 1 || c.y < 1 || c.x > maxSide || c.y > maxSide:
		h.err = damaged("channel %s is invalid", name)
	}
	p.channels = append(p.channels, c)
	return h.err == nil
}

func (p *part) checkHeader() error {
	switch {
	case p.width <= 0 || p.height <= 0 || p.width > maxSide || p.height > maxSide:
		return damaged("it says that it is %d by %d pixels", p.width, p.height)
	case len(p.channels) == 0:
		return damaged("it has no channels")
	case int(p.compression) >= len(blockLines):
		return damaged("its compression is not known")
	case p.tiled() && (p.tileWidth <= 0 || p.tileHeight <= 0 || p.tileWidth > maxSide || p.tileHeight > maxSide):
		return damaged("the size of its tiles is invalid")
	}
	return nil
}

func (p *part) tiled() bool { return p.kind == "tiledimage" || p.kind == "deeptile" }

// A region is a rectangle of pixels that a chunk has, counted from the top left one.
type region struct{ x, y, width, height int }

// regions calls f with the region of each chunk of the first resolution, in the
// order of the table, and returns how many chunks there are in all resolutions;
// -1 if the header does not tell.
func (p *part) regions(f func(region)) int {
	if !p.tiled() {
		rows := blockLines[p.compression]
		for y := 0; y < p.height; y += rows {
			f(region{0, y, p.width, min(rows, p.height-y)})
		}
		return (p.height + rows - 1) / rows
	}
	for y := 0; y < p.height; y += p.tileHeight {
		for x := 0; x < p.width; x += p.tileWidth {
			f(region{x, y, min(p.tileWidth, p.width-x), min(p.tileHeight, p.height-y)})
		}
	}
	return p.tilesInAll()
}

// tilesInAll counts the tiles of all resolutions: one, halves of both sides, or
// halves of each side by itself, rounded down or up.
func (p *part) tilesInAll() (n int) {
	up := p.levels>>4 == 1
	switch p.levels & 15 {
	case 0:
		return tiles(p.width, p.tileWidth) * tiles(p.height, p.tileHeight)
	case 1:
		for l := range levels(max(p.width, p.height), up) {
			n += tiles(half(p.width, l, up), p.tileWidth) * tiles(half(p.height, l, up), p.tileHeight)
		}
	case 2:
		for y := range levels(p.height, up) {
			for x := range levels(p.width, up) {
				n += tiles(half(p.width, x, up), p.tileWidth) * tiles(half(p.height, y, up), p.tileHeight)
			}
		}
	default:
		return -1
	}
	return n
}

// levels returns how often a side is halved until it is 1, plus one.
func levels(side int, up bool) int {
	n := 1
	for ; side > 1; n++ {
		side = half(side, 1, up)
	}
	return n
}

// half returns a side that was halved some times.
func half(side, times int, up bool) int {
	if up {
		side += 1<<times - 1
	}
	return max(1, side>>times)
}

func tiles(side, tile int) int { return (side + tile - 1) / tile }

// rawSize is how many bytes the region has when it is not compressed.
func (p *part) rawSize(r region) int {
	n := 0
	for _, c := range p.channels {
		n += c.size() * samples(p.left+r.x, r.width, c.x) * samples(p.top+r.y, r.height, c.y)
	}
	return n
}

// samples returns how many multiples of step there are among n numbers from first on.
func samples(first, n, step int) int {
	floor := func(a int) int {
		if a < 0 {
			return -((-a + step - 1) / step)
		}
		return a / step
	}
	return floor(first+n-1) - floor(first-1)
}
