package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"
	"time"

	"renderfarm/farm"
)

// An Upload is a file, or the rest of one, on its way into the store.
type Upload struct {
	Key
	Body   io.Reader
	Length int64  // of Body; -1 if nobody said
	Offset int64  // where in the file Body begins; what comes before must be left of a broken-off upload
	Client string // who sends it, as far as one can tell: its address
	Defer  bool   // the sender would rather be told than wait while somebody else sends the file
}

// Outcome is how an upload ended well.
type Outcome uint8

const (
	Stored   Outcome = iota + 1 // by this upload
	Already                     // it was there, or somebody else sent it meanwhile
	Deferred                    // somebody else is sending it; nothing was read
)

// OffsetError says that an upload wanted to go on at a place up to which the
// store does not have the file.
type OffsetError struct {
	Have int64 // bytes that are there
	Err  error // for the sender, a farm.Conflict
}

// Error returns the message for users.
func (e *OffsetError) Error() string { return e.Err.Error() }

// Unwrap returns the farm.Error.
func (e *OffsetError) Unwrap() error { return e.Err }

// joinFor is how long an upload waits for another one of the same file. Then it
// goes its own way, as the other one may be on a slow line; who ends first ends both.
const joinFor = 30 * time.Second

// A transfer is the uploads of one file that are in flight.
type transfer struct {
	placing sync.Mutex // held while one of them gives the file its name; taken before Store.gate and Store.mu

	// Guarded by Store.mu:

	uploads int           // how many
	part    bool          // one of them writes the part that can be continued
	stored  chan struct{} // closed when one of them has sent the whole file
	left    chan struct{} // closed and replaced when one of them ends
}

// Put stores a file, when all of it has come and is what its key says. It has
// its name then, so that a crash of the program does not lose it; a checkout
// makes sure that it is safe from a power cut.
//
// Mismatch: the size or checksum is another, and nothing was kept. NoRoom: it
// would fill the disk or go over the quota, and nothing was kept. *OffsetError:
// see there. Any other error of the body or the context means that the upload
// was broken off: its beginning is kept, so that it can be continued.
func (s *Store) Put(ctx context.Context, u Upload) (Outcome, error) {
	if err := u.check(); err != nil {
		return 0, err
	}
	giveBack, err := s.slots.Take(ctx, u.Client)
	if err != nil {
		return 0, err
	}
	defer giveBack()
	d, err := s.open()
	if err != nil {
		return 0, err
	}
	defer d.close()
	f, part, outcome, err := s.join(ctx, d, u)
	if f == nil {
		return outcome, err
	}
	defer s.leave(u.Key, f, part)
	return s.receive(ctx, d, u, f, part)
}

// check says what is wrong with an upload before any of it is read.
func (u *Upload) check() error {
	if err := u.Key.Check(); err != nil {
		return err
	}
	if u.Offset < 0 || u.Offset > u.Size {
		return farm.Errorf(farm.Invalid, "the upload is to continue at byte %d of a file of %d bytes", u.Offset, u.Size)
	}
	if u.Length >= 0 && u.Length != u.Size-u.Offset {
		return mismatch("the upload has %d bytes, and the file should have %d", u.Length+u.Offset, u.Size)
	}
	return nil
}

func mismatch(format string, args ...any) error {
	return farm.Errorf(farm.Mismatch, "%s: the file was changed while it was sent, or damaged on the way. Nothing of it was kept; send it again", fmt.Sprintf(format, args...))
}

// join makes the upload one of those of its file, once it may go on: with the
// part if nobody has it, else after waiting for who has it. Without a transfer, the
// upload ended before it began.
func (s *Store) join(ctx context.Context, d *folders, u Upload) (f *transfer, part bool, outcome Outcome, err error) {
	patience := time.NewTimer(joinFor)
	defer patience.Stop()
	for patient := true; ; {
		status, err := s.status(ctx, d, u.Key)
		if err != nil {
			return nil, false, 0, err
		}
		if status == Present {
			return nil, false, Already, nil
		}
		s.mu.Lock()
		f := s.inFlight[u.Key]
		switch {
		case f == nil:
			f = &transfer{uploads: 1, part: true, stored: make(chan struct{}), left: make(chan struct{})}
			s.inFlight[u.Key] = f
			s.mu.Unlock()
			return f, true, 0, nil
		case u.Defer:
			s.mu.Unlock()
			return nil, false, Deferred, nil
		case !f.part || !patient:
			part = !f.part
			f.uploads, f.part = f.uploads+1, true
			s.mu.Unlock()
			return f, part, 0, nil
		}
		left := f.left
		s.mu.Unlock()
		select {
		case <-left:
		case <-patience.C:
			patient = false
		case <-ctx.Done():
			return nil, false, 0, context.Cause(ctx)
		}
	}
}

// leave ends an upload's part in the transfer of its file.
func (s *Store) leave(k Key, f *transfer, part bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.uploads--
	if part {
		f.part = false
	}
	if f.uploads == 0 && s.inFlight[k] == f {
		delete(s.inFlight, k)
	}
	close(f.left)
	f.left = make(chan struct{})
}

// receive reads the upload into its file and checks it.
func (s *Store) receive(ctx context.Context, d *folders, u Upload, f *transfer, part bool) (Outcome, error) {
	place, err := s.reserve(ctx, d, u.Size-u.Offset, u.Size)
	if err != nil {
		return 0, err
	}
	defer place.done()
	r, err := s.openPart(ctx, d, u, part)
	if err != nil {
		return 0, noRoom(err, u.Size)
	}
	r.stored, r.wrote = f.stored, place.wrote
	err = r.receive(ctx, u.Body)
	if err == nil {
		err = r.verify(u.Key)
	}
	if err != nil {
		r.abandon(d, err)
		if errors.Is(err, errStoredByOther) {
			return Already, nil
		}
		return 0, noRoom(err, u.Size)
	}
	select { // from now on it is stored, whoever asks
	case s.syncs <- struct{}{}:
	case <-ctx.Done():
		r.abandon(d, context.Cause(ctx))
		return 0, context.Cause(ctx)
	}
	if err := s.place(d, u.Key, f, r); err != nil {
		<-s.syncs
		r.abandon(d, err)
		if errors.Is(err, errStoredByOther) {
			return Already, nil
		}
		return 0, noRoom(err, u.Size)
	}
	s.room.stored(u.Size)
	return Stored, nil
}

// foldersTaken bounds how often an upload makes its folder: others that end take
// the folders they empty away, also from between its making and its use.
const foldersTaken = 1000

// openPart opens the file that an upload is written to: the part, from the
// offset on, or else a file of its own.
func (s *Store) openPart(ctx context.Context, d *folders, u Upload, part bool) (*receiver, error) {
	r := newReceiver(u)
	r.name = u.part()
	if !part {
		r.name = path.Join(u.dir("uploading"), strconv.FormatInt(u.Size, 10)+"-"+randomName(8)+".tmp")
	}
	var err error
	for range foldersTaken {
		if err = d.files.MkdirAll(path.Dir(r.name), 0o777); err == nil {
			r.file, err = d.files.OpenFile(r.name, os.O_RDWR|os.O_CREATE, 0o666)
		}
		if !isMissing(err) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	r.keep, r.directAllowed = part, u.Size >= directFrom && canDirect(r.file)
	if err := r.skip(ctx, u.Offset); err != nil {
		info, _ := r.file.Stat()
		return nil, errors.Join(err, r.close(d, r.keep && info != nil && info.Size() > 0))
	}
	return r, nil
}

// skip goes to where the upload begins, through the checksum of what is there.
func (r *receiver) skip(ctx context.Context, offset int64) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if have := min(info.Size(), r.size); offset > have {
		return &OffsetError{have, farm.Errorf(farm.Conflict, "the upload is to continue at byte %d, and the manager has only %d: send the file from there", offset, have)}
	}
	if err := r.file.Truncate(offset); err != nil {
		return err
	}
	r.at = offset
	n, err := io.CopyBuffer(r.hash, &cancelReader{ctx, io.LimitReader(r.file, offset)}, make([]byte, bufferSize))
	if err == nil && n != offset {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// A cancelReader stops reading when the context ends.
type cancelReader struct {
	ctx context.Context
	io.Reader
}

// Read reads, or returns why the context ended.
func (r *cancelReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}

// abandon ends an upload that did not store the file. What came is kept for
// another try only if it may be good: when the sender or the line broke off.
func (r *receiver) abandon(d *folders, why error) {
	bad := r.spoiled || errors.Is(why, errStoredByOther) || farm.KindOf(why) == farm.Mismatch
	r.close(d, r.keep && !bad && r.at > 0)
}

// close closes the file, and removes it unless it is to be kept.
func (r *receiver) close(d *folders, keep bool) error {
	err := r.file.Close()
	if !keep {
		err = errors.Join(err, d.files.Remove(r.name))
		removeEmpty(d.files, path.Dir(r.name))
	}
	return err
}

// removeEmpty removes the folder of a key and the one above, as far as they are empty.
func removeEmpty(root *os.Root, dir string) {
	if root.Remove(dir) == nil {
		root.Remove(path.Dir(dir))
	}
}

// isMissing reports whether a file is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
