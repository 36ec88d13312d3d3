package worker

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/cache"
)

// A worker without the farm's shared storage has a mirror of it:
//
//	<dir>/mirror/
//	├─ files/…        what was fetched and sent, each content once: package cache
//	└─ jobs/<job>/…   what of the storage a job's tasks see: hard links to files, and what they save
//
// Before a task begins, what it reads is fetched (mirrorfetch.go). What it saved is sent
// when its commands are over, and only then is it reported as completed (mirrorsend.go).
// Of the files of a job's folder the tree knows which are not of a task: those that were
// fetched, and those that are sent already.
//
// A crash leaves the folder of a job, which the next start removes: what was not sent is
// rendered again, as the task was never completed.

// A mirror is that. Its methods may be called from any goroutine.
type mirror struct {
	dir   string
	files *cache.Cache
	lines int // connections at a time
	rate  *rateLimit
	log   *slog.Logger

	mu    sync.Mutex // guards what follows
	trees map[farm.JobID]*tree
	given map[farm.TaskID]int // how often a task was given back since it last ended
}

// A tree is the folder of a job in the mirror.
type tree struct {
	root string

	mu    sync.Mutex                 // guards what follows; held while files are linked and looked for
	users int                        // runs
	known map[string]treeFile        // by their paths below root: files that no task has saved, or that are sent
	sent  map[string]bool            // of known: saved and sent by a run before
	over  map[string]bool            // of sent: before the last run began
	noted map[string]farm.MirrorFile // of known: only names, in the place of what the storage has
	claim map[string]treeFile        // what a run has saved and is about to send
}

// A treeFile is what a file was like when it was put there or found.
type treeFile struct {
	size     int64
	modified time.Time
}

func newMirror(o Options) *mirror {
	dir := filepath.Join(o.Dir, "mirror")
	files := cmp.Or(o.MirrorFiles, filepath.Join(dir, "files"))
	return &mirror{dir: dir, lines: max(1, o.MirrorLines), rate: newRateLimit(o.MirrorRate), log: o.Log, trees: map[farm.JobID]*tree{}, given: map[farm.TaskID]int{},
		files: cacheIn(cache.Options{Dir: files, Quota: o.MirrorQuota, KeepFree: keepFree, Log: o.Log})}
}

// caches are those of the workers of this program, by their folders.
var caches = struct {
	sync.Mutex // guards in
	in         map[string]*cache.Cache
}{in: map[string]*cache.Cache{}}

// cacheIn returns the cache in a folder: workers of one program that share it keep each
// file once, and none removes what another one uses.
func cacheIn(o cache.Options) *cache.Cache {
	caches.Lock()
	defer caches.Unlock()
	c := caches.in[o.Dir]
	if c == nil {
		c = cache.New(o)
		caches.in[o.Dir] = c
	}
	return c
}

// keepFree is what the mirror leaves free on its disk, in bytes.
const keepFree = 1e9

// clear removes what a worker left that is not running any more. The caller holds the
// lock of the worker's folder.
func (m *mirror) clear() {
	if err := os.RemoveAll(filepath.Join(m.dir, "jobs")); err != nil {
		m.log.Warn("what an earlier run left in the mirror cannot be removed", "error", err)
	}
}

// A mirrored is the part of a run that has to do with the mirror.
type mirrored struct {
	*mirror
	*tree
	r       *run
	release []func() // lets files go that the task reads
	inputs  []string // their paths below root
	saved   []string // what the task has saved, once that was looked for
	looked  bool     // it rendered, and no other files are its own
	fetched bool
	damage  error // a file that it read was not there any more when that was looked for
}

// locate translates the paths of a task's commands to where the storage is on this
// computer. With a mirror it returns what brings the files there; else nil.
func (w *Worker) locate(r *run) *mirrored {
	p := w.place()
	if !p.moved() {
		return nil
	}
	if !p.mirror {
		r.task.Commands = p.translate(r.task.Commands, p.here)
		return nil
	}
	t := w.mirror.enter(r.task.Job)
	r.task.Commands = p.translate(r.task.Commands, t.root)
	for i, c := range r.task.Commands {
		if _, ok := c.Parameters["keep"]; ok { // the manager keeps earlier versions
			r.task.Commands[i].Parameters = withoutKey(c.Parameters, "keep")
		}
	}
	return &mirrored{mirror: w.mirror, tree: t, r: r}
}

func withoutKey(m map[string]any, key string) map[string]any {
	rest := make(map[string]any, len(m))
	for k, v := range m {
		if k != key {
			rest[k] = v
		}
	}
	return rest
}

// enter returns the tree of a job for one more run, and removes those of other jobs that
// no run uses.
func (m *mirror) enter(job farm.JobID) *tree {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, t := range m.trees {
		if id != job && t.idle() {
			if err := os.RemoveAll(t.root); err != nil {
				m.log.Warn("the files of a job cannot be removed from the mirror", "job", id, "error", err)
			}
			delete(m.trees, id)
		}
	}
	t := m.trees[job]
	if t == nil {
		t = &tree{root: filepath.Join(m.dir, "jobs", string(job)), known: map[string]treeFile{}, sent: map[string]bool{}, over: map[string]bool{}, noted: map[string]farm.MirrorFile{}, claim: map[string]treeFile{}}
		m.trees[job] = t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users++
	return t
}

func (t *tree) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.users == 0
}

// leave ends the part. What the task saved and did not send is removed.
func (m *mirrored) leave() {
	if m == nil {
		return
	}
	for _, release := range m.release {
		release()
	}
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	for _, name := range m.saved {
		if m.claim[name] == m.lstat(name) {
			os.Remove(m.at(name))
		}
		delete(m.claim, name)
	}
	m.users--
}

// at is the path of a file of the tree.
func (t *tree) at(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

// lstat looks at a file; one that is not there has no time.
func (t *tree) lstat(name string) (f treeFile) {
	if info, err := os.Lstat(t.at(name)); err == nil && info.Mode().IsRegular() {
		f = treeFile{info.Size(), info.ModTime()}
	}
	return f
}

// look finds what the run has saved by now. A run that renders does so before another
// may, which saves files in the same folder.
func (m *mirrored) look() error {
	if m == nil {
		return nil
	}
	m.looked = true
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	if m.damage == nil {
		m.damage = m.damaged()
	}
	return filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), asidePrefix):
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".farm-probe-"):
			return nil
		}
		rel, err := filepath.Rel(m.root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		now := m.lstat(name)
		if now == (treeFile{}) || now == m.known[name] || now == m.claim[name] {
			return nil
		}
		m.claim[name] = now
		if !slices.Contains(m.saved, name) {
			m.saved = append(m.saved, name)
		}
		return nil
	})
}

// damaged returns an error if a file that the task read was changed or removed while it
// ran: what it saved may have been made without it. The caller holds tree.mu.
func (m *mirrored) damaged() error {
	for _, name := range m.inputs {
		if m.lstat(name) != m.known[name] {
			delete(m.known, name)
			return &givenBack{farm.Errorf(farm.Conflict, "%s was changed or removed in this worker's mirror while the task ran, so what it saved is not to be trusted", name)}
		}
	}
	return nil
}

// ended returns what to report of a task that ended with err: if its files were taken
// away from under it, nothing but that it is to be run again. Where that happens each
// time, something else than chance does it, and the task fails.
func (m *mirrored) ended(err error) error {
	if m == nil {
		return err
	}
	var back *givenBack
	task, again := m.r.task.UUID, false
	if err != nil {
		err = m.cause(err)
		again = errors.As(err, &back)
	}
	m.mirror.mu.Lock()
	defer m.mirror.mu.Unlock()
	if !again {
		delete(m.given, task)
		return err
	}
	if m.given[task]++; m.given[task] <= maxGivenBack {
		return err
	}
	delete(m.given, task)
	return farm.Errorf(farm.Invalid, "%w. That was so %d times in a row: see what else uses the folder %s, or whether the task itself changes its files", back.error, maxGivenBack+1, m.dir)
}

// maxGivenBack is how often a task is given back in a row because of the mirror.
const maxGivenBack = 3

// cause returns why a task that failed did.
func (m *mirrored) cause(err error) error {
	var back *givenBack
	if errors.As(err, &back) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) && !m.fetched {
		return &givenBack{farm.Errorf(farm.Conflict, "this worker's mirror was changed or removed while files were fetched: %w", err)}
	}
	if !m.looked {
		m.look()
	}
	return cmp.Or(m.damage, err)
}

// note remembers why what the task saved could not be looked for.
func (m *mirrored) note(err error) {
	if m != nil && err != nil && m.damage == nil {
		m.damage = farm.Errorf(farm.Invalid, "what the task saved cannot be looked for in this worker's mirror: %w", err)
	}
}

// A givenBack is the error of a task that has to be run again and did nothing wrong.
type givenBack struct{ error }

// Unwrap returns what happened.
func (e *givenBack) Unwrap() error { return e.error }

// retrying calls do until it succeeds or fails for good. A manager that is away or busy
// is waited for: whether the task is still this worker's is asked for elsewhere.
func (m *mirrored) retrying(ctx context.Context, what string, do func() error) error {
	trouble := complaints{log: m.log, what: what}
	var retry backoff
	for {
		err := do()
		switch {
		case err == nil:
			trouble.over()
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !api.Transient(err):
			return err
		}
		trouble.about(err)
		if !retry.pause(ctx) {
			return context.Cause(ctx)
		}
	}
}
