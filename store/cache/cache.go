// Package cache keeps files that were fetched, each once, found by SHA-256 and size,
// within a quota: what was not used for longest goes first.
//
//	<dir>/
//	├─ ab/cdef…-<size>        a whole file, verified, read-only
//	└─ fetching/<sha>-<size>  the beginning of one, which the next fetch continues
//
// There is no index: the time of a file's last change is made of its checksum, so that
// one that somebody changed is known, and the time of its last use is its access time. A
// crash leaves the beginning of what was being fetched.
package cache

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
)

// A Key is what a file is found by.
type Key struct {
	SHA  string // SHA-256, 64 lower-case hexadecimal digits
	Size int64  // in bytes
}

// check says what is wrong with a key, which may come from elsewhere.
func (k Key) check() error {
	if _, err := hex.DecodeString(k.SHA); err != nil || len(k.SHA) != 64 || strings.ToLower(k.SHA) != k.SHA || k.Size < 0 {
		return farm.Errorf(farm.Invalid, "%.80q is not the SHA-256 of a file", k.SHA)
	}
	return nil
}

// Stamp is the time of the last change that the file has here, and whoever links to it
// sees: another content has another one.
func (k Key) Stamp() time.Time {
	n, _ := strconv.ParseInt(k.SHA[:7], 16, 64)
	return time.Unix(1_000_000_000+n, 0)
}

// Options say where a cache is and what it may take.
type Options struct {
	Dir      string // absolute
	Quota    int64  // bytes that files may take; 0 is no limit
	KeepFree int64  // bytes that must stay free on the disk
	Log      *slog.Logger
}

// A Cache is for one program. Its methods may be called from any goroutine.
type Cache struct {
	o Options

	mu       sync.Mutex // guards what follows; files are removed while it is held
	pins     map[Key]int
	fetching map[Key]chan struct{} // closed when it was fetched, or not
	size     int64                 // of all files; -1: not known
	pending  int64                 // bytes that are being fetched
}

// New returns the cache in a folder, which is made when it is needed.
func New(o Options) *Cache {
	return &Cache{o: o, pins: map[Key]int{}, fetching: map[Key]chan struct{}{}, size: -1}
}

func (c *Cache) path(k Key) string {
	return filepath.Join(c.o.Dir, k.SHA[:2], k.SHA[2:]+"-"+strconv.FormatInt(k.Size, 10))
}

func (c *Cache) part(k Key) string {
	return filepath.Join(c.o.Dir, "fetching", k.SHA+"-"+strconv.FormatInt(k.Size, 10))
}

// A Fetch writes a file from the offset on. What it wrote before an error is kept for
// the next one.
type Fetch func(ctx context.Context, offset int64, to io.Writer) error

// Get returns the path of a file, and fetches it if it is not here or was changed. It
// stays until release is called. The caller may link to it and must not change it.
//
// NoRoom: it does not fit beside what is in use. Mismatch: what came is another file.
func (c *Cache) Get(ctx context.Context, k Key, fetch Fetch) (path string, release func(), err error) {
	if err := k.check(); err != nil {
		return "", nil, err
	}
	c.pin(k, +1)
	release = sync.OnceFunc(func() { c.pin(k, -1) })
	for {
		if c.Has(k) {
			now := time.Now()
			os.Chtimes(c.path(k), now, k.Stamp()) // else it goes sooner than it should
			return c.path(k), release, nil
		}
		other := c.begin(k)
		if other == nil {
			err := c.fetch(ctx, k, fetch)
			c.end(k)
			if err != nil {
				release()
				return "", nil, err
			}
			continue
		}
		select {
		case <-other:
		case <-ctx.Done():
			release()
			return "", nil, context.Cause(ctx)
		}
	}
}

// Has reports whether a file is here as it was fetched.
func (c *Cache) Has(k Key) bool {
	info, err := os.Lstat(c.path(k))
	return err == nil && info.Mode().IsRegular() && info.Size() == k.Size && info.ModTime().Equal(k.Stamp())
}

func (c *Cache) pin(k Key, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pins[k] += n; c.pins[k] == 0 {
		delete(c.pins, k)
	}
}

// begin makes the caller who fetches a file, or returns what is closed when somebody
// else has.
func (c *Cache) begin(k Key) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.fetching[k]; other != nil {
		return other
	}
	c.fetching[k] = make(chan struct{})
	return nil
}

func (c *Cache) end(k Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.fetching[k])
	delete(c.fetching, k)
}

// fetch brings a file here.
func (c *Cache) fetch(ctx context.Context, k Key, fetch Fetch) (err error) {
	if err := c.reserve(k); err != nil {
		return err
	}
	defer c.settle(k, &err)
	part := c.part(k)
	for _, dir := range []string{filepath.Dir(part), filepath.Dir(c.path(k))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return noRoom(err)
		}
	}
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return noRoom(err)
	}
	err = receive(ctx, f, k, fetch)
	if err = errors.Join(err, f.Close()); err != nil {
		if farm.KindOf(err) == farm.Mismatch {
			os.Remove(part)
		}
		return noRoom(err)
	}
	if err := os.Chmod(part, 0o444); err != nil {
		return err
	}
	os.Remove(c.path(k)) // one that was changed
	if err := os.Rename(part, c.path(k)); err != nil {
		return err
	}
	return os.Chtimes(c.path(k), time.Now(), k.Stamp())
}

// receive continues a file and checks the whole of it.
func receive(ctx context.Context, f *os.File, k Key, fetch Fetch) error {
	sum := sha256.New()
	have, err := io.Copy(sum, io.LimitReader(f, k.Size))
	if err != nil {
		return err
	}
	if err := f.Truncate(have); err != nil {
		return err
	}
	to := &bounded{f: f, sum: sum, left: k.Size - have}
	if have < k.Size {
		if err := fetch(ctx, have, to); err != nil {
			return err
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); to.left != 0 || got != k.SHA {
		return farm.Errorf(farm.Mismatch, "what came is not the file that was announced: its SHA-256 is %s, and should be %s", got, k.SHA)
	}
	return nil
}

// bounded writes to a file and its checksum, and no more than is left.
type bounded struct {
	f    *os.File
	sum  io.Writer
	left int64
}

// Write writes.
func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		return 0, farm.Errorf(farm.Mismatch, "more came than the file should have")
	}
	n, err := b.f.Write(p)
	b.sum.Write(p[:n])
	b.left -= int64(n)
	return n, err
}

// reserve makes room for a file.
func (c *Cache) reserve(k Key) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size < 0 {
		c.count(c.list())
	}
	var oldest []entry
	for listed := false; ; {
		full := c.o.Quota > 0 && c.size+c.pending+k.Size > c.o.Quota
		if free := diskfree.Of(c.o.Dir); free >= 0 && free-c.pending-k.Size < c.o.KeepFree {
			full = true
		}
		if !full {
			c.pending += k.Size
			return nil
		}
		if !listed {
			oldest, listed = c.list(), true
			c.count(oldest) // somebody may have removed some
			continue
		}
		if len(oldest) == 0 {
			return farm.Errorf(farm.NoRoom, "there is no room for a file of %s in this worker's mirror: all that is in it is in use. Raise mirror_quota (%s), or make room on the disk of %s",
				farm.Size(k.Size), quota(c.o.Quota), c.o.Dir)
		}
		if e := oldest[0]; c.pins[e.key] == 0 && os.Remove(c.path(e.key)) == nil {
			c.size -= e.key.Size
			c.o.Log.Debug("a file that was not used for long goes from the mirror", "sha256", e.key.SHA, "size", e.key.Size)
		}
		oldest = oldest[1:]
	}
}

func (c *Cache) count(all []entry) {
	c.size = 0
	for _, e := range all {
		c.size += e.key.Size
	}
}

func quota(n int64) string {
	if n == 0 {
		return "no limit"
	}
	return farm.Size(n).String()
}

// settle counts what a fetch brought.
func (c *Cache) settle(k Key, err *error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending -= k.Size
	if *err == nil {
		c.size += k.Size
	}
}

// An entry is a file of the cache.
type entry struct {
	key  Key
	used time.Time
}

// list returns all files, the one that was not used for longest first.
func (c *Cache) list() (all []entry) {
	folders, _ := os.ReadDir(c.o.Dir) // there may be none yet
	for _, folder := range folders {
		if len(folder.Name()) != 2 {
			continue
		}
		files, _ := os.ReadDir(filepath.Join(c.o.Dir, folder.Name()))
		for _, f := range files {
			sha, size, _ := strings.Cut(f.Name(), "-")
			k := Key{SHA: folder.Name() + sha}
			if _, err := fmt.Sscanf(size, "%d", &k.Size); err != nil || k.check() != nil {
				continue
			}
			if info, err := f.Info(); err == nil && info.Mode().IsRegular() {
				all = append(all, entry{k, used(info)})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.key.SHA, b.key.SHA)) })
	return all
}

// Used returns how many bytes the files take.
func (c *Cache) Used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(c.list())
	return c.size
}

func noRoom(err error) error {
	var pathErr *fs.PathError
	if diskfree.IsFull(err) && errors.As(err, &pathErr) {
		return farm.Errorf(farm.NoRoom, "the disk of this worker's mirror is full: %w. Make room there, or lower mirror_quota", err)
	}
	return err
}

// Add keeps the content of a file that its owner does not change any more, by a hard
// link, if there is room and none of it yet. That the file has this content is the
// caller's word; the file becomes read-only, and gets the time of Stamp.
func (c *Cache) Add(k Key, path string) {
	if k.check() != nil || c.Has(k) || c.reserve(k) != nil {
		return
	}
	err := os.MkdirAll(filepath.Dir(c.path(k)), 0o700)
	if err == nil {
		err = os.Link(path, c.path(k))
	}
	defer c.settle(k, &err)
	if err == nil {
		err = errors.Join(os.Chmod(path, 0o444), os.Chtimes(path, time.Now(), k.Stamp()))
	}
	if err != nil {
		c.o.Log.Debug("a file that was sent cannot be kept in the mirror", "error", err)
	}
}
