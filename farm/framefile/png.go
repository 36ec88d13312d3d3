package framefile

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// checkPNG verifies a PNG from its signature to its end chunk: the checksum of
// every chunk, that the pixel data inflates to exactly what the header
// promises, and that IEND is there. It holds no more than a few rows, so images
// of any size can be checked. (PNG specification, third edition, chapters 5-11.)
func checkPNG(s source) (Image, error) {
	p := &pngReader{r: s.from(8), sum: crc32.NewIEEE(), image: Image{Proof: Checksummed}}
	err := p.check()
	return p.image, err
}

func (p *pngReader) check() error {
	want, err := p.header()
	if err != nil {
		return err
	}
	for p.kind != "IDAT" {
		if p.kind == "IEND" {
			return errors.New("it has no pixel data")
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	if err := p.pixels(want); err != nil {
		return err
	}
	for p.kind != "IEND" {
		if err := p.next(); err != nil {
			return err
		}
	}
	return p.end()
}

// pngReader walks the chunks of a PNG. The current chunk is kind, of which
// left bytes were not read yet.
type pngReader struct {
	image Image
	rows  *pngRows
	r     *bufio.Reader
	sum   hash.Hash32 // of the current chunk's kind and data
	kind  string
	left  uint32
}

// next ends the current chunk and begins the following one.
func (p *pngReader) next() error {
	if p.kind != "" {
		if err := p.end(); err != nil {
			return err
		}
	}
	var head [8]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return err
	}
	p.left, p.kind = binary.BigEndian.Uint32(head[:4]), string(head[4:])
	if p.left > 1<<31-1 {
		return errors.New("a chunk has an impossible length")
	}
	p.sum.Reset()
	p.sum.Write(head[4:])
	return nil
}

// end reads what is left of the chunk and compares its checksum.
func (p *pngReader) end() error {
	n, err := io.CopyN(p.sum, p.r, int64(p.left))
	p.left -= uint32(n)
	if err != nil {
		return err
	}
	var sum [4]byte
	if _, err := io.ReadFull(p.r, sum[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(sum[:]) != p.sum.Sum32() {
		return errors.New("a checksum is wrong")
	}
	return nil
}

// header reads IHDR and returns how many bytes the pixel data inflates to.
func (p *pngReader) header() (int64, error) {
	if err := p.next(); err != nil {
		return 0, err
	}
	if p.kind != "IHDR" || p.left != 13 {
		return 0, errors.New("it does not begin with a header")
	}
	var h [13]byte
	if _, err := io.ReadFull(p.r, h[:]); err != nil {
		return 0, err
	}
	p.sum.Write(h[:])
	p.left = 0
	width, height := int64(binary.BigEndian.Uint32(h[0:])), int64(binary.BigEndian.Uint32(h[4:]))
	channels, ok := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[h[9]]
	const most = 1 << 24 // a side; keeps the sizes below far from overflow
	if !ok || h[8] == 0 || h[8] > 16 || h[12] > 1 || width == 0 || height == 0 || width > most || height > most {
		return 0, errors.New("its header is invalid")
	}
	p.image.Width, p.image.Height = int(width), int(height)
	bits := channels * int64(h[8])
	p.rows = newPNGRows(int((width*bits+7)/8), int(bits/8), h[12] == 0 && bits%8 == 0)
	return inflatedSize(width, height, bits, h[12] == 1), p.next()
}

// inflatedSize returns the size of the pixel data: each row has a filter byte
// and is padded to whole bytes. An interlaced image is seven smaller ones.
func inflatedSize(width, height, bits int64, interlaced bool) int64 {
	rows := func(w, h int64) int64 {
		if w <= 0 || h <= 0 {
			return 0
		}
		return h * (1 + (w*bits+7)/8)
	}
	if !interlaced {
		return rows(width, height)
	}
	total := int64(0)
	for _, pass := range [7][4]int64{ // x and y of the first pixel, and the steps
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		total += rows((width-pass[0]+pass[2]-1)/pass[2], (height-pass[1]+pass[3]-1)/pass[3])
	}
	return total
}

// pixels inflates the pixel data, which starts in the current IDAT chunk, and
// counts it. The zlib stream has a checksum of its own.
func (p *pngReader) pixels(want int64) error {
	z, err := zlib.NewReader(pngData{p})
	if err != nil {
		return err
	}
	defer z.Close()
	got, err := io.Copy(p.rows, io.LimitReader(z, want+1))
	if err == nil && got != want {
		err = errors.New("its pixel data does not have the size its header says")
	}
	p.image.Flat = p.rows.flat()
	return err
}

// pngData reads the data of consecutive IDAT chunks as one stream.
type pngData struct{ p *pngReader }

// Read returns io.EOF at the first chunk of another kind.
func (d pngData) Read(b []byte) (int, error) {
	for d.p.left == 0 {
		if d.p.kind != "IDAT" {
			return 0, io.EOF
		}
		if err := d.p.next(); err != nil {
			return 0, err
		}
	}
	if d.p.kind != "IDAT" {
		return 0, io.EOF
	}
	n, err := d.p.r.Read(b[:min(len(b), int(d.p.left))])
	d.p.sum.Write(b[:n])
	d.p.left -= uint32(n)
	return n, err
}
