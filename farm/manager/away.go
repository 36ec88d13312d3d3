package manager

import (
	"slices"
	"time"

	"renderfarm/farm"
)

// A job is kept for workers that have the very version of Blender which saved its file.
// One that is asleep or gone for a week must not hold it up, so workers that were not
// awake for farm.AwayAfter are away: the sweep finds them, and being awake ends it.

// leave notes when a worker stopped being awake; now if it is not known, because the
// manager has just started.
func (p *presence) leave(status farm.WorkerStatus) {
	switch {
	case status == farm.WorkerAwake:
		p.left.Store(0)
	case p.left.Load() == 0:
		p.left.Store(time.Now().UnixMilli())
	}
}

// leaving returns the workers that were not awake for farm.AwayAfter and do not count as
// away yet, and how long it is until the next one is due; never if there is none.
func (r *roster) leaving(now time.Time) (due []farm.WorkerID, next time.Duration) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	next = never
	for id, w := range r.members {
		if w.deleted || w.away || w.status == farm.WorkerAwake {
			continue
		}
		if left := farm.AwayAfter - now.Sub(time.UnixMilli(w.left.Load())); left <= 0 {
			due = append(due, id)
		} else {
			next = min(next, left)
		}
	}
	return due, next
}

// findAway has workers count as away, and returns how long it is until the next one does.
func (m *Manager) findAway(now time.Time) (time.Duration, error) {
	due, next := m.roster.leaving(now)
	for some := range slices.Chunk(due, sweepBatch) {
		err := m.update(func(u *unit) error {
			for _, id := range some {
				if w, err := u.Worker(id); err == nil && w.Status != farm.WorkerAwake && w.Deleted.IsZero() {
					w.Away = true
					u.SaveWorker(w)
					saved := w.Worker
					u.AfterCommit(func() { m.roster.put(saved) })
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return next, nil
}
