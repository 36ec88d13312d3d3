package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// Stored files are read-only, but permissions do not stop root: a script that saves
// a texture through the link of its checkout would change the file of every other
// job. So a file is looked at each time before it is used again: its time of change
// has a stamp in it, and whoever writes to it leaves another time. A file without the
// stamp is read and hashed: if it is what it should be, because the whole store was
// copied or comes from another program, it gets the stamp; if not, it does not count
// as stored, and the next upload replaces it, for all that link to it.
//
// The look costs nothing, because the time is read and written for Collect anyway.
// Copies instead of links would cost the room and time of every job's files; the
// immutable flag would have to be lifted for each use, and needs root itself.

// stampUnit is what all file systems that keep fractions of seconds can hold: NTFS
// and SMB keep multiples of 100 ns.
const stampUnit = 100

// stamp returns a time of the same second that only the store gives to the file.
func stamp(k Key, t time.Time) time.Time {
	const digits = 8 // of the checksum
	n, _ := strconv.ParseUint(k.SHA[:digits], 16, 64)
	most := uint64(time.Second / stampUnit)
	return t.Truncate(time.Second).Add(time.Duration(1+n%(most-1)) * stampUnit)
}

// stamped reports whether a file has not been written to since it got its stamp.
func stamped(k Key, info fs.FileInfo) bool {
	return info.ModTime().Equal(stamp(k, info.ModTime()))
}

// setStamp makes a stored file as good as new for Collect.
func setStamp(root *os.Root, k Key) error {
	now := time.Now()
	t := stamp(k, now)
	if t.After(now) { // nothing is newer than now: Collect compares
		t = t.Add(-time.Second)
	}
	return root.Chtimes(k.stored(), t, t)
}

// touch reports whether a file is stored and is what it was, and makes it as good
// as new for Collect.
func (s *Store) touch(ctx context.Context, d *folders, k Key) (bool, error) {
	is, good, err := s.refresh(d, k)
	if err != nil || !is || good {
		return is, err
	}
	select {
	case s.verifies <- struct{}{}:
		defer func() { <-s.verifies }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if is, good, err = s.refresh(d, k); err != nil || !is || good { // somebody else has verified it
		return is, err
	}
	return s.verify(ctx, d, k)
}

// refresh reports whether a file is stored, and whether it has its stamp. If so,
// it is as good as new.
func (s *Store) refresh(d *folders, k Key) (is, good bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	info, err := d.files.Lstat(k.stored())
	switch {
	case isMissing(err):
		return false, false, nil
	case err != nil:
		return false, false, err
	case !info.Mode().IsRegular() || info.Size() != k.Size:
		return false, false, nil // damaged: an upload replaces it
	case !stamped(k, info):
		return true, false, nil
	case time.Since(info.ModTime()) < time.Minute:
		return true, true, nil
	}
	return true, true, setStamp(d.files, k)
}

// verify reads a stored file, and reports whether it is what it should be. It holds
// nothing up meanwhile: a large file takes seconds.
func (s *Store) verify(ctx context.Context, d *folders, k Key) (bool, error) {
	f, err := d.files.Open(k.stored())
	if isMissing(err) {
		return false, nil // collected meanwhile
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return false, err
	}
	hash := sha256.New()
	if _, err := io.CopyBuffer(hash, &cancelReader{ctx, f}, make([]byte, bufferSize)); err != nil {
		return false, fmt.Errorf("read a stored file to verify it: %w", err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != k.SHA {
		s.o.Log.Warn("a stored file was changed, probably by a job that saved over a file of its checkout on a worker that runs as root; it has to be sent again",
			"sha", k.SHA, "size", k.Size, "changed", before.ModTime())
		return false, nil
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	now, err := d.files.Lstat(k.stored())
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, err
	case !os.SameFile(before, now) || !now.ModTime().Equal(before.ModTime()):
		return false, errors.New("a stored file is being changed at this moment: try again")
	}
	return true, setStamp(d.files, k)
}
