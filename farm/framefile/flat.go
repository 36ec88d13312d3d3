package framefile

import (
	"bytes"
	"io"
)

// rows counts the bytes of decoded pixels and notices whether all pixels are
// the same. It holds two rows, and stops comparing at the first difference.
type rows struct {
	size    int  // bytes of a row
	pixel   int  // bytes of a pixel; 0: pixels have no whole bytes, do not compare
	deltas  bool // each pixel but the first of a row is stored as the difference to the one before
	anyRow  bool // compare rows with each other only: pixels are not stored one after the other
	written int64
	first   []byte // the first row
	row     []byte // the row that is being written
	differs bool
}

func newRows(size, pixel int, deltas bool) *rows {
	return &rows{size: size, pixel: pixel, deltas: deltas, differs: pixel == 0 || size == 0}
}

// flat reports whether there were pixels, and all are the same.
func (r *rows) flat() bool { return r.written > 0 && !r.differs }

// Write never fails.
func (r *rows) Write(p []byte) (int, error) {
	r.written += int64(len(p))
	for rest := p; len(rest) > 0 && !r.differs; {
		n := min(len(rest), r.size-len(r.row))
		r.row = append(r.row, rest[:n]...)
		rest = rest[n:]
		if len(r.row) == r.size {
			r.compare()
			r.row = r.row[:0]
		}
	}
	return len(p), nil
}

// compare looks at a row that is whole.
func (r *rows) compare() {
	if r.first != nil {
		r.differs = !bytes.Equal(r.first, r.row)
		return
	}
	r.first = bytes.Clone(r.row)
	switch {
	case r.anyRow:
		return
	case r.deltas:
		r.differs = bytes.Count(r.row[min(r.pixel, len(r.row)):], []byte{0}) != len(r.row)-r.pixel
		return
	}
	// A row of equal pixels is equal to itself moved by one pixel.
	r.differs = !bytes.Equal(r.row[min(r.pixel, len(r.row)):], r.row[:max(0, len(r.row)-r.pixel)])
}

// copyRows copies uncompressed pixels, which have to be want bytes.
func copyRows(to *rows, from io.Reader, want int64) error {
	n, err := io.CopyN(to, from, want)
	if err == nil && n != want {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// pngRows is rows that are filtered as in a PNG: each has a byte in front that
// says how its bytes were predicted. Filters are undone only as long as all
// pixels are the same, which in most images ends in the first row.
type pngRows struct {
	rows
	raw   []byte // of the row that is being written, filter first
	above []byte
}

func newPNGRows(size, pixel int, compare bool) *pngRows {
	p := &pngRows{rows: *newRows(size, pixel, false), above: make([]byte, size)}
	p.differs = p.differs || !compare
	return p
}

// Write never fails.
func (p *pngRows) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0 && !p.differs; {
		n := min(len(rest), p.size+1-len(p.raw))
		p.raw = append(p.raw, rest[:n]...)
		rest = rest[n:]
		if len(p.raw) == p.size+1 {
			unfilter(p.raw[0], p.raw[1:], p.above, p.pixel)
			p.rows.Write(p.raw[1:])
			copy(p.above, p.raw[1:])
			p.raw = p.raw[:0]
		}
	}
	return len(b), nil
}

// unfilter undoes the prediction of a row. (PNG specification, chapter 9.)
func unfilter(filter byte, row, above []byte, pixel int) {
	for i := range row {
		var left, corner byte
		if i >= pixel {
			left, corner = row[i-pixel], above[i-pixel]
		}
		switch filter {
		case 1:
			row[i] += left
		case 2:
			row[i] += above[i]
		case 3:
			row[i] += byte((int(left) + int(above[i])) / 2)
		case 4:
			row[i] += paeth(int(left), int(above[i]), int(corner))
		}
	}
}

// paeth returns which of the three is nearest to left + above - corner.
func paeth(left, above, corner int) byte {
	distance := func(v int) int { return max(v-(left+above-corner), left+above-corner-v) }
	l, a, c := distance(left), distance(above), distance(corner)
	switch {
	case l <= a && l <= c:
		return byte(left)
	case a <= c:
		return byte(above)
	}
	return byte(corner)
}
