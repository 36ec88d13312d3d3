package worker

import (
	"slices"
	"testing"
	"time"
)

// until waits for a condition that changes only with the manager.
func (m *fakeManager) until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Minute) // virtual, or for ever
	defer deadline.Stop()
	for {
		m.mu.Lock()
		ok, changed := cond(), m.changed
		m.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// finished returns a condition: the task was reported in that status.
func (m *fakeManager) finished(task string, status string) func() bool {
	return func() bool {
		return slices.ContainsFunc(m.updates, func(s sent) bool { return s.task == task && s.TaskStatus == status })
	}
}

// statuses lists the updates that change a status, as "task status".
func (m *fakeManager) statuses(names map[string]string) (all []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.updates {
		if s.TaskStatus != "" {
			all = append(all, names[s.task]+" "+s.TaskStatus)
		}
	}
	return all
}

// logOf returns everything that was written to the task's log.
func (m *fakeManager) logOf(task string) (text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.updates {
		if s.task == task {
			text += s.Log
		}
	}
	return text
}

// times returns when a route was called.
func (m *fakeManager) times(route string) (all []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.calls {
		if c.route == route {
			all = append(all, c.at)
		}
	}
	return all
}
