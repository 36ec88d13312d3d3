package manager

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
)

// frameDays is what each worker rendered on each of the last days. It is kept in a file
// beside the logs: a crash loses the last saveDaysEvery of it, and no job depends on it.
type frameDays struct {
	mu      sync.Mutex                       // guards what follows; nothing else is taken while it is held
	workers map[farm.WorkerID]farm.FrameDays // replaced or appended to, and copied before it leaves
	changed bool                             // since it was saved
}

// saveDaysEvery is how often what workers rendered is saved, if that changed.
const saveDaysEvery = time.Minute

// add counts frames that a worker told of.
func (d *frameDays) add(worker farm.WorkerID, results []farm.FrameResult, now time.Time) {
	frames, busy := rendered(results), int64(0)
	if frames == 0 {
		return
	}
	for i := range results {
		if results[i].Flags&farm.FrameWasThere == 0 {
			busy += max(0, min(results[i].Wall, maxWall))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.workers == nil {
		d.workers = map[farm.WorkerID]farm.FrameDays{}
	}
	d.workers[worker], d.changed = d.workers[worker].Add(farm.DayOf(now.Local()), frames, busy), true
}

// maxWall bounds the milliseconds that a frame counts for.
const maxWall = int64(maxTake / time.Millisecond)

// of returns what a worker rendered.
func (d *frameDays) of(worker farm.WorkerID) farm.FrameDays {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.workers[worker])
}

// changes returns a copy of all, without workers that are gone, if it is to be saved.
func (d *frameDays) changes(gone func(farm.WorkerID) bool) (map[farm.WorkerID]farm.FrameDays, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.changed {
		return nil, false
	}
	d.changed = false
	maps.DeleteFunc(d.workers, func(id farm.WorkerID, _ farm.FrameDays) bool { return gone(id) })
	all := make(map[farm.WorkerID]farm.FrameDays, len(d.workers))
	for id, days := range d.workers {
		all[id] = slices.Clone(days)
	}
	return all, true
}

// FrameDays returns what a worker rendered on each of the last days on which it did.
func (m *Manager) FrameDays(id farm.WorkerID) farm.FrameDays {
	days, least := m.frameDays.of(id), farm.DayOf(time.Now().Local())-farm.MaxFrameDays
	return slices.DeleteFunc(days, func(d farm.FrameDay) bool { return d.Day <= least })
}

// loadFrameDays reads what was saved. What cannot be read is not worth that the farm stands still.
func (m *Manager) loadFrameDays() {
	all, err := m.files.FrameDays()
	if err != nil {
		m.log.Warn("what workers rendered on the last days cannot be read, and is counted anew", "error", err)
	}
	m.frameDays.workers = all
}

// saveFrameDays saves now and then, and at the end.
func (m *Manager) saveFrameDays(ctx context.Context) {
	tick := time.NewTicker(saveDaysEvery)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		all, changed := m.frameDays.changes(func(id farm.WorkerID) bool { w := m.roster.get(id); return w == nil || w.deleted })
		if !changed {
			continue
		}
		if err := m.files.SaveFrameDays(all); err != nil {
			m.log.Error("cannot save what workers rendered on the last days", "error", err)
		}
	}
}
