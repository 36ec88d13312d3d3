// Package share reads and writes files of the shared storage for those who do not have
// it: the workers with a mirror.
//
//	<shared>/
//	├─ .farm-incoming/<sha>-<size>-<place>.part   the beginning of a file, which an upload can continue
//	└─ renders/…                                  where it goes when it is whole
//
// A file that was received has its name, its content and both on the disk when Receive
// returns. A crash leaves the part, and the next upload continues it. What nobody has
// continued for a day is removed.
//
// Nothing outside of the storage is read or written, whatever links are in it: all goes
// through an os.Root.
package share

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"renderfarm/farm"
)

// A Share is the shared storage. Its methods may be called from any goroutine.
type Share struct {
	dir      string
	keepFree int64 // bytes that must stay free on the disk

	mu      sync.Mutex        // guards what follows; nothing is taken while it is held
	sums    map[sumKey]string // SHA-256 of files that were read
	parts   map[string]bool   // being received
	swept   time.Time         // when old parts were last looked for
	pending int64             // bytes that uploads under way have yet to write

	placing sync.Mutex // held while a file gets its name; taken before mu
}

// A sumKey is a file as it was when it was read.
type sumKey struct {
	path     string
	size     int64
	modified time.Time
}

// maxSums bounds how many checksums are remembered.
const maxSums = 200_000

// New returns the share in a folder. It touches nothing yet: the folder may be mounted
// later.
func New(dir string, keepFree int64) *Share {
	return &Share{dir: dir, keepFree: keepFree, sums: map[sumKey]string{}, parts: map[string]bool{}}
}

func (s *Share) open() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, farm.Errorf(farm.Off, "the farm's shared storage %s cannot be used on the manager: %w. Is it mounted?", s.dir, err)
	}
	return root, nil
}

// A Listing says which files Walk tells of.
type Listing struct {
	Path  string // below the storage: a file, or a folder
	Below bool   // also what is in folders of it
	Most  int    // files, then it is TooLarge
	// Wanted says by its path whether a file is told of; others are not even looked at.
	// nil wants all.
	Wanted func(file string) bool
	// Sum returns the checksum of a file if somebody knows it, else ""; it may be nil.
	Sum func(file string) string
}

// Walk calls tell with the files at a place, none if nothing is there. Links are
// followed as far as they stay in the storage; those to folders are left out.
func (s *Share) Walk(ctx context.Context, l Listing, tell func(farm.MirrorFile)) error {
	root, err := s.open()
	if err != nil {
		return err
	}
	defer root.Close()
	n := 0
	return fs.WalkDir(root.FS(), l.Path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && (errors.Is(err, fs.ErrNotExist) || name != l.Path):
			return nil // it went meanwhile, or leads out of the storage
		case err != nil:
			return err
		case d.IsDir() && name != l.Path && !l.Below:
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		if l.Wanted != nil && !l.Wanted(name) {
			return nil
		}
		info, err := root.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		if n++; n > l.Most {
			return farm.Errorf(farm.TooLarge, "there are more than %d files in %s: a worker with a mirror cannot fetch so many", l.Most, l.Path)
		}
		sum := s.known(name, info)
		if sum == "" && l.Sum != nil {
			if sum = l.Sum(name); sum != "" {
				s.remember(name, info, sum) // whoever opens it need not read it first
			}
		}
		tell(farm.MirrorFile{Path: name, Size: info.Size(), Modified: stamp(info), SHA256: sum})
		return nil
	})
}

func stamp(info fs.FileInfo) time.Time { return info.ModTime().UTC().Truncate(time.Millisecond) }

// An Opened is a file to be sent.
type Opened struct {
	*os.File
	SHA256   string
	Size     int64
	Modified time.Time
}

// Open opens a file and finds out its checksum, which takes reading it once.
func (s *Share) Open(ctx context.Context, name string) (o Opened, err error) {
	root, err := s.open()
	if err != nil {
		return o, err
	}
	defer root.Close()
	// A named pipe would be waited for until somebody writes to it.
	if info, err := root.Stat(name); err == nil && !info.Mode().IsRegular() {
		return o, farm.Errorf(farm.NotFound, "%s is not a file", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return o, farm.Errorf(kindOf(err), "the file %s of the storage cannot be read: %w", name, err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = farm.Errorf(farm.NotFound, "%s is not a file", name)
	}
	if err != nil {
		return o, err
	}
	o = Opened{File: f, SHA256: s.known(name, info), Size: info.Size(), Modified: stamp(info)}
	if o.SHA256 != "" {
		return o, nil
	}
	sum := sha256.New()
	if _, err = io.CopyBuffer(sum, cancelReader{ctx, f}, make([]byte, bufferSize)); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return o, err
	}
	o.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if after, err := f.Stat(); err == nil && after.Size() == info.Size() && after.ModTime().Equal(info.ModTime()) {
		s.learn(name, info, o.SHA256)
	}
	return o, nil
}

func kindOf(err error) farm.Kind {
	if errors.Is(err, fs.ErrNotExist) {
		return farm.NotFound
	}
	return farm.Invalid
}

// known returns the checksum of a file that has not changed since it was read, "" for none.
func (s *Share) known(name string, info fs.FileInfo) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sums[sumKey{path.Clean(name), info.Size(), info.ModTime()}]
}

// learn remembers a checksum. A file that was changed just now may be changed again
// within what its time tells apart.
func (s *Share) learn(name string, info fs.FileInfo, sum string) {
	if time.Since(info.ModTime()) >= unsettled {
		s.remember(name, info, sum)
	}
}

// remember is learn for a file that is known not to change.
func (s *Share) remember(name string, info fs.FileInfo, sum string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sums) >= maxSums {
		clear(s.sums)
	}
	s.sums[sumKey{path.Clean(name), info.Size(), info.ModTime()}] = sum
}

// unsettled is how long after a change a file's checksum is not remembered.
const unsettled = 3 * time.Second

const bufferSize = 512 << 10

// A cancelReader stops reading when the context ends.
type cancelReader struct {
	ctx context.Context
	io.Reader
}

// Read reads, or returns why the context ended.
func (r cancelReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
