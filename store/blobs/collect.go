package blobs

import (
	"context"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// AbandonedAfter is how long what came of a broken-off upload is kept.
const AbandonedAfter = 24 * time.Hour

// Collecting says what Collect removes.
type Collecting struct {
	OlderThan time.Duration              // only what nobody asked for so long
	Delete    bool                       // else it is only counted
	InUse     func(checkout string) bool // whether a job has the checkout; nil: all are in use
}

// Count is a number of files and their size.
type Count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (c *Count) add(size int64) { c.Files++; c.Bytes += size }

// Collected says what Collect removed, or would remove.
type Collected struct {
	Deleted   bool     `json:"deleted"`   // false: nothing was, it was a dry run
	Stored    Count    `json:"stored"`    // stored files that no checkout has
	Uploads   Count    `json:"uploads"`   // what was left of broken-off uploads
	Checkouts int      `json:"checkouts"` // checkouts that no job has, or that are not whole
	Kept      Count    `json:"kept"`      // stored files that stay
	Names     []string `json:"names"`     // the first of them, below the shared storage
}

// maxNames bounds the names that Collect tells.
const maxNames = 1000

func (c *Collected) name(name string) {
	if len(c.Names) < maxNames {
		c.Names = append(c.Names, name)
	}
}

// Collect removes what nobody needs any more: checkouts of no job, stored files
// in no checkout, and the rests of broken-off uploads. It never removes what a
// link below jobs leads to, nor what was asked for more recently than OlderThan.
// When it cannot look everywhere, it removes nothing that may be needed there.
func (s *Store) Collect(ctx context.Context, c Collecting) (Collected, error) {
	done := Collected{Deleted: c.Delete, Names: []string{}}
	d, err := s.open()
	if err != nil {
		return done, err
	}
	defer d.close()
	r := &collection{Collecting: c, d: d, now: time.Now(), used: map[Key]bool{}, going: map[string]Key{}, done: &done}
	if err := s.collectCheckouts(ctx, r); err != nil {
		return done, err
	}
	if err := r.links(ctx); err != nil {
		return done, err
	}
	if err := s.collectStored(ctx, r); err != nil {
		return done, err
	}
	return done, s.collectUploads(ctx, r)
}

// collection is one run of Collect.
type collection struct {
	Collecting
	d     *folders
	now   time.Time
	used  map[Key]bool   // stored files that somebody has
	going map[string]Key // in a dry run: files of checkouts that would go, below jobs
	done  *Collected
}

// old reports whether something was asked for too long ago.
func (r *collection) old(info fs.FileInfo) bool { return r.now.Sub(info.ModTime()) >= r.OlderThan }

// collectCheckouts removes checkouts, and notes the files of those that stay.
func (s *Store) collectCheckouts(ctx context.Context, r *collection) error {
	lists, err := fs.ReadDir(r.d.files.FS(), "checkouts")
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range lists {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name := "checkouts/" + entry.Name()
		ending := path.Ext(name)
		if s.isMaking(strings.TrimSuffix(name, ending)) {
			continue // its files were touched a moment ago
		}
		if ending != complete && ending != underWay {
			if r.Delete && strings.HasPrefix(ending, underWay) { // a manifest that was not written to its end
				r.d.files.Remove(name)
			}
			continue
		}
		if err := s.collectCheckout(r, name, ending); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) isMaking(list string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.making[list]
}

// collectCheckout removes a checkout that is not whole, is not there any more, or is of no job.
func (s *Store) collectCheckout(r *collection, name, ending string) error {
	m, err := readManifest(r.d, name)
	if isMissing(err) {
		return nil // its job was deleted meanwhile
	}
	if err != nil {
		return err
	}
	goes := ending == underWay
	if !goes {
		if goes, err = r.unused(m, name); err != nil {
			return err
		}
	}
	switch {
	case !goes:
		for _, f := range m.Files {
			r.used[f.key()] = true
		}
		return nil
	case r.Delete:
		if gone, err := s.dropCheckout(r, m, ending); err != nil || !gone {
			return err
		}
	default:
		for _, f := range m.Files {
			r.going[m.Path+"/"+f.Path] = f.key()
		}
	}
	r.done.Checkouts++
	r.done.name("jobs/" + m.Path)
	return nil
}

// unused reports whether a whole checkout is not there any more, or old and of no job.
func (r *collection) unused(m *manifest, name string) (bool, error) {
	if _, err := r.d.jobs.Lstat(m.Path); err != nil {
		return isMissing(err), ignoreMissing(err)
	}
	info, err := r.d.files.Lstat(name)
	if err != nil {
		return false, ignoreMissing(err)
	}
	return r.old(info) && r.InUse != nil && !r.InUse(m.Path), nil
}

// dropCheckout removes a checkout, unless a job has come to use it in the meantime.
func (s *Store) dropCheckout(r *collection, m *manifest, ending string) (gone bool, err error) {
	if ending == complete {
		stays, err := s.giveUp(r.d, m, func(list fs.FileInfo) bool {
			_, err := r.d.jobs.Lstat(m.Path)
			return err == nil && !r.old(list)
		})
		if err != nil || stays {
			return false, ignoreMissing(err)
		}
	}
	return true, s.undo(r.d, m)
}

// links notes every stored file that a symbolic link below jobs leads to,
// also those that this program did not make.
func (r *collection) links(ctx context.Context) error {
	return fs.WalkDir(r.d.jobs.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isMissing(err):
			return nil // removed meanwhile
		case err != nil:
			return err
		case entry.Type()&fs.ModeSymlink == 0:
			return nil
		}
		target, err := r.d.jobs.Readlink(filepath.FromSlash(name))
		if err != nil && !isMissing(err) {
			return err
		}
		if k, ok := keyOfLink(target); ok && r.going[name] != k {
			r.used[k] = true
		}
		return nil
	})
}

// eachBlob calls f with every stored file.
func eachBlob(ctx context.Context, d *folders, f func(Key, fs.FileInfo) error) error {
	return eachFile(ctx, d, "stored", func(name string, info fs.FileInfo) error {
		k, ok := keyOfPath(name)
		if !ok {
			return nil // not one of ours
		}
		return f(k, info)
	})
}

// eachFile calls f with every file below a folder of the file store.
func eachFile(ctx context.Context, d *folders, area string, f func(name string, info fs.FileInfo) error) error {
	return fs.WalkDir(d.files.FS(), area, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isMissing(err):
			return nil
		case err != nil:
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(name, info)
	})
}

// collectStored removes stored files that nobody has.
func (s *Store) collectStored(ctx context.Context, r *collection) error {
	return eachBlob(ctx, r.d, func(k Key, info fs.FileInfo) error {
		goes := !r.used[k] && r.old(info)
		if goes && r.Delete {
			var err error
			if goes, err = s.drop(r, k); err != nil {
				return err
			}
		}
		if !goes {
			r.done.Kept.add(info.Size())
			return nil
		}
		r.done.Stored.add(info.Size())
		r.done.name("file-store/" + k.stored())
		return nil
	})
}

// drop removes a stored file, unless it was asked for in the meantime.
func (s *Store) drop(r *collection, k Key) (bool, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	name := k.stored()
	info, err := r.d.files.Lstat(name)
	if err != nil {
		return isMissing(err), ignoreMissing(err)
	}
	if !r.old(info) {
		return false, nil
	}
	if err := r.d.files.Remove(name); err != nil {
		return false, err
	}
	s.room.stored(-info.Size())
	removeEmpty(r.d.files, path.Dir(name))
	return true, nil
}

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}

// collectUploads removes what is left of uploads that nobody continued.
func (s *Store) collectUploads(ctx context.Context, r *collection) error {
	age := min(r.OlderThan, AbandonedAfter)
	err := eachFile(ctx, r.d, "uploading", func(name string, info fs.FileInfo) error {
		if r.now.Sub(info.ModTime()) < age || s.isComing(name) {
			return nil
		}
		if r.Delete {
			if err := r.d.files.Remove(name); err != nil && !isMissing(err) {
				return err
			}
			removeEmpty(r.d.files, path.Dir(name))
		}
		r.done.Uploads.add(info.Size())
		r.done.name("file-store/" + name)
		return nil
	})
	return ignoreMissing(err)
}

// isComing reports whether a file below uploading is one that is written now.
func (s *Store) isComing(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sent := range []func(yield func(Key) bool){keysOf(s.inFlight), keysOf(s.syncing)} {
		for k := range sent {
			if path.Dir(name) == k.dir("uploading") {
				return true
			}
		}
	}
	return false
}

func keysOf[V any](m map[Key]V) func(yield func(Key) bool) {
	return func(yield func(Key) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
