package exr

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// Checked is what checking an image found out.
type Checked struct {
	Width, Height int // of the first part
	Flat          bool
	NotFinite     float64 // share of the values looked at that are infinite or not a number
	Decoded       bool    // all pixels were decoded
	Checksummed   bool    // and a checksum agreed
}

// Check reads an image of any kind, size bytes long, and tells whether it is
// whole: lines or tiles, one part or several, deep or not. Every chunk that its
// tables name has to be there, and to be the right one. The pixels are decoded,
// one chunk at a time, but for DWA, of which it is the streams behind them, and
// for very large chunks of other kinds than RLE and ZIP, which are measured. ZIP,
// ZIPS and PXR24 have checksums. Lower resolutions and the samples of deep
// images are measured only. Errors are of kind farm.Invalid or of reading.
func Check(file io.ReaderAt, size int64) (Checked, error) {
	parts, multi, at, err := readParts(io.NewSectionReader(file, 0, size))
	if err != nil {
		return Checked{}, err
	}
	c := &checker{file: file, size: size, multi: multi, flat: true, decoded: true, summed: true}
	result := Checked{Width: parts[0].width, Height: parts[0].height}
	for i, p := range parts {
		n, err := c.table(i, p, at)
		if err != nil {
			return result, err
		}
		at += n
	}
	result.Decoded, result.Checksummed = c.decoded, c.decoded && c.summed
	result.Flat = c.flat && c.decoded
	if c.values > 0 {
		result.NotFinite = float64(c.notFinite) / float64(c.values)
	}
	return result, nil
}

// A checker collects what the chunks of a file say.
type checker struct {
	file  io.ReaderAt
	size  int64
	multi bool // chunks begin with the number of their part

	flat, decoded, summed bool // of all chunks so far
	values, notFinite     int64
	first                 map[string][]byte // a channel's first value, by part and name
}

// table checks the chunks of part i, whose table of offsets is at the place
// given, and returns the size of the table.
func (c *checker) table(i int, p *part, at int64) (int64, error) {
	var list []region
	n := p.regions(func(r region) { list = append(list, r) })
	if n < 0 {
		return 0, damaged("it does not say how many chunks it has")
	}
	if p.chunks >= 0 && p.chunks != n {
		return 0, damaged("it says that it has %d chunks and should have %d", p.chunks, n)
	}
	if int64(n) > c.size/8 {
		return 0, damaged("it is cut short")
	}
	table := make([]byte, 8*n)
	if _, err := c.file.ReadAt(table, at); err != nil {
		return 0, cut(err)
	}
	for k := range n {
		offset := int64(order.Uint64(table[8*k:]))
		// A program that was ended while it wrote leaves a table of zeros.
		if offset < at || offset >= c.size {
			return 0, damaged("it is cut short: chunk %d of %d is missing", k+1, n)
		}
		var r *region
		if k < len(list) {
			r = &list[k]
		}
		if err := c.chunk(i, p, offset, r); err != nil {
			return 0, err
		}
	}
	return int64(len(table)), nil
}

// cut turns the end of the file into a sentence.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it is cut short")
	}
	return err
}

// chunk checks one chunk. Of lower resolutions r is nil.
func (c *checker) chunk(i int, p *part, at int64, r *region) error {
	words := 2 // its row, and its length
	if p.tiled() {
		words = 5
	}
	if p.deep() {
		words += 5 // three long lengths instead of one short
	}
	if c.multi {
		words++
	}
	head := make([]byte, 4*words)
	if _, err := c.file.ReadAt(head, at); err != nil {
		return cut(err)
	}
	if c.multi {
		if int(int32(order.Uint32(head))) != i {
			return damaged("a chunk of another part is in its place")
		}
		head = head[4:]
	}
	if r != nil {
		if !p.placed(head, *r) {
			return damaged("there is something else at line %d", r.y)
		}
	}
	data := at + int64(4*words)
	if p.deep() {
		h := head[len(head)-24:]
		table, packed := int64(order.Uint64(h)), int64(order.Uint64(h[8:]))
		c.decoded = false
		if table < 0 || packed < 0 || table > c.size || packed > c.size || data+table+packed > c.size {
			return damaged("it is cut short")
		}
		return nil
	}
	length := int64(int32(order.Uint32(head[len(head)-4:])))
	if length <= 0 || length > c.size-data {
		return damaged("it is cut short")
	}
	if r == nil {
		return nil
	}
	return c.pixels(i, p, data, int(length), *r)
}

// placed reports whether the beginning of a chunk names the region.
func (p *part) placed(head []byte, r region) bool {
	at := func(i int) int { return int(int32(order.Uint32(head[4*i:]))) }
	if p.tiled() {
		return at(0) == r.x/p.tileWidth && at(1) == r.y/p.tileHeight && at(2) == 0 && at(3) == 0
	}
	return at(0) == p.top+r.y
}

// pixels checks the content of a chunk.
func (c *checker) pixels(i int, p *part, at int64, length int, r region) error {
	raw := p.rawSize(r)
	if raw > maxBlock || length > maxBlock {
		c.decoded = false
		return nil
	}
	packed, done := borrow(length)
	defer done()
	if _, err := c.file.ReadAt(packed, at); err != nil {
		return cut(err)
	}
	if length == raw { // what would not get smaller is stored as it is
		c.summed = false
		c.look(i, p, r, packed)
		return nil
	}
	if length > raw {
		return damaged("its lines from %d on are longer than they can be", r.y)
	}
	pixels, release := borrow(raw)
	defer release()
	ok := true
	switch {
	case p.compression <= compressZIP:
		c.summed = c.summed && p.compression != compressRLE
		if ok = p.unpack(r, pixels, packed); ok {
			c.look(i, p, r, pixels)
		}
	case p.compression == compressPXR24 && raw > maxShown:
		c.flat = false
		ok = inflates(packed)
	case raw > maxShown: // decoding takes several times the memory
		c.decoded = false
		ok = measured(p.compression, packed)
	case p.compression == compressDWAA, p.compression == compressDWAB:
		c.decoded = false
		ok = p.streamsDWA(r, packed)
	default:
		c.summed = c.summed && p.compression == compressPXR24
		if ok = p.unpack(r, pixels, packed); ok {
			c.look(i, p, r, pixels)
		}
	}
	if !ok {
		return damaged("its lines from %d on cannot be read", r.y)
	}
	return nil
}

// inflates reports whether the data is a whole zlib stream, checksum and all.
func inflates(packed []byte) bool {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, io.LimitReader(z, maxBlock))
	return err == nil
}

// measured reports whether the inner lengths of PIZ and DWA agree.
func measured(compression byte, packed []byte) bool {
	switch compression {
	case compressPIZ:
		// The least and the most byte of a bitmap, the bitmap, and the length of the rest.
		if len(packed) < 4 {
			return false
		}
		least, most := int(order.Uint16(packed)), int(order.Uint16(packed[2:]))
		at := 4
		if least <= most {
			at += most - least + 1
		}
		return len(packed) >= at+4 && int(int32(order.Uint32(packed[at:]))) == len(packed)-at-4
	case compressDWAA, compressDWAB:
		// Eleven numbers, the third to the sixth of which are the lengths of what follows.
		const head = 11 * 8
		if len(packed) < head {
			return false
		}
		sum := uint64(head)
		for i := 2; i < 6; i++ {
			n := order.Uint64(packed[8*i:])
			if n > uint64(len(packed)) {
				return false
			}
			sum += n
		}
		if order.Uint64(packed) >= 2 { // rules for channels, with their length
			if len(packed) < head+2 {
				return false
			}
			sum += uint64(order.Uint16(packed[head:]))
		}
		return sum == uint64(len(packed))
	}
	return true
}

// unpackRuns decodes runs of bytes, and undoes what unpack undoes, too.
func unpackRuns(to, packed []byte) bool {
	halves, done := borrow(len(to))
	defer done()
	if !expandRuns(halves, packed) {
		return false
	}
	interleave(to, halves)
	return true
}

// expandRuns decodes runs of as many bytes as there have to be.
func expandRuns(to, packed []byte) bool {
	at := 0
	for len(packed) > 1 {
		n := int(int8(packed[0]))
		packed = packed[1:]
		switch {
		case n < 0: // bytes as they are
			n = -n
			if n > len(packed) || at+n > len(to) {
				return false
			}
			copy(to[at:], packed[:n])
			packed = packed[n:]
		default:
			n++
			if at+n > len(to) {
				return false
			}
			for i := range n {
				to[at+i] = packed[0]
			}
			packed = packed[1:]
		}
		at += n
	}
	return at == len(to) && len(packed) == 0
}

// look counts values that are not finite, and notices whether each channel has
// the same value everywhere. A region has its rows one after the other, and a
// row the values of one channel after those of another.
func (c *checker) look(i int, p *part, r region, pixels []byte) {
	if c.first == nil {
		c.first = map[string][]byte{}
	}
	for y := range r.height {
		for _, ch := range p.channels {
			if samples(p.top+r.y+y, 1, ch.y) == 0 {
				continue
			}
			n := samples(p.left+r.x, r.width, ch.x) * ch.size()
			if n > len(pixels) {
				return
			}
			c.lookRow(string(rune(i))+ch.name, ch, pixels[:n])
			pixels = pixels[n:]
		}
	}
}

func (c *checker) lookRow(key string, ch checkedChannel, row []byte) {
	size := ch.size()
	if c.flat && len(row) >= size {
		first := c.first[key]
		if first == nil {
			first = bytes.Clone(row[:size])
			c.first[key] = first
		}
		c.flat = bytes.Equal(first, row[:size]) && bytes.Equal(row[size:], row[:len(row)-size])
	}
	switch ch.kind {
	case 1:
		c.values += int64(len(row) / 2)
		for ; len(row) >= 2; row = row[2:] {
			if row[1]&0x7c == 0x7c { // an exponent of ones only
				c.notFinite++
			}
		}
	case 2:
		c.values += int64(len(row) / 4)
		for ; len(row) >= 4; row = row[4:] {
			if row[3]&0x7f == 0x7f && row[2]&0x80 != 0 {
				c.notFinite++
			}
		}
	}
}
