package worker

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// A worker that a user deletes while it runs stays away until somebody starts it
// again; then it is a new one. It makes no difference whether it waits, works or
// sleeps.
func TestDeletedWorkerStaysAway(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, m *fakeManager){
		"waiting": func(t *testing.T, m *fakeManager) { m.until(t, "awake", func() bool { return m.status == "awake" }) },
		"working": func(t *testing.T, m *fakeManager) {
			task := m.add(napping(1e6))
			m.until(t, "at work", func() bool { return m.active == task })
		},
		"asleep": func(t *testing.T, m *fakeManager) {
			m.change(func() { m.request = "asleep" })
			m.until(t, "asleep", func() bool { return m.status == "asleep" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, dir := newFakeManager(), t.TempDir()
				_, ended := m.worker(t, dir)
				before(t, m)
				m.change(func() {
					m.deleted = map[string]bool{}
					for id := range maps.Keys(m.workers) {
						m.deleted[id] = true
					}
				})
				select {
				case <-ended:
				case <-time.After(time.Hour): // virtual
					t.Fatal("still running after an hour")
				}
				if len(m.workers) != 1 {
					t.Errorf("it registered again: %d workers", len(m.workers))
				}
				if n := len(m.times("POST /api/v3/worker/sign-off")); n != 0 {
					t.Errorf("signed off %d times, though it is nobody", n)
				}
				m.change(func() { m.status, m.request, m.active, m.queue = "", "", "", nil })
				stop, _ := m.worker(t, dir)
				m.until(t, "back as a new worker", func() bool { return len(m.workers) == 2 && m.status == "awake" })
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
	if !errors.Is(ErrDeleted, ErrShutdown) {
		t.Error("a program would start a deleted worker again")
	}
}
