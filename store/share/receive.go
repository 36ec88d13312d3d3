package share

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/fsync"
)

// incoming is the folder of what is being received.
const incoming = ".farm-incoming"

// partsKept is how long the beginning of a file waits to be continued.
const partsKept = 24 * time.Hour

// An Upload is a file, or the rest of one, on its way to its place.
type Upload struct {
	Path   string // below the storage; what is allowed is the caller's affair
	SHA256 string
	Size   int64
	Offset int64       // where in the file Body begins
	Mode   fs.FileMode // permissions; 0: those that the umask leaves
	Keep   string      // move a file that is there into the folder .versions, with this in its name; "": replace it
	Body   io.Reader
	// May says whether the sender may still save the file. It is asked when all of it is
	// there, with nothing between the answer and the file's name but a rename.
	May func() error
}

// OffsetError says that an upload wanted to go on at a place up to which the file is
// not there.
type OffsetError struct{ Have int64 }

// Error returns the message for users.
func (e *OffsetError) Error() string {
	return fmt.Sprintf("the manager has %d bytes of the file: send it from there", e.Have)
}

func (u *Upload) part() string {
	place := sha256.Sum256([]byte(u.Path))
	return path.Join(incoming, fmt.Sprintf("%s-%d-%s.part", u.SHA256, u.Size, hex.EncodeToString(place[:8])))
}

// Have returns how much of a file was received and can be continued. whole says that
// it has its place already.
func (s *Share) Have(u Upload) (have int64, whole bool, err error) {
	root, err := s.open()
	if err != nil {
		return 0, false, err
	}
	defer root.Close()
	if info, err := root.Lstat(u.Path); err == nil && info.Mode().IsRegular() && info.Size() == u.Size && s.known(u.Path, info) == u.SHA256 {
		return u.Size, true, nil
	}
	if info, err := root.Lstat(u.part()); err == nil && info.Mode().IsRegular() {
		return min(info.Size(), u.Size), false, nil
	}
	return 0, false, nil
}

// Receive puts a file into its place when all of it has come and is what was announced.
//
// *OffsetError: see there. Busy: somebody else is sending the file. Mismatch: it is
// another, and nothing was kept. NoRoom: nothing more can be written. Any other error of
// the body means that the upload was broken off: its beginning is kept.
func (s *Share) Receive(ctx context.Context, u Upload) (err error) {
	part := u.part()
	if err := s.take(part); err != nil {
		return err
	}
	defer s.leave(part)
	root, err := s.open()
	if err != nil {
		return err
	}
	defer root.Close()
	if err := s.reserve(u.Size - u.Offset); err != nil {
		return err
	}
	defer s.release(u.Size - u.Offset)
	if err := root.MkdirAll(incoming, 0o777); err != nil {
		return noRoom(err)
	}
	s.sweep(root)
	f, err := root.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return noRoom(err)
	}
	err = receive(ctx, f, u)
	if err == nil && u.Mode != 0 {
		err = f.Chmod(u.Mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		if farm.KindOf(err) == farm.Mismatch {
			err = errors.Join(err, root.Remove(part))
		}
		return noRoom(err)
	}
	return noRoom(s.place(root, u, part))
}

// receive appends the body to the part, and checks the whole.
func receive(ctx context.Context, f *os.File, u Upload) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if have := min(info.Size(), u.Size); u.Offset > have || u.Offset < 0 {
		return &OffsetError{have}
	}
	if err := f.Truncate(u.Offset); err != nil {
		return err
	}
	sum, buffer := sha256.New(), make([]byte, bufferSize)
	if n, err := io.CopyBuffer(sum, cancelReader{ctx, io.LimitReader(f, u.Offset)}, buffer); err != nil || n != u.Offset {
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	n, err := io.CopyBuffer(onlyWriter{f, sum}, cancelReader{ctx, io.LimitReader(u.Body, u.Size-u.Offset+1)}, buffer)
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != u.Size-u.Offset || got != u.SHA256 {
		if u.Offset+n < u.Size {
			return farm.Errorf(farm.Busy, "the upload of %s broke off after %d of %d bytes: send the rest", u.Path, u.Offset+n, u.Size)
		}
		return farm.Errorf(farm.Mismatch, "what came of %s is not what was announced (SHA-256 %s): it was changed or damaged on the way. Send it again", u.Path, got)
	}
	return nil
}

// onlyWriter writes to a file and to a checksum.
type onlyWriter struct {
	f   *os.File
	sum hash.Hash
}

// Write writes what the file takes into the checksum as well.
func (w onlyWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	w.sum.Write(b[:n])
	return n, err
}

// place gives a part its name. One file at a time, so that a file never gets another's
// backup; it is quick.
func (s *Share) place(root *os.Root, u Upload, part string) error {
	s.placing.Lock()
	defer s.placing.Unlock()
	if u.May != nil {
		if err := u.May(); err != nil {
			return err
		}
	}
	dir := path.Dir(u.Path)
	if err := root.MkdirAll(dir, 0o777); err != nil {
		return farm.Errorf(farm.Invalid, "the folder of %s cannot be made in the storage: %w", u.Path, err)
	}
	if u.Keep != "" {
		if err := keep(root, u.Path, u.Keep); err != nil {
			return err
		}
	}
	if info, err := root.Lstat(u.Path); err == nil && info.IsDir() {
		return farm.Errorf(farm.Conflict, "there is a folder at %s in the storage: remove it, or save elsewhere", u.Path)
	}
	if err := root.Rename(part, u.Path); err != nil {
		return err
	}
	if info, err := root.Lstat(u.Path); err == nil {
		s.remember(u.Path, info, u.SHA256)
	}
	return fsync.DirIn(root, dir)
}

// keep moves what is at a path into the folder of earlier versions, once per name: what
// is there by then is what this time has made.
func keep(root *os.Root, file, name string) error {
	info, err := root.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	folder := path.Join(path.Dir(file), ".versions")
	ending := path.Ext(file)
	backup := path.Join(folder, strings.TrimSuffix(path.Base(file), ending)+"."+name+ending)
	if _, err := root.Lstat(backup); err == nil {
		return nil
	}
	if err := root.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if err := root.Rename(file, backup); err != nil {
		return err
	}
	return fsync.DirIn(root, folder)
}

func (s *Share) take(part string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts[part] {
		return farm.Errorf(farm.Busy, "this file is being received already: ask again in a moment")
	}
	s.parts[part] = true
	return nil
}

func (s *Share) leave(part string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parts, part)
}

// reserve makes sure that there is room, also for what others are sending.
func (s *Share) reserve(n int64) error {
	free := diskfree.Of(s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if free >= 0 && free-s.pending-n < s.keepFree {
		return farm.Errorf(farm.NoRoom, "there is no room for %s in the farm's shared storage: %s are free, and %s have to stay so. Make room there", farm.Size(n), farm.Size(free), farm.Size(s.keepFree))
	}
	s.pending += n
	return nil
}

func (s *Share) release(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending -= n
}

// sweep removes parts that nobody continues, now and then.
func (s *Share) sweep(root *os.Root) {
	now := time.Now()
	s.mu.Lock()
	due := now.Sub(s.swept) > time.Hour
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	entries, err := fs.ReadDir(root.FS(), incoming)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > partsKept && strings.HasSuffix(e.Name(), ".part") {
			root.Remove(path.Join(incoming, e.Name()))
		}
	}
}

// noRoom makes a full disk's error one that says so.
func noRoom(err error) error {
	if diskfree.IsFull(err) {
		return farm.Errorf(farm.NoRoom, "the farm's shared storage is full: %w. Make room there", err)
	}
	return err
}
