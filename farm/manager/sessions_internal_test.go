package manager

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

const twin = farm.WorkerID("1a2b3c4d-0000-4000-8000-000000000001")

// newTwins returns a manager that knows one worker, with which a session signed on.
func newTwins(t *testing.T) *Manager {
	m := &Manager{log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	m.roster.put(farm.Worker{ID: twin})
	if err := m.Attend(t.Context(), twin, "first", true); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestLivingSessionKeepsItsIdentity has a session whose request is held, and which
// asks again when that is answered: another one cannot sign on, nor speak.
func TestLivingSessionKeepsItsIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTwins(t)
		release := m.roster.hold(twin)
		challenged := m.Challenged(twin)
		go func() {
			<-challenged.Done()
			release()
			time.Sleep(time.Second)
			m.Attend(t.Context(), twin, "first", false)
		}()
		began := time.Now()
		if err := m.Attend(t.Context(), twin, "second", true); !errors.Is(err, ErrTaken) {
			t.Errorf("the second may sign on: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("that took %s", took)
		}
		if err := m.Attend(t.Context(), twin, "second", false); !errors.Is(err, ErrTaken) {
			t.Errorf("the second may speak: %v", err)
		}
		if err := m.Attend(t.Context(), twin, "first", false); err != nil {
			t.Errorf("the first may not: %v", err)
		}
	})
}

// TestLostSessionGivesWay has a session whose request is held though nobody is
// there any more, as after a power cut: its successor waits a moment, and a late word
// of the first is refused.
func TestLostSessionGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTwins(t)
		defer m.roster.hold(twin)()
		began := time.Now()
		if err := m.Attend(t.Context(), twin, "second", true); err != nil {
			t.Errorf("the second may not sign on: %v", err)
		}
		if took := time.Since(began); took != signOfLife {
			t.Errorf("that took %s", took)
		}
		if err := m.Attend(t.Context(), twin, "first", false); !errors.Is(err, ErrTaken) {
			t.Errorf("the first may speak: %v", err)
		}
	})
}

// TestEndedSessionGivesWayAtOnce restarts a worker, with and without a restart of
// the manager, and has one of the compatible system, which has no session.
func TestEndedSessionGivesWayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		m := newTwins(t)
		for _, session := range []string{"second", "second", "third", ""} {
			if err := m.Attend(t.Context(), twin, session, true); err != nil {
				t.Errorf("%q may not sign on: %v", session, err)
			}
		}
		m = newTwins(t) // forgets all
		if err := m.Attend(t.Context(), twin, "first", false); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("that took %s", took)
		}
	})
}
