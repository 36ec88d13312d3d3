package blendfile

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"renderfarm/farm"
)

// A .blend file is a header and a row of blocks, each with a header of its own;
// the block DNA1 describes the structures in all others, ENDB is the last.
// Since version 3.0 the whole is compressed with zstd, before with gzip, if at
// all. Source of the format: Blender's own documentation of it
// (doc/blender_file_format), and for 5.0 its release notes.

// A blendHeader is the beginning of a .blend file.
type blendHeader struct {
	version [2]int // 3, 4
	pointer int    // bytes of a pointer: 4 or 8
	order   binary.ByteOrder
	large   bool // blocks have headers of the form introduced in 5.0
}

// A block is the header of one block.
type block struct {
	code string // "SC", "DATA", "DNA1"; without zeros
	size int64  // bytes that follow
	old  uint64 // where it was in the memory of the Blender that saved it: its name in pointers
	kind int    // number of its structure in the DNA
}

// Bounds on what is believed of a file. Real ones stay far below.
const (
	maxWindow = 128 << 20 // of compression
	maxBlocks = 50 << 20
)

// A blockReader reads the blocks of one file in their order.
type blockReader struct {
	ctx    context.Context
	header blendHeader
	r      *bufio.Reader
	file   *os.File // not compressed, and can be skipped through; else nil
	close  []func()
	blocks int
	buffer [32]byte
}

// openBlocks opens a .blend, compressed or not. The caller closes it.
func openBlocks(ctx context.Context, path string) (*blockReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "cannot read %s: %w", path, err)
	}
	b := &blockReader{ctx: ctx, close: []func(){func() { f.Close() }}}
	if err := b.begin(f); err != nil {
		b.end()
		return nil, farm.Errorf(farm.Invalid, "%s is damaged, or newer than this program knows: %w", path, err)
	}
	return b, nil
}

// A cancelReader ends with its context: a small compressed file can be endless.
type cancelReader struct {
	ctx context.Context
	io.Reader
}

// Read reads, or returns why the context ended.
func (r *cancelReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// end closes the file.
func (b *blockReader) end() {
	for n := len(b.close) - 1; n >= 0; n-- {
		b.close[n]()
	}
}

// begin finds out how the file is compressed, and reads its header.
func (b *blockReader) begin(f *os.File) error {
	b.r = bufio.NewReaderSize(f, 1<<16)
	magic, err := b.r.Peek(4)
	if err != nil {
		return err
	}
	switch {
	case string(magic[:2]) == "\x1f\x8b":
		z, err := gzip.NewReader(b.r)
		if err != nil {
			return err
		}
		b.r = bufio.NewReaderSize(&cancelReader{b.ctx, z}, 1<<16)
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(b.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err
		}
		b.close = append(b.close, z.Close)
		b.r = bufio.NewReaderSize(&cancelReader{b.ctx, z}, 1<<16)
	default:
		b.file = f
	}
	return b.readHeader()
}

// readHeader reads the two forms of header: BLENDER-v304, and since 5.0 one
// that begins with its own length, BLENDER17-01v0500.
func (b *blockReader) readHeader() error {
	h := make([]byte, 17)
	if _, err := io.ReadFull(b.r, h[:12]); err != nil {
		return err
	}
	if string(h[:7]) != "BLENDER" {
		return errors.New("it does not begin with BLENDER")
	}
	if h[7] == '-' || h[7] == '_' {
		return b.header.fill(h[7], h[8], string(h[9:10]), string(h[10:12]))
	}
	if _, err := io.ReadFull(b.r, h[12:]); err != nil {
		return err
	}
	if string(h[7:9]) != "17" || string(h[10:12]) != "01" {
		return fmt.Errorf("its header %q is of an unknown form", h)
	}
	b.header.large = true
	return b.header.fill(h[9], h[12], string(h[13:15]), string(h[15:17]))
}

// fill reads the parts of a header.
func (h *blendHeader) fill(pointer, order byte, major, minor string) error {
	h.pointer, h.order = 4, binary.ByteOrder(binary.LittleEndian)
	if pointer == '-' {
		h.pointer = 8
	}
	if order == 'V' {
		h.order = binary.BigEndian
	}
	var err1, err2 error
	h.version[0], err1 = strconv.Atoi(major)
	h.version[1], err2 = strconv.Atoi(minor)
	if err := errors.Join(err1, err2); err != nil || order != 'v' && order != 'V' || pointer != '-' && pointer != '_' {
		return errors.New("its header cannot be read")
	}
	return nil
}

// next returns the next block; its content follows in the reader. io.EOF is
// where the file ends as it should.
func (b *blockReader) next() (block, error) {
	size := 16 + b.header.pointer // code, length, address, structure, count
	if b.header.large {
		size = 32
	}
	// In the large form the last block may be no more than its code.
	if code, err := b.r.Peek(8); b.header.large && err == nil && string(code[:4]) == "ENDB" {
		return block{code: "ENDB"}, io.EOF
	}
	h := b.buffer[:size]
	if _, err := io.ReadFull(b.r, h); err != nil {
		return block{}, fmt.Errorf("it ends too early: %w", noEOF(err))
	}
	code := string(h[:4])
	for len(code) > 0 && code[len(code)-1] == 0 {
		code = code[:len(code)-1]
	}
	o, k := b.header.order, block{code: code}
	switch {
	case b.header.large:
		k.kind, k.old, k.size = int(o.Uint32(h[4:])), o.Uint64(h[8:]), int64(o.Uint64(h[16:]))
	case b.header.pointer == 8:
		k.size, k.old, k.kind = int64(int32(o.Uint32(h[4:]))), o.Uint64(h[8:]), int(o.Uint32(h[16:]))
	default:
		k.size, k.old, k.kind = int64(int32(o.Uint32(h[4:]))), uint64(o.Uint32(h[8:])), int(o.Uint32(h[12:]))
	}
	if b.blocks++; k.size < 0 || b.blocks > maxBlocks {
		return block{}, fmt.Errorf("block %d has the impossible size %d", b.blocks, k.size)
	}
	if code == "ENDB" {
		return k, io.EOF
	}
	return k, nil
}

// noEOF keeps the end in the middle of something from looking like a good end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// head returns the beginning of a block's content, at most so much of it, and
// skips the rest.
func (b *blockReader) head(k block, most int64) ([]byte, error) {
	text := make([]byte, min(k.size, most))
	if _, err := io.ReadFull(b.r, text); err != nil {
		return nil, fmt.Errorf("it ends too early: %w", noEOF(err))
	}
	return text, b.skip(k.size - int64(len(text)))
}

// skip leaves out so many bytes.
func (b *blockReader) skip(n int64) error {
	if buffered := int64(b.r.Buffered()); b.file != nil && n > buffered {
		// What is beyond the end is noticed at the next header.
		if _, err := b.file.Seek(n-buffered, io.SeekCurrent); err != nil {
			return err
		}
		b.r.Reset(b.file)
		return nil
	}
	if _, err := io.CopyN(io.Discard, b.r, n); err != nil {
		return fmt.Errorf("it ends too early: %w", noEOF(err))
	}
	return nil
}
