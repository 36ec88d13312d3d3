package manager

import (
	"context"
	"path"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
	"renderfarm/store/blobs"
)

// checkouts knows which jobs use which checkout, and so which may be removed.
// Those of jobs from before the start are read when they are first needed: only
// deleting and collecting need them.
type checkouts struct {
	mu         sync.Mutex // guards jobs and loaded; a view of the store is taken while it is held, nothing else
	jobs       map[string]map[farm.JobID]bool
	loaded     bool          // jobs has all, and not only those submitted since the start
	removing   sync.Mutex    // held while a checkout is removed, and while a job finds its own; taken before mu
	collecting sync.Mutex    // one collection at a time; taken before mu
	wake       chan struct{} // holds a token when the configuration changed
}

func (c *checkouts) init() {
	c.wake = make(chan struct{}, 1)
	c.jobs = map[string]map[farm.JobID]bool{}
}

// add notes that a job uses a checkout, if it has one.
func (c *checkouts) add(checkout string, id farm.JobID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if checkout != "" {
		c.put(checkout, id)
	}
}

func (c *checkouts) put(checkout string, id farm.JobID) {
	checkout = path.Clean(checkout)
	if c.jobs[checkout] == nil {
		c.jobs[checkout] = map[farm.JobID]bool{}
	}
	c.jobs[checkout][id] = true
}

// remove notes that a job is gone.
func (c *checkouts) remove(checkout string, id farm.JobID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	checkout = path.Clean(checkout)
	if delete(c.jobs[checkout], id); len(c.jobs[checkout]) == 0 {
		delete(c.jobs, checkout)
	}
}

// usedBy reports whether any job but other uses the checkout.
func (c *checkouts) usedBy(checkout string, other farm.JobID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	users := c.jobs[path.Clean(checkout)]
	return len(users) > 1 || len(users) == 1 && !users[other]
}

// loadCheckouts reads which jobs use which checkouts, once.
func (m *Manager) loadCheckouts() error {
	m.checkouts.mu.Lock()
	defer m.checkouts.mu.Unlock()
	if m.checkouts.loaded {
		return nil
	}
	// That of a damaged job may not be known: then it stays when the job is deleted,
	// and nothing is collected before.
	err := eachCheckout(m.store, m.checkouts.put, func(error) error { return nil })
	m.checkouts.loaded = err == nil
	return err
}

// eachCheckout calls f with every checkout of a job of the store, and damaged with the
// error of a job whose checkout cannot be told.
func eachCheckout(st *store.Store, f func(checkout string, id farm.JobID), damaged func(error) error) error {
	for from := uint32(0); ; {
		n := 0
		err := st.View(func(v *store.View) error {
			jobs, last, err := v.JobsAfter(from, pageSize)
			if err != nil {
				return err
			}
			n, from = len(jobs), last
			for i := range jobs {
				d, err := v.JobDetail(jobs[i].ID)
				if store.IsDamage(err) {
					if err := damaged(err); err != nil {
						return err
					}
					continue
				}
				if err != nil && farm.KindOf(err) != farm.NotFound {
					return err
				}
				if err == nil && d.ShamanCheckout != "" {
					f(d.ShamanCheckout, jobs[i].ID)
				}
				if copies := copiesOf(d.Metadata); err == nil && copies != "" {
					f(copies, jobs[i].ID)
				}
			}
			return nil
		})
		if err != nil || n < pageSize {
			return err
		}
	}
}

// DeletionRemovesCheckout reports whether deleting the job would remove its
// checkout: it has one that no other job uses.
func (m *Manager) DeletionRemovesCheckout(id farm.JobID) (bool, error) {
	_, detail, err := m.Job(id)
	if err != nil || detail.ShamanCheckout == "" {
		return false, err
	}
	store, err := m.fileStore()
	if err != nil {
		return false, nil
	}
	if err := m.loadCheckouts(); err != nil {
		return false, err
	}
	if m.checkouts.usedBy(detail.ShamanCheckout, id) {
		return false, nil
	}
	is, err := store.IsCheckout(path.Clean(detail.ShamanCheckout))
	if farm.KindOf(err) == farm.Off {
		return false, nil
	}
	return is, err
}

// removeCheckout removes the checkout of a job that is being deleted, unless
// another job uses it. Its files stay in the store.
func (m *Manager) removeCheckout(id farm.JobID) error {
	_, detail, err := m.Job(id)
	if farm.KindOf(err) == farm.NotFound || err == nil && detail.ShamanCheckout == "" {
		return nil
	}
	if store.IsDamage(err) {
		m.log.Warn("a damaged job is deleted, and nobody can tell which files it has: its checkout is collected when it is old, and copied files are to be removed by hand", "job", id)
		return nil
	}
	if err != nil {
		return err
	}
	if err := m.loadCheckouts(); err != nil {
		return err
	}
	defer m.checkouts.remove(detail.ShamanCheckout, id)
	m.checkouts.removing.Lock()
	defer m.checkouts.removing.Unlock()
	store, err := m.fileStore()
	if err != nil || m.checkouts.usedBy(detail.ShamanCheckout, id) {
		return nil
	}
	err = store.Remove(path.Clean(detail.ShamanCheckout))
	if farm.KindOf(err) == farm.Off {
		m.log.Warn("the checkout of a deleted job stays until it is collected", "job", id, "checkout", detail.ShamanCheckout, "error", err)
		return nil
	}
	return err
}

const (
	// firstCollection is after the start, when workers have come back.
	firstCollection = 30 * time.Second
	// leastAge is what a running manager leaves alone in any case: somebody may
	// be submitting it.
	leastAge = time.Hour
)

func (m *Manager) wakeCollector() {
	select {
	case m.checkouts.wake <- struct{}{}:
	default:
	}
}

// collectFiles has the file store cleaned: a little after the start, and then
// once in every period of the configuration.
func (m *Manager) collectFiles(ctx context.Context) {
	next := time.Now().Add(firstCollection)
	for {
		var due <-chan time.Time // nil while it is switched off
		if c := m.Config().Shaman; c.Enabled && c.GarbageCollect.Period > 0 {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-m.checkouts.wake: // look at the configuration again
			continue
		case <-due:
		}
		if _, err := m.CollectFiles(ctx, true, -1); err != nil && ctx.Err() == nil {
			m.log.Error("cannot clean the file store; trying again after shaman.garbageCollect.period", "error", err)
		}
		next = time.Now().Add(time.Duration(m.Config().Shaman.GarbageCollect.Period))
	}
}

// CollectFiles removes what nobody needs from the file store, or only says what
// it would remove; see blobs.Store.Collect. A negative age is that of the
// configuration; none is taken for less than an hour.
func (m *Manager) CollectFiles(ctx context.Context, remove bool, olderThan time.Duration) (blobs.Collected, error) {
	store, err := m.fileStore()
	if err != nil {
		return blobs.Collected{}, err
	}
	if !m.checkouts.collecting.TryLock() {
		return blobs.Collected{}, farm.Errorf(farm.Busy, "the file store is being cleaned at this moment: try again when that is done")
	}
	defer m.checkouts.collecting.Unlock()
	if err := m.loadCheckouts(); err != nil {
		return blobs.Collected{}, err
	}
	if damaged := m.store.Damaged(); len(damaged) > 0 {
		return blobs.Collected{}, farm.Errorf(farm.Conflict, "the job %q (%s) is damaged in the database, and nobody can tell which files it has: nothing is removed while it is there. Delete it, or restore a backup of before",
			damaged[0].Name, damaged[0].ID)
	}
	if olderThan < 0 {
		olderThan = time.Duration(m.Config().Shaman.GarbageCollect.MaxAge)
	}
	got, err := store.Collect(ctx, blobs.Collecting{OlderThan: max(olderThan, leastAge), Delete: remove,
		InUse: func(checkout string) bool { return m.checkouts.usedBy(checkout, "") }})
	if err == nil && remove {
		m.log.Info("file store cleaned", "removed", got.Stored.Files, "bytes", got.Stored.Bytes, "uploads", got.Uploads.Files, "checkouts", got.Checkouts, "kept", got.Kept.Files)
	}
	return got, err
}

// FileUsage says how full the file store is.
func (m *Manager) FileUsage(ctx context.Context) (blobs.Usage, error) {
	store, err := m.fileStore()
	if err != nil {
		return blobs.Usage{}, err
	}
	return store.Usage(ctx)
}
