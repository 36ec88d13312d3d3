// Package blobs keeps the files that jobs are submitted with: each content once,
// found by its SHA-256 and size, and put together again in a folder for every
// job, the checkout.
//
//	<shared>/
//	├─ file-store/
//	│  ├─ stored/ab/cdef…/<size>.blob         a whole file, verified, read-only
//	│  ├─ uploading/ab/cdef…/<size>.part      the beginning of one, which an upload can continue
//	│  │                     <size>-x.tmp     one of several uploads of the same file
//	│  └─ checkouts/<hash of path>.making     manifest of a checkout that is being made
//	│                             .json       manifest of one that is whole
//	└─ jobs/<checkout>/…                      relative symbolic links to stored files,
//	                                          or hard links, or copies
//
// Folders and names of stored files are those of Flamenco, so that its store can
// be taken over. The manifest of a checkout is kept beside the store and not in the
// checkout, which has exactly the files that were asked for.
//
// # What a crash leaves
//
// An upload that was answered is stored, under its name. One under way leaves its
// part; the next one continues it or starts again, and Collect removes it after
// a day. A checkout under way leaves its manifest as .making; Collect removes what
// it made so far.
//
// A power cut can take the content of files that were uploaded moments before: they
// have no stamp yet, are read before they count as stored, and have to be sent
// again if they are damaged. A checkout waits until its files are synced, so a
// submission that was answered is whole.
package blobs

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
	"renderfarm/farm/slots"
)

// Options say where a store is and what it may take.
type Options struct {
	Dir      string // the shared storage, absolute. It must exist when files are stored
	Quota    int64  // bytes that stored files may take; 0 is no limit
	KeepFree int64  // bytes that must stay free on the disk
	Log      *slog.Logger
}

// Store is a file store. Its methods may be called from any goroutine. There is
// one Store for a folder at a time.
type Store struct {
	o          Options
	linkMethod atomic.Int32 // the best one that works here; see link.go

	// gate lets Collect be sure that nobody is about to use what it deletes:
	// it is held for writing around each deletion, and for reading while a
	// stored file gets its name or is touched. Nothing is taken while it is held.
	gate sync.RWMutex

	mu       sync.Mutex // guards inFlight, syncing and making; nothing is taken while it is held
	inFlight map[Key]*transfer
	syncing  map[Key]*syncing
	making   map[string]bool // manifests of the checkouts being made

	naming sync.Mutex // one checkout takes its name at a time; taken before mu
	room   room

	slots *slots.Slots  // of uploads
	syncs chan struct{} // a token for each file being synced
	done  sync.WaitGroup

	verifies chan struct{} // a token for each stored file being read to verify it
}

const (
	maxUploads     = 64 // at a time; each takes one and a half mebibytes of memory, others wait
	maxFromAClient = 16 // of them
)

// maxSyncs is how many files are synced at a time; then uploads wait.
const maxSyncs = 16

// maxVerifies is how many stored files are read at a time to verify them.
const maxVerifies = 2

// New returns the store in a folder. It touches nothing yet: the folder may be
// on a share that is mounted later.
func New(o Options) *Store {
	return &Store{o: o, inFlight: map[Key]*transfer{}, syncing: map[Key]*syncing{}, making: map[string]bool{},
		slots: slots.New(maxUploads, maxFromAClient), syncs: make(chan struct{}, maxSyncs), verifies: make(chan struct{}, maxVerifies)}
}

// Uploads returns how many files are being received at present, and how many can be.
func (s *Store) Uploads() (now, most int) { return s.slots.Taken(), maxUploads }

// DiskFree returns how many bytes are free on the disk of the store, -1 if the system
// does not say. It takes as long as the disk takes to answer.
func (s *Store) DiskFree() int64 { return diskfree.Of(s.o.Dir) }

// Close waits for files that are being synced. The store must not be used any more.
func (s *Store) Close() { s.done.Wait() }

// Key is what a file is found by.
type Key struct {
	SHA  string // SHA-256, 64 lower-case hexadecimal digits
	Size int64  // in bytes
}

// Check says what is wrong with a key.
func (k Key) Check() error {
	if len(k.SHA) != 64 {
		return farm.Errorf(farm.Invalid, "the checksum %q is not a SHA-256: it must have 64 hexadecimal digits", clip(k.SHA))
	}
	for _, c := range []byte(k.SHA) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return farm.Errorf(farm.Invalid, "the checksum %q is not a SHA-256 in lower-case hexadecimal digits", clip(k.SHA))
		}
	}
	if k.Size < 0 {
		return farm.Errorf(farm.Invalid, "the size %d of a file cannot be negative", k.Size)
	}
	return nil
}

// dir is the folder of a key below stored or uploading.
func (k Key) dir(area string) string { return path.Join(area, k.SHA[:2], k.SHA[2:]) }

// stored is the path of the stored file, below the file store.
func (k Key) stored() string {
	return path.Join(k.dir("stored"), strconv.FormatInt(k.Size, 10)+".blob")
}

// part is the path of the file's beginning, below the file store.
func (k Key) part() string {
	return path.Join(k.dir("uploading"), strconv.FormatInt(k.Size, 10)+".part")
}

// folders are the open folders of a store, for one operation: opened anew each
// time, they are right also after a share was mounted.
type folders struct {
	files, jobs *os.Root
	filesPath   string // where they really are
	jobsPath    string
}

// open opens the folders, and makes them in a shared storage that has none yet.
func (s *Store) open() (*folders, error) {
	d := &folders{}
	var err error
	if d.files, d.filesPath, err = s.openFolder("file-store"); err != nil {
		return nil, err
	}
	if d.jobs, d.jobsPath, err = s.openFolder("jobs"); err != nil {
		d.files.Close()
		return nil, err
	}
	return d, nil
}

func (d *folders) close() {
	d.files.Close()
	d.jobs.Close()
}

func (s *Store) openFolder(name string) (*os.Root, string, error) {
	dir := filepath.Join(s.o.Dir, name)
	// Not MkdirAll: a shared storage that is not there is not mounted.
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, "", farm.Errorf(farm.Off, "the farm's shared storage %s cannot be used on the manager: %w. Is it mounted, and may the manager write to it?", s.o.Dir, err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(real); err == nil {
			return root, real, nil
		}
	}
	return nil, "", farm.Errorf(farm.Off, "the file store in the shared storage %s cannot be opened: %w", s.o.Dir, err)
}

// What the store knows of a file.
type Status uint8

const (
	Unknown   Status = iota // nobody has sent it
	Uploading               // somebody is sending it
	Present                 // it is there
)

// Status says what is known of a file, and how much of it a broken-off upload
// left. A file that is there is kept from being collected for a while. One that
// was changed since it was stored is Unknown; finding that out may take reading it.
func (s *Store) Status(ctx context.Context, k Key) (Status, int64, error) {
	if err := k.Check(); err != nil {
		return Unknown, 0, err
	}
	d, err := s.open()
	if err != nil {
		return Unknown, 0, err
	}
	defer d.close()
	status, err := s.status(ctx, d, k)
	if err != nil || status != Unknown {
		return status, 0, err
	}
	info, err := d.files.Lstat(k.part())
	if err != nil || !info.Mode().IsRegular() {
		return Unknown, 0, nil
	}
	return Unknown, min(info.Size(), k.Size), nil
}

// Statuses is Status for many files.
func (s *Store) Statuses(ctx context.Context, keys []Key) ([]Status, error) {
	d, err := s.open()
	if err != nil {
		return nil, err
	}
	defer d.close()
	all := make([]Status, len(keys))
	for i, k := range keys {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if all[i], err = s.status(ctx, d, k); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// status looks for a file that is being synced, is stored, or is being sent.
func (s *Store) status(ctx context.Context, d *folders, k Key) (Status, error) {
	if s.isSyncing(k) {
		return Present, nil
	}
	ok, err := s.touch(ctx, d, k)
	if err != nil {
		return Unknown, err
	}
	if ok {
		return Present, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.syncing[k]; ok { // since we looked
		return Present, nil
	}
	if _, ok := s.inFlight[k]; ok {
		return Uploading, nil
	}
	return Unknown, nil
}

// clip bounds text that came from outside, for messages.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	for i := range text {
		if i > most {
			return text[:i] + "…"
		}
	}
	return text
}
