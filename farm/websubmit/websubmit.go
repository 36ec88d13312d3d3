// Package websubmit submits a .blend for somebody who has nothing but a browser. The file
// is in the shared storage, or it is sent and waits in a folder of the manager's home;
// then it is submitted as by everybody, over HTTP and by package submit.
//
// A file that is sent may come out of a folder. Of that the names and sizes come first, and
// the manager makes an empty file of each name; so what looks for what the .blend needs
// finds it. Only that is sent, the libraries first, because they need more.
//
// Whoever can reach the manager can send a file. The manager's own files and all others
// of its computer outside of the shared storage are therefore never taken along: what a
// sent file needs of them counts as missing.
package websubmit

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/diskfree"
)

// Options are what a Desk is made of. All are required.
type Options struct {
	Client  *api.Client
	Scripts fs.FS         // see submit.Submitter
	Cache   string        // see submit.Submitter
	Uploads string        // folder for files that were sent; it is emptied
	Storage func() string // the shared storage now

	FileStore func() bool // whether there is a file store now
	// Open opens a file of it, by SHA-256 and size in bytes; NotFound if it is not there.
	Open func(ctx context.Context, sha string, size int64) (io.ReadCloser, error)
}

// Bounds on what is under way.
const (
	maxSubmissions = 100      // that are begun
	maxOfAClient   = 20       // of these
	maxFile        = 64 << 30 // bytes of a file that is sent
	keepFree       = 1 << 30  // bytes that are left on the disk
	lookEvery      = 64 << 20 // bytes of a file after which it is looked how much is left
	keptFor        = time.Hour
	atATime        = 2 // Blenders that look into files
)

// A Desk takes in submissions. Use New.
type Desk struct {
	Options
	looking chan struct{}             // a place for each Blender
	free    func(folder string) int64 // see diskfree.Of

	mu  sync.Mutex // guards all; nothing else is taken while it is held
	all map[string]*submission
}

// A submission is a file that somebody wants to submit. It ends with its job, with
// Discard, or when nobody asked about it for keptFor.
type submission struct {
	id     string
	client string // that began it
	title  string // what the user calls the file, without its ending
	file   string // absolute
	main   string // the file among files; "" if it is in the storage
	folder string // of its own, with what was sent; "" if the file is in the storage
	count  int    // of files

	busy   sync.Mutex           // held by a call that uses the file, before Desk.mu
	files  map[string]*sentFile // of the user's folder, by path; the values are guarded by busy
	forget *time.Timer
}

// New returns a Desk. What an earlier run left of files that were sent is removed.
func New(o Options) (*Desk, error) {
	if err := os.RemoveAll(o.Uploads); err != nil {
		return nil, farm.Errorf(farm.Invalid, "files that were sent and never submitted cannot be removed: %w", err)
	}
	// Blender says where files really are.
	if home, err := filepath.EvalSymlinks(filepath.Dir(o.Uploads)); err == nil {
		o.Uploads = filepath.Join(home, filepath.Base(o.Uploads))
	}
	return &Desk{Options: o, looking: make(chan struct{}, atATime), free: diskfree.Of, all: map[string]*submission{}}, nil
}

// Close forgets all submissions.
func (d *Desk) Close() {
	d.mu.Lock()
	ids := make([]string, 0, len(d.all))
	for id := range d.all {
		ids = append(ids, id)
	}
	d.mu.Unlock()
	for _, id := range ids {
		_ = d.Discard(id) // it may be gone meanwhile
	}
}

// Begin begins to submit a file for the client of that name; Invalid, NotFound, TooLarge,
// NoRoom, Busy.
func (d *Desk) Begin(client string, file api.SubmissionFile) (api.Submission, error) {
	s := &submission{id: farm.NewUUID().String(), client: client}
	name := path.Base(file.Name)
	if file.Path != "" {
		at, err := d.inStorage(file.Path)
		if err != nil {
			return api.Submission{}, err
		}
		name, s.file = filepath.Base(at), at
	} else if err := d.expect(s, file); err != nil {
		return api.Submission{}, err
	}
	s.title = strings.TrimSuffix(name, filepath.Ext(name))
	if err := d.add(s); err != nil {
		return api.Submission{}, err
	}
	if err := s.layOut(); err != nil {
		_ = d.Discard(s.id) // that is all there is of it
		return api.Submission{}, err
	}
	return api.Submission{ID: s.id, Name: name, Store: s.folder != "" && d.FileStore()}, nil
}

// add adds a submission, if there is a place for it.
func (d *Desk) add(s *submission) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	own, files := 0, s.count
	for _, other := range d.all {
		files += other.count
		if other.client == s.client {
			own++
		}
	}
	if len(d.all) >= maxSubmissions || own >= maxOfAClient || files > maxAllFiles {
		return farm.Errorf(farm.Busy, "%d submissions are under way in browsers, %d of them from your address: wait until some are done", len(d.all), own)
	}
	s.forget = time.AfterFunc(keptFor, func() { _ = d.Discard(s.id) })
	d.all[s.id] = s
	return nil
}

// room refuses what would fill the disk.
func (d *Desk) room(size int64) error {
	if free := d.free(filepath.Dir(d.Uploads)); free >= 0 && free < size+keepFree {
		return farm.Errorf(farm.NoRoom, "the manager's disk has %s left, too little for a file of %s. Make room on it, or put the file into the shared storage", farm.Size(free), farm.Size(size))
	}
	return nil
}

// Receive takes the file of a submission, or with a path one of its folder. What breaks off
// is removed.
func (d *Desk) Receive(id, name string, content io.Reader) error {
	s, done, err := d.use(id)
	if err != nil {
		return err
	}
	defer done()
	if s.folder == "" {
		return farm.Errorf(farm.Conflict, "the file is in the shared storage already")
	}
	return d.fill(s, cmp.Or(name, s.main), content)
}

// fill writes the content of a file of the user's folder.
func (d *Desk) fill(s *submission, name string, content io.Reader) error {
	f, err := s.expected(name)
	if err != nil {
		return err
	}
	f.here = false
	if !f.arrived() {
		if err := s.bears(f.size); err != nil {
			return err
		}
	}
	if err := d.room(f.size); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return err
	}
	defer root.Close()
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := d.write(file, content, f.size)
	if err != nil || n != f.size {
		_ = file.Truncate(0) // as if it had never been sent
		if name == s.main {
			_ = root.Remove(filepath.FromSlash(name))
		}
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	switch {
	case err == nil && n == f.size:
		f.here = true
		return nil
	case farm.KindOf(err) == farm.NoRoom:
		return err
	}
	return farm.Errorf(farm.Mismatch, "the file did not arrive whole: send it again")
}

// write copies the content of a file of so many bytes, and gives up before others that
// write leave too little on the disk: the manager's database is on it, too.
func (d *Desk) write(file io.Writer, content io.Reader, size int64) (n int64, err error) {
	for content = io.LimitReader(content, size+1); ; {
		more, err := io.CopyN(file, content, lookEvery)
		n += more
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err == nil {
			err = d.room(max(size-n, 0))
		}
		if err != nil {
			return n, err
		}
	}
}

// Discard forgets a submission, and removes what was sent for it.
func (d *Desk) Discard(id string) error {
	d.mu.Lock()
	s := d.all[id]
	delete(d.all, id)
	d.mu.Unlock()
	if s == nil {
		return unknown()
	}
	s.forget.Stop()
	s.busy.Lock() // a call that is at it ends first
	defer s.busy.Unlock()
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}

func unknown() error {
	return farm.Errorf(farm.NotFound, "there is no such submission any more: choose the file again")
}

// use returns a submission for one call at a time, and how to be done with it.
func (d *Desk) use(id string) (*submission, func(), error) {
	d.mu.Lock()
	s := d.all[id]
	d.mu.Unlock()
	if s == nil {
		return nil, nil, unknown()
	}
	if !s.busy.TryLock() {
		return nil, nil, farm.Errorf(farm.Busy, "this file is being looked at: wait a moment")
	}
	s.forget.Stop() // a file may take hours to come
	return s, func() {
		s.forget.Reset(keptFor)
		s.busy.Unlock()
	}, nil
}

// look waits for a place among those that look into files.
func (d *Desk) look(ctx context.Context) (func(), error) {
	select {
	case d.looking <- struct{}{}:
		return func() { <-d.looking }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
