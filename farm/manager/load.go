package manager

import (
	"sync/atomic"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

// How busy a worker's computer is comes with each of its requests, is kept in memory only,
// and is told to pages together for all workers.

// loadsEvery is how often readers are told that workers told something.
const loadsEvery = 10 * time.Second

// loadsTold plans when readers are told next.
type loadsTold struct{ planned atomic.Bool }

// KnowsLoad reports whether a worker's last request told the same of its load: the text
// of this one need not be read then.
func (m *Manager) KnowsLoad(id farm.WorkerID, text string) bool {
	w := m.roster.get(id)
	if w == nil {
		return true // it was deleted just now
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.loadText == text
}

// SetLoad takes how busy a worker's computer is, nil if it does not tell, and the text that
// told it.
func (m *Manager) SetLoad(id farm.WorkerID, text string, load *farm.WorkerLoad) {
	w := m.roster.get(id)
	if w == nil {
		return
	}
	w.mu.Lock()
	w.load, w.loadText, w.loadAt = load, text, time.Now()
	w.mu.Unlock()
	if m.loads.planned.CompareAndSwap(false, true) {
		time.AfterFunc(loadsEvery, m.tellLoads)
	}
}

// tellLoads tells readers that there are loads to fetch.
func (m *Manager) tellLoads() {
	m.loads.planned.Store(false)
	if m.stopping.Err() == nil {
		m.events.Publish(events.Event{Time: time.Now().UTC(), Data: events.LoadsTold{}})
	}
}

// Load returns how busy a worker's computer is, nil if it is not known.
func (m *Manager) Load(id farm.WorkerID) *farm.WorkerLoad {
	w := m.roster.get(id)
	if w == nil || !w.status.Watched() {
		return nil // it cannot be as busy as it was
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.load
}

// A WorkerLoad is how busy the computer of a worker is.
type WorkerLoad struct {
	Worker farm.WorkerID
	Seen   time.Time
	Load   *farm.WorkerLoad // replaced, never changed; nil: it is not known
}

// LoadsSince returns how busy those computers are whose workers told it after a time.
func (m *Manager) LoadsSince(since time.Time) (list []WorkerLoad) {
	now := time.Now()
	m.roster.mu.RLock()
	defer m.roster.mu.RUnlock()
	for id, w := range m.roster.members {
		if w.deleted || !w.status.Watched() {
			continue
		}
		w.mu.Lock()
		if w.loadAt.After(since) {
			list = append(list, WorkerLoad{id, w.lastSeen(now), w.load})
		}
		w.mu.Unlock()
	}
	return list
}
