package manager

import (
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

// tally counts jobs, their tasks, and workers per status, so that nobody ever
// needs to look at them all.
type tally struct {
	mu      sync.Mutex // guards everything below; only the event log's is taken while it is held
	jobs    map[farm.JobStatus]int
	tasks   farm.Counts
	workers map[farm.WorkerStatus]int
	told    farm.FarmStatus // the status last published
}

// count counts jobs that are in another status now, or new, and how many tasks of
// each status there are more now.
func (t *tally) count(changes []statusChange, more farm.Counts) {
	if len(changes) == 0 && more == (farm.Counts{}) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks.Add(more)
	for _, c := range changes {
		if !c.isNew {
			t.jobs[c.before]--
		}
		t.jobs[c.now]++
	}
}

// removed counts a job no more that was in the status and had these tasks.
func (t *tally) removed(status farm.JobStatus, tasks farm.Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.jobs[status]--
	t.tasks.Sub(tasks)
}

// worker counts a worker that is new to the tally, or changes from the status before.
func (t *tally) worker(w farm.Worker, before farm.WorkerStatus, isNew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !isNew {
		t.workers[before]--
	}
	if w.Deleted.IsZero() {
		t.workers[w.Status]++
	}
}

func (t *tally) status() farm.FarmStatus {
	return farm.StatusOfFarm(t.workers, t.jobs[farm.JobActive] > 0, t.jobs[farm.JobQueued] > 0)
}

// counts returns how many jobs are paused, and how many are queued or active.
func (t *tally) counts() (paused, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.jobs[farm.JobPaused] + t.jobs[farm.JobPauseRequested], t.jobs[farm.JobActive] + t.jobs[farm.JobQueued]
}

// FarmStatus returns the farm in one word.
func (m *Manager) FarmStatus() farm.FarmStatus {
	m.tally.mu.Lock()
	defer m.tally.mu.Unlock()
	return m.tally.status()
}

// farmEvent publishes the farm's status if it is not the one last published.
func (m *Manager) farmEvent() {
	m.tally.mu.Lock()
	defer m.tally.mu.Unlock()
	if status := m.tally.status(); status != m.tally.told {
		m.tally.told = status
		m.events.Publish(events.Event{Time: time.Now().UTC(), Data: events.FarmChanged{Status: status}})
	}
}
