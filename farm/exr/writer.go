package exr

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// A Writer writes an image with ZIP compression, line by line.
type Writer struct {
	h       Header
	file    io.WriteSeeker
	w       *bufio.Writer
	at      int64 // bytes written
	table   int64 // where the table of offsets is
	offsets []byte
	row     int // lines given to Line
	block   []byte
}

// NewWriter writes the header. The image is whole once Close was called, after
// all lines.
func NewWriter(file io.WriteSeeker, h Header) (*Writer, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	w := &Writer{h: h, file: file, w: bufio.NewWriterSize(file, 1<<20)}
	head := appendHeader(nil, &h)
	w.table = int64(len(head))
	blocks := (h.Height + blockRows - 1) / blockRows
	return w, w.write(append(head, make([]byte, 8*blocks)...))
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.at += int64(n)
	return err
}

// Line writes the next line, in the form that Reader.Line returns.
func (w *Writer) Line(line []byte) error {
	if len(line) != w.h.rowSize() || w.row == w.h.Height {
		return damaged("line %d of %d bytes does not fit in", w.row, len(line))
	}
	w.block = append(w.block, line...)
	w.row++
	if w.row%blockRows != 0 && w.row != w.h.Height {
		return nil
	}
	first := (w.row - 1) / blockRows * blockRows
	packed := pack(w.block)
	w.offsets = order.AppendUint64(w.offsets, uint64(w.at))
	head := order.AppendUint32(order.AppendUint32(nil, uint32(first)), uint32(len(packed)))
	err := errors.Join(w.write(head), w.write(packed))
	w.block = w.block[:0]
	return err
}

// Close writes what is left. It does not close the file.
func (w *Writer) Close() error {
	if w.row != w.h.Height {
		return damaged("it has %d of %d lines", w.row, w.h.Height)
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	if _, err := w.file.Seek(w.table, io.SeekStart); err != nil {
		return err
	}
	_, err := w.file.Write(w.offsets)
	return err
}

// pack compresses a block; see unpack. One that would not get smaller is
// returned as it is.
func pack(block []byte) []byte {
	halves := make([]byte, len(block))
	second := (len(block) + 1) / 2
	for i, b := range block {
		halves[i%2*second+i/2] = b
	}
	last := byte(0)
	for i, b := range halves {
		if i > 0 {
			halves[i] = b - last + 128
		}
		last = b
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(halves) // a buffer takes everything
	z.Close()
	if packed.Len() >= len(block) {
		return block
	}
	return packed.Bytes()
}
