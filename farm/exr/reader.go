package exr

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math"
	"os"
	"sync"
)

// A Reader reads the lines of an image, from the top to the bottom.
type Reader struct {
	Header
	file    io.ReaderAt
	close   func() error
	p       *parsed
	offsets []int64
	next    int // block to be read
	row     int // the first line that Lines returns next
	block   []byte
	left    []byte // of block, not returned yet
}

// scratch holds *[]byte for what is needed while one block is read. Many images
// are read side by side, and each keeps no more than its block.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// borrow returns n bytes of anything, and a function that gives them back.
func borrow(n int) ([]byte, func()) {
	b := scratch.Get().(*[]byte)
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n], func() { scratch.Put(b) }
}

// Open opens an image and reads its header. Errors are of kind farm.Invalid
// (damaged, cut short) and farm.Unsupported (another kind of OpenEXR image).
func Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, close: file.Close}
	if err := r.open(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

func (r *Reader) open() error {
	var err error
	if r.p, err = readHeader(io.NewSectionReader(r.file, 0, math.MaxInt64)); err != nil {
		return err
	}
	r.Header = r.p.Header
	switch {
	case r.p.refused != nil:
		return r.p.refused
	case r.p.rows == 0:
		return damaged("it does not say how it is compressed")
	}
	if r.offsets, err = r.p.offsets(r.file); err != nil {
		return err
	}
	r.block = make([]byte, r.p.rows*r.rowSize())
	return nil
}

// offsets reads the table of where the blocks are.
func (p *parsed) offsets(file io.ReaderAt) (list []int64, err error) {
	table := make([]byte, 8*((p.Height+p.rows-1)/p.rows))
	if _, err := file.ReadAt(table, p.size); err != nil {
		return nil, damaged("it is cut short")
	}
	first := p.size + int64(len(table))
	for ; len(table) > 0; table = table[8:] {
		offset := int64(order.Uint64(table))
		// A program that was ended while it wrote leaves a table of zeros.
		if offset < first {
			return nil, damaged("it is cut short")
		}
		list = append(list, offset)
	}
	return list, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// Line returns the next line: of each channel, in their order, the values of
// all pixels from left to right. It is valid until the next call. After the
// last line the error is io.EOF.
func (r *Reader) Line() ([]byte, error) {
	if r.row == r.Height {
		return nil, io.EOF
	}
	if len(r.left) == 0 {
		if err := r.readBlock(); err != nil {
			return nil, err
		}
	}
	line := r.left[:r.rowSize()]
	r.left = r.left[len(line):]
	r.row++
	return line, nil
}

// Seek makes line y, counted from 0, the next one.
func (r *Reader) Seek(y int) error {
	r.next = y / r.p.rows
	r.row, r.left = r.next*r.p.rows, nil
	for r.row < y {
		if _, err := r.Line(); err != nil {
			return err
		}
	}
	return nil
}

// readBlock reads the next block of lines.
func (r *Reader) readBlock() error {
	rows := min(r.p.rows, r.Height-r.row)
	want := r.block[:rows*r.rowSize()]
	var head [8]byte
	if _, err := r.file.ReadAt(head[:], r.offsets[r.next]); err != nil {
		return damaged("it is cut short at line %d", r.row)
	}
	y, size := int(int32(order.Uint32(head[:]))), int(int32(order.Uint32(head[4:])))
	if y != r.p.top+r.row || size <= 0 || size > len(want) {
		return damaged("there is something else at line %d", r.row)
	}
	packed, done := borrow(size)
	defer done()
	if _, err := r.file.ReadAt(packed, r.offsets[r.next]+8); err != nil {
		return damaged("it is cut short at line %d", r.row)
	}
	// What would not get smaller is stored as it is.
	if size == len(want) {
		copy(want, packed)
	} else if !r.p.zip || !unpack(want, packed) {
		return damaged("its lines from %d on cannot be read", r.row)
	}
	r.next++
	r.left = want
	return nil
}

// unpack decompresses a block: deflate, then see interleave.
func unpack(to, packed []byte) bool {
	halves, done := borrow(len(to))
	defer done()
	if !inflate(halves, packed) {
		return false
	}
	interleave(to, halves)
	return true
}

// inflate decompresses a whole zlib stream of as many bytes as there have to be.
func inflate(to, packed []byte) bool {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false
	}
	if _, err := io.ReadFull(z, to); err != nil {
		return false
	}
	// Reading to the end compares the checksum.
	n, err := z.Read(make([]byte, 1))
	return n == 0 && err == io.EOF
}

// interleave undoes what makes pixels easier to compress: sums of the
// differences between bytes, then the first and the second half of the bytes in
// turns. It changes halves.
func interleave(to, halves []byte) {
	for i := 1; i < len(halves); i++ {
		halves[i] += halves[i-1] - 128
	}
	second := (len(to) + 1) / 2
	for i := range to {
		if i%2 == 0 {
			to[i] = halves[i/2]
		} else {
			to[i] = halves[second+i/2]
		}
	}
}
