package manager

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// blocks are the blocks of all jobs in the order in which they expire. Blocks that
// were lifted meanwhile stay in it and are skipped when their time comes.
type blocks struct {
	mu  sync.Mutex       // guards all; nothing else is taken while it is held
	all []store.JobBlock // oldest first
}

func (b *blocks) add(block store.JobBlock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := len(b.all)
	for at > 0 && b.all[at-1].Created.After(block.Created) { // the clock was set back
		at--
	}
	b.all = slices.Insert(b.all, at, block)
}

// take removes and returns the blocks that are at least as old as age, and how
// long it is until the next one is.
func (b *blocks) take(age time.Duration, now time.Time) (old []store.JobBlock, next time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(b.all) && now.Sub(b.all[n].Created) >= age {
		n++
	}
	old = slices.Clone(b.all[:n])
	b.all = slices.Delete(b.all, 0, n)
	if len(b.all) == 0 {
		return old, never
	}
	return old, age - now.Sub(b.all[0].Created)
}

// expireBlocks lifts the blocks that are at least as old as age; 0 keeps them. It
// returns how long it is until the next one expires. A finished job stays
// finished: only a user can restart it.
func (m *Manager) expireBlocks(age time.Duration) (next time.Duration, err error) {
	if age <= 0 {
		return never, nil
	}
	old, next := m.blocks.take(age, time.Now())
	for i, block := range old {
		if err := m.expireBlock(block); err != nil {
			for _, left := range old[i:] {
				m.blocks.add(left)
			}
			return 0, err
		}
	}
	return next, nil
}

func (m *Manager) expireBlock(block store.JobBlock) error {
	return m.update(func(u *unit) error {
		j, err := u.Job(block.Job)
		if farm.KindOf(err) == farm.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		w, err := u.Worker(block.Worker)
		if err != nil || !u.BlockedSince(j, w, block.TaskType).Equal(block.Created) {
			return err // it was lifted meanwhile, and perhaps blocked again
		}
		u.Tx.Unblock(j, w, block.TaskType)
		m.log.Info("block expired", "worker", w.Name, "job", j.ID, "type", block.TaskType, "since", block.Created)
		if !j.Status().Over() && j.Deleting.IsZero() {
			u.note(j, nil, fmt.Sprintf("Worker %s unblocked from tasks of type %q: the block expired", w.Name, block.TaskType), "")
			u.touch(j) // readers fetch the blocklist again
		}
		return nil
	})
}
