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
	now := time.Now()
	used := map[Key]bool{}
	if err := s.collectCheckouts(ctx, d, c, now, used, &done); err != nil {
		return done, err
	}
	if err := links(ctx, d, used); err != nil {
		return done, err
	}
	if err := s.collectStored(ctx, d, c, now, used, &done); err != nil {
		return done, err
	}
	return done, s.collectUploads(ctx, d, c, now, &done)
}

// collectCheckouts removes checkouts, and notes the files of those that stay.
func (s *Store) collectCheckouts(ctx context.Context, d *folders, c Collecting, now time.Time, used map[Key]bool, done *Collected) error {
	lists, err := fs.ReadDir(d.files.FS(), "checkouts")
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
			if c.Delete && strings.HasPrefix(ending, underWay) { // a list that was not written to its end
				d.files.Remove(name)
			}
			continue
		}
		if err := s.collectCheckout(d, c, now, name, ending, used, done); err != nil {
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
func (s *Store) collectCheckout(d *folders, c Collecting, now time.Time, name, ending string, used map[Key]bool, done *Collected) error {
	m, err := readList(d, name)
	if isMissing(err) {
		return nil // its job was deleted meanwhile
	}
	if err != nil {
		return err
	}
	gone := ending == underWay
	if !gone {
		if _, err := d.jobs.Lstat(m.Path); err != nil && !isMissing(err) {
			return err
		} else if gone = isMissing(err); !gone {
			info, err := d.files.Lstat(name)
			if err != nil && !isMissing(err) {
				return err
			}
			gone = err == nil && now.Sub(info.ModTime()) >= c.OlderThan && c.InUse != nil && !c.InUse(m.Path)
		}
	}
	if gone {
		done.Checkouts++
		done.name("jobs/" + m.Path)
		if !c.Delete {
			return nil
		}
		return s.dropCheckout(d, m, c, now, ending)
	}
	for _, f := range m.Files {
		used[f.key()] = true
	}
	return nil
}

// dropCheckout removes a checkout, unless a job has come to use it in the meantime.
func (s *Store) dropCheckout(d *folders, m *made, c Collecting, now time.Time, ending string) error {
	if ending == complete {
		stays, err := s.giveUp(d, m, func(info fs.FileInfo) bool {
			_, err := d.jobs.Lstat(m.Path)
			return err == nil && now.Sub(info.ModTime()) < c.OlderThan
		})
		if err != nil || stays {
			return ignoreMissing(err)
		}
	}
	return s.undo(d, m)
}

// links notes every stored file that a symbolic link below jobs leads to,
// also those that this program did not make.
func links(ctx context.Context, d *folders, used map[Key]bool) error {
	return fs.WalkDir(d.jobs.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
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
		target, err := d.jobs.Readlink(filepath.FromSlash(name))
		if err != nil && !isMissing(err) {
			return err
		}
		if k, ok := keyOfLink(target); ok {
			used[k] = true
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
func (s *Store) collectStored(ctx context.Context, d *folders, c Collecting, now time.Time, used map[Key]bool, done *Collected) error {
	return eachBlob(ctx, d, func(k Key, info fs.FileInfo) error {
		if used[k] || now.Sub(info.ModTime()) < c.OlderThan {
			done.Kept.add(info.Size())
			return nil
		}
		if c.Delete {
			dropped, err := s.drop(d, k, c, now)
			if err != nil {
				return err
			}
			if !dropped {
				done.Kept.add(info.Size())
				return nil
			}
		}
		done.Stored.add(info.Size())
		done.name("file-store/" + k.stored())
		return nil
	})
}

// drop removes a stored file, unless it was asked for in the meantime.
func (s *Store) drop(d *folders, k Key, c Collecting, now time.Time) (bool, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	name := k.stored()
	info, err := d.files.Lstat(name)
	if err != nil {
		return isMissing(err), ignoreMissing(err)
	}
	if now.Sub(info.ModTime()) < c.OlderThan {
		return false, nil
	}
	if err := d.files.Remove(name); err != nil {
		return false, err
	}
	s.room.stored(-info.Size())
	removeEmpty(d.files, path.Dir(name))
	return true, nil
}

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}

// collectUploads removes what is left of uploads that nobody continued.
func (s *Store) collectUploads(ctx context.Context, d *folders, c Collecting, now time.Time, done *Collected) error {
	age := min(c.OlderThan, AbandonedAfter)
	err := eachFile(ctx, d, "uploading", func(name string, info fs.FileInfo) error {
		if now.Sub(info.ModTime()) < age || s.isComing(name) {
			return nil
		}
		if c.Delete {
			if err := d.files.Remove(name); err != nil && !isMissing(err) {
				return err
			}
			removeEmpty(d.files, path.Dir(name))
		}
		done.Uploads.add(info.Size())
		done.name("file-store/" + name)
		return nil
	})
	return ignoreMissing(err)
}

// isComing reports whether a file below uploading is one that is written now.
func (s *Store) isComing(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sent := range []func(yield func(Key) bool){keysOf(s.flights), keysOf(s.settling)} {
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

// Usage says how full the store is.
type Usage struct {
	Stored    Count `json:"stored"`
	Uploads   Count `json:"uploads"` // under way, or broken off
	Checkouts int   `json:"checkouts"`
	Free      int64 `json:"free"`      // bytes on the disk; -1 if the platform cannot tell
	Quota     int64 `json:"quota"`     // 0: none
	KeepFree  int64 `json:"keep_free"` // bytes
}

// Usage counts what is in the store.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	u := Usage{Quota: s.o.Quota, KeepFree: s.o.KeepFree}
	d, err := s.open()
	if err != nil {
		return u, err
	}
	defer d.close()
	u.Free = s.free(d)
	lists, err := fs.ReadDir(d.files.FS(), "checkouts")
	if err != nil && !isMissing(err) {
		return u, err
	}
	for _, entry := range lists {
		if path.Ext(entry.Name()) == complete {
			u.Checkouts++
		}
	}
	err = eachBlob(ctx, d, func(_ Key, info fs.FileInfo) error { u.Stored.add(info.Size()); return nil })
	if err != nil {
		return u, err
	}
	err = eachFile(ctx, d, "uploading", func(_ string, info fs.FileInfo) error { u.Uploads.add(info.Size()); return nil })
	return u, err
}
