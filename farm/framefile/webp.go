package framefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

// checkRIFF walks the chunks of a RIFF file, all of which have to lie inside the
// file, and calls f with each one's kind, offset and size.
func checkRIFF(s source, f func(kind string, at, size int64) error) error {
	h := s.head(0, 12)
	if len(h) < 12 {
		return cutShort(s, 12)
	}
	end := int64(binary.LittleEndian.Uint32(h[4:])) + 8
	if end > s.size {
		return cutShort(s, end)
	}
	for at := int64(12); at+8 <= end; {
		c := s.head(at, 8)
		size := int64(binary.LittleEndian.Uint32(c[4:]))
		if at+8+size > s.size {
			return cutShort(s, at+8+size)
		}
		if err := f(string(c[:4]), at+8, size); err != nil {
			return err
		}
		at += 8 + size + size&1
	}
	return nil
}

// checkWebP checks a WebP image. Lossy ones have no checksum and no code that
// could be wrong, so damage within them is seen by nobody but people. (Google,
// "WebP Container Specification".)
func checkWebP(s source) (Image, error) {
	m := Image{Proof: Decoded}
	pixels, animated := false, false
	err := checkRIFF(s, func(kind string, at, size int64) error {
		switch kind {
		case "VP8 ":
			pixels, m.Proof = true, Measured
		case "VP8L":
			pixels = true
		case "ANMF":
			animated, m.Proof = true, Measured
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	if animated {
		return m, nil
	}
	if !pixels {
		return m, errors.New("it has no pixel data")
	}
	c, err := webp.DecodeConfig(s.from(0))
	if err != nil {
		return m, err
	}
	m.Width, m.Height = c.Width, c.Height
	if c.Width*c.Height > maxDecoded {
		m.Proof = Measured
		return m, nil
	}
	decoded, err := webp.Decode(s.from(0))
	if err != nil {
		return m, err
	}
	if b := decoded.Bounds(); b.Dx() != c.Width || b.Dy() != c.Height {
		return m, fmt.Errorf("its pixels are %d by %d, and its header says %d by %d", b.Dx(), b.Dy(), c.Width, c.Height)
	}
	m.Flat = isFlat(decoded)
	return m, nil
}

// isFlat reports whether all pixels are the same.
func isFlat(m image.Image) bool {
	b := m.Bounds()
	first := m.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if m.At(x, y) != first {
				return false
			}
		}
	}
	return true
}
