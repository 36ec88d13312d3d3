package store

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// How bulky parts of records are kept: a method byte, then the bytes.
const (
	packPlain = 0
	packFlate = 1

	packFrom = 1 << 10 // bytes; less is not worth the time
)

// Both are large (a writer allocates more than a megabyte), and jobs may come
// by the thousand: they are used again.
var (
	deflaters = sync.Pool{New: func() any { w, _ := flate.NewWriter(nil, flate.DefaultCompression); return w }}
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

// appendPacked appends raw to b, compressed if that saves anything.
func appendPacked(b, raw []byte) []byte {
	if len(raw) < packFrom {
		return append(append(b, packPlain), raw...)
	}
	start := len(b)
	out := bytes.NewBuffer(append(b, packFlate))
	w := deflaters.Get().(*flate.Writer)
	w.Reset(out)
	w.Write(raw) // a Buffer never fails
	w.Close()
	deflaters.Put(w)
	if out.Len()-start > len(raw) {
		return append(append(out.Bytes()[:start], packPlain), raw...)
	}
	return out.Bytes()
}

// unpack returns what was packed, at most most bytes of it: a damaged record
// must not fill the memory. A result that was not compressed is part of b.
func unpack(b []byte, most int) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	switch method, b := b[0], b[1:]; method {
	case packPlain:
		return b, nil
	case packFlate:
		r := inflaters.Get().(io.ReadCloser)
		defer inflaters.Put(r)
		if err := r.(flate.Resetter).Reset(bytes.NewReader(b), nil); err != nil {
			return nil, err
		}
		var out bytes.Buffer
		out.Grow(min(4*len(b), most))
		n, err := io.Copy(&out, io.LimitReader(r, int64(most)+1))
		if err != nil {
			return nil, fmt.Errorf("it does not decompress: %w", err)
		}
		if n > int64(most) {
			return nil, fmt.Errorf("it decompresses to more than %d bytes", most)
		}
		return out.Bytes(), nil
	default:
		return nil, fmt.Errorf("it is compressed by method %d, which this version of Farm does not know", method)
	}
}
