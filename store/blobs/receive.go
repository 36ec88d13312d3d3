package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"sync"

	"renderfarm/farm/diskfree"
)

// bufferSize is how much is read, hashed and written at a time; an upload has a
// few such buffers, whatever its size.
const (
	bufferSize = 512 << 10
	buffers    = 3
)

// Files of at least directFrom bytes bypass the page cache (O_DIRECT) where that
// pays: copying a gigabyte into the cache and from there to the disk takes more of
// the processor than receiving and hashing it. Such writes begin and end at
// multiples of sector, in the file and in memory, where large buffers do anyway;
// only the end of a file is written through the cache.
const (
	directFrom = 256 << 10
	sector     = 4096
)

var bufferPool = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// errStoredByOther ends an upload whose file somebody else has sent meanwhile.
var errStoredByOther = errors.New("somebody else has sent the file")

// A receiver writes what comes to a file and into the checksum.
type receiver struct {
	file          *os.File
	name          string // below the file store
	keep          bool   // the file can be continued by another upload
	spoiled       bool   // it could not be written
	directAllowed bool   // writes may bypass the page cache
	direct        bool   // they do at present
	hash          hash.Hash
	size          int64             // the file should have
	at            int64             // bytes written and hashed
	stored        <-chan struct{}   // closed when somebody else has stored the file
	wrote         func(n int) error // told of what was written; an error ends the upload
}

func newReceiver(u Upload) *receiver { return &receiver{hash: sha256.New(), size: u.Size} }

// receive reads the body to its end. Reading goes on while the last buffers are
// hashed and written, so that network, processor and disk work at once.
func (r *receiver) receive(ctx context.Context, body io.Reader) error {
	full, free := make(chan []byte, buffers), make(chan []byte, buffers)
	for range buffers {
		b := bufferPool.Get().(*[bufferSize]byte)
		defer bufferPool.Put(b)
		free <- b[:]
	}
	failed := make(chan error, 1)
	var writer sync.WaitGroup
	writer.Go(func() { r.consume(full, free, failed) })
	err := r.read(ctx, body, full, free, failed)
	close(full)
	writer.Wait()
	select {
	case failure := <-failed: // explains what reading said, if that was cut short
		return failure
	default:
		return err
	}
}

// read fills buffers until the body ends. One byte more than the file should
// have is enough to know that it is another one.
func (r *receiver) read(ctx context.Context, body io.Reader, full chan<- []byte, free <-chan []byte, failed chan error) error {
	limited := io.LimitReader(body, r.size-r.at+1)
	skew := r.at % sector // after the first buffer all begin at a multiple
	for {
		b := <-free
		select {
		case <-r.stored:
			return errStoredByOther
		default:
		}
		if len(failed) > 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := fill(limited, b[:bufferSize-skew])
		skew = 0
		if n > 0 {
			full <- b[:n]
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until the buffer is full or there is an error. Unlike io.ReadFull
// it tells a body that ended (io.EOF) from one that was cut off.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

// consume hashes and writes buffers until there are no more.
func (r *receiver) consume(full <-chan []byte, free chan<- []byte, failed chan<- error) {
	for b := range full {
		if !r.spoiled {
			r.hash.Write(b)
			err := r.write(b)
			if err == nil {
				r.at += int64(len(b))
				err = r.wrote(len(b))
			}
			if err != nil {
				r.spoiled = true
				failed <- err
			}
		}
		free <- b
	}
	if r.direct {
		r.direct = !setDirect(r.file, false)
	}
}

// write writes a buffer, bypassing the page cache as far as that is possible.
func (r *receiver) write(b []byte) error {
	if whole := len(b) &^ (sector - 1); r.directAllowed && r.at%sector == 0 && whole > 0 && whole < len(b) {
		if err := r.writePart(r.at, b[:whole]); err != nil {
			return err
		}
		return r.writePart(r.at+int64(whole), b[whole:])
	}
	return r.writePart(r.at, b)
}

// writePart writes what belongs at the given place, the end of what was written.
func (r *receiver) writePart(at int64, b []byte) error {
	if direct := r.directAllowed && at%sector == 0 && len(b)%sector == 0; direct != r.direct {
		if setDirect(r.file, direct) {
			r.direct = direct
		} else {
			r.directAllowed = false
		}
	}
	n, err := r.file.Write(b)
	if err != nil && r.direct && n == 0 && !diskfree.IsFull(err) && setDirect(r.file, false) {
		r.directAllowed, r.direct = false, false // not on this disk after all
		_, err = r.file.Write(b)
	}
	return err
}

// verify says whether what came is the file.
func (r *receiver) verify(k Key) error {
	if r.at != k.Size {
		got := "less"
		if r.at > k.Size {
			got = "more"
		}
		return mismatch("%s came than the %d bytes that the file should have", got, k.Size)
	}
	if sum := hex.EncodeToString(r.hash.Sum(nil)); sum != k.SHA {
		return mismatch("the SHA-256 of what came is %s, and should be %s", sum, k.SHA)
	}
	return nil
}
