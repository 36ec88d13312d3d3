package worker

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
)

// A warmKey is all that two tasks must have in common to be rendered by one
// Blender. Comparable.
type warmKey struct {
	job         farm.JobID
	called      string // the program, by the task
	exe         string // which that is
	args        string // what it is started with
	animation   bool   // with -a and not -f
	file        fileState
	environment string
}

// A fileState tells whether a file was changed.
type fileState struct {
	path     string
	modified time.Time
	size     int64
}

// stateOf looks at a file; one that cannot be looked at has no size.
func stateOf(path string) fileState {
	s := fileState{path: path}
	if info, err := os.Stat(path); err == nil {
		s.modified, s.size = info.ModTime(), info.Size()
	}
	return s
}

func newWarmKey(job farm.JobID, called, exe string, line warmLine, file, gpu string) warmKey {
	return warmKey{job: job, called: called, exe: exe, args: strings.Join(append(slices.Clone(line.start), gpu), "\x00"), animation: line.span != "", file: stateOf(file),
		environment: strings.Join(slices.Sorted(slices.Values(os.Environ())), "\x00")}
}

// A warmKeeper keeps at most one Blender open between tasks. Its methods may be
// called by several goroutines.
type warmKeeper struct {
	mu      sync.Mutex // guards what follows
	idle    *warmBlender
	timer   *time.Timer // closes idle
	refused warmKey     // the last that could not be rendered warm

	patience time.Duration  // warmIdle unless set, for tests
	ending   sync.WaitGroup // Blenders that are told to end
}

// take returns the Blender that is open if it is of use for the key, else nil;
// another one is closed.
func (k *warmKeeper) take(key warmKey) *warmBlender {
	b := k.pop()
	if b == nil {
		return nil
	}
	fresh := b.key == key
	for _, used := range b.uses {
		fresh = fresh && stateOf(used.path) == used
	}
	select {
	case <-b.over:
		fresh = false
	default:
	}
	if !fresh {
		k.retire(b)
		return nil
	}
	return b
}

// opened returns the program of the Blender that has a file open for tasks that call it
// so, "" if there is none. It need not be looked for again.
func (k *warmKeeper) opened(job farm.JobID, called, file string) string {
	state := stateOf(file)
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.idle; b != nil && b.key.job == job && b.key.called == called && b.key.file == state {
		return b.key.exe
	}
	return ""
}

// keep takes a Blender that did its task well, for the next one.
func (k *warmKeeper) keep(b *warmBlender) {
	if b.listen(nil); b.served >= maxServed || b.grown {
		k.retire(b)
		return
	}
	if other := k.swap(b); other != nil {
		k.retire(other)
	}
}

// drop is retire for one that may be kept already.
func (k *warmKeeper) drop(b *warmBlender) {
	k.mu.Lock()
	if k.idle == b {
		k.idle = nil
		k.timer.Stop()
	}
	k.mu.Unlock()
	k.retire(b)
}

// retire lets a Blender end, without waiting for it.
func (k *warmKeeper) retire(b *warmBlender) { k.ending.Go(b.close) }

// pop takes the one that is open, nil for none.
func (k *warmKeeper) pop() *warmBlender { return k.swap(nil) }

// swap keeps one, nil for none, and returns the one that was kept.
func (k *warmKeeper) swap(b *warmBlender) *warmBlender {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Stop()
	}
	old := k.idle
	if k.idle = b; b != nil {
		k.timer = time.AfterFunc(cmp.Or(k.patience, warmIdle), k.closeIdle)
	}
	return old
}

// closeIdle lets the one end that is open and has no task.
func (k *warmKeeper) closeIdle() {
	if b := k.pop(); b != nil {
		k.retire(b)
	}
}

// isOpen reports whether one is open and has no task.
func (k *warmKeeper) isOpen() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.idle != nil
}

// closeOther is closeIdle unless it is of that job.
func (k *warmKeeper) closeOther(job farm.JobID) {
	k.mu.Lock()
	other := k.idle != nil && k.idle.key.job != job
	k.mu.Unlock()
	if other {
		k.closeIdle()
	}
}

// close lets all end, and returns when they have.
func (k *warmKeeper) close() {
	k.closeIdle()
	k.ending.Wait()
}

// refuse remembers that tasks of the key cannot be rendered warm.
func (k *warmKeeper) refuse(key warmKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused = key
}

// refuses reports whether that is so.
func (k *warmKeeper) refuses(key warmKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused == key
}
