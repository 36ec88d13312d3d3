package exr

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strings"
)

// parsed is a header with what reading the lines needs.
type parsed struct {
	Header
	rows    int // lines of a block; 0 if it does not say
	top     int // number of the first line
	zip     bool
	size    int64 // bytes of the header
	lines   bool  // it is one image in lines
	refused error // why its lines cannot be read, though it may be whole
}

// refuse notes what cannot be read. The first is kept.
func (p *parsed) refuse(format string, args ...any) {
	if p.refused == nil {
		p.refused = unsupported(format, args...)
	}
}

// A headerReader reads the fields of a header. After the first error everything
// is zero, so it needs to be looked at once.
type headerReader struct {
	r    *bufio.Reader
	read int64
	err  error
}

func (h *headerReader) bytes(n int) []byte {
	b := make([]byte, n)
	if h.err == nil {
		if _, err := io.ReadFull(h.r, b); err != nil {
			h.err = damaged("its header is cut short")
		}
	}
	h.read += int64(n)
	return b
}

func (h *headerReader) int32() int { return int(int32(order.Uint32(h.bytes(4)))) }

// text reads up to a NUL.
func (h *headerReader) text() string {
	var b []byte
	for h.err == nil {
		c := h.bytes(1)[0]
		if c == 0 {
			return string(b)
		}
		if b = append(b, c); len(b) > maxName {
			h.err = damaged("a name in its header has no end")
		}
	}
	return ""
}

func (h *headerReader) skip(n int) {
	if h.err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, h.r, int64(n)); err != nil {
		h.err = damaged("its header is cut short")
	}
	h.read += int64(n)
}

// readHeader reads the beginning of a file.
func readHeader(r io.Reader) (*parsed, error) {
	h := &headerReader{r: bufio.NewReader(r)}
	if h.int32() != magic || h.err != nil {
		return nil, damaged("it does not begin like one")
	}
	flags := h.int32()
	p := &parsed{Header: Header{Texts: map[string]string{}}, lines: flags&(flagTiled|flagDeep|flagParts) == 0}
	switch {
	case h.err != nil:
		return nil, h.err
	case flags&0xff != version:
		return nil, unsupported("it is of version %d", flags&0xff)
	case !p.lines:
		p.refuse("it is not one image in lines")
	}
	for h.err == nil {
		name := h.text()
		if name == "" {
			break
		}
		p.attribute(h, name, h.text(), h.int32())
	}
	if h.err != nil {
		return nil, h.err
	}
	p.size = h.read
	return p, p.check()
}

// attribute reads one attribute of size bytes.
func (p *parsed) attribute(h *headerReader, name, kind string, size int) {
	if size < 0 {
		h.err = damaged("its attribute %q has a size of %d bytes", name, size)
	}
	switch end := h.read + int64(size); {
	case h.err != nil:
	case name == "channels":
		for h.err == nil && h.read < end {
			if p.channel(h) {
				break
			}
		}
	case name == "compression" && size == 1:
		p.compression(h.bytes(1)[0])
	case name == "dataWindow" && size == 16:
		left, top, right, bottom := h.int32(), h.int32(), h.int32(), h.int32()
		p.top, p.Width, p.Height = top, right-left+1, bottom-top+1
	case name == "lineOrder" && size == 1:
		if h.bytes(1)[0] != 0 {
			p.refuse("its lines are not from top to bottom")
		}
	case kind == "string" && size <= maxText:
		p.Texts[name] = strings.TrimRight(string(h.bytes(size)), "\x00")
	default:
		h.skip(size)
	}
}

// channel reads one entry of the list of channels. The list ends with an empty name.
func (p *parsed) channel(h *headerReader) (last bool) {
	name := h.text()
	if name == "" {
		return true
	}
	kind := PixelType(h.int32())
	h.skip(4) // linear or not, and three bytes for later
	switch x, y := h.int32(), h.int32(); {
	case h.err != nil:
	case kind != Uint && kind != Float:
		p.refuse("channel %s does not have 32 bits a value", name)
	case x != 1 || y != 1:
		p.refuse("channel %s has not a value for every pixel", name)
	}
	switch {
	case h.err != nil:
	case len(p.Channels) == maxChannels:
		h.err = damaged("it has more than %d channels", maxChannels)
	default:
		p.Channels = append(p.Channels, Channel{name, kind})
	}
	return false
}

// blockLines is how many lines a block has, by the number of its compression:
// none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB.
var blockLines = []int{1, 1, 1, 16, 32, 16, 32, 32, 32, 256}

func (p *parsed) compression(kind byte) {
	switch {
	case int(kind) >= len(blockLines):
		p.refuse("its compression is not known")
		return
	case kind != compressNone && kind != compressZIPS && kind != compressZIP:
		p.refuse("it is not compressed with ZIP")
	}
	p.rows, p.zip = blockLines[kind], kind != compressNone
}

// appendHeader writes the header of a ZIP image.
func appendHeader(b []byte, h *Header) []byte {
	b = order.AppendUint32(b, magic)
	flags := uint32(version)
	if slices.ContainsFunc(h.Channels, func(c Channel) bool { return len(c.Name) > shortName }) {
		flags |= flagLongNames
	}
	b = order.AppendUint32(b, flags)
	attribute := func(name, kind string, value []byte) {
		b = append(b, name+"\x00"+kind+"\x00"...)
		b = append(order.AppendUint32(b, uint32(len(value))), value...)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Texts)) {
		attribute(name, "string", []byte(h.Texts[name]))
	}
	var list []byte
	for _, c := range h.Channels {
		list = append(list, c.Name+"\x00"...)
		list = order.AppendUint32(list, uint32(c.Type))
		list = append(list, 0, 0, 0, 0)
		list = order.AppendUint32(order.AppendUint32(list, 1), 1)
	}
	attribute("channels", "chlist", append(list, 0))
	attribute("compression", "compression", []byte{compressZIP})
	window := order.AppendUint32(order.AppendUint32(make([]byte, 8), uint32(h.Width-1)), uint32(h.Height-1))
	attribute("dataWindow", "box2i", window)
	attribute("displayWindow", "box2i", window)
	attribute("lineOrder", "lineOrder", []byte{0})
	one := order.AppendUint32(nil, 0x3f800000) // 1.0
	attribute("pixelAspectRatio", "float", one)
	attribute("screenWindowCenter", "v2f", make([]byte, 8))
	attribute("screenWindowWidth", "float", one)
	return append(b, 0)
}
