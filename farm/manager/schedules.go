package manager

import (
	"context"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// zones are time zones by name, each read from the system once. Only names that
// exist are kept, so it is bounded.
type zones struct{ known sync.Map }

// maxZone bounds the name of a time zone, in bytes.
const maxZone = 64

// get returns a time zone; ok is false for an unknown name.
func (z *zones) get(name string) (l *time.Location, ok bool) {
	if known, found := z.known.Load(name); found {
		return known.(*time.Location), true
	}
	// The system's idea of "Local" would be the manager's, not the worker's.
	if name == "" || len(name) > maxZone || strings.EqualFold(name, "local") {
		return nil, false
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	z.known.Store(name, l)
	return l, true
}

// zoneOf returns the time zone of a worker.
func (m *Manager) zoneOf(w *farm.Worker) *time.Location {
	if l, ok := m.zones.get(w.TimeZone); ok {
		return l
	}
	return time.Local
}

// timeZone returns the name if there is such a time zone, else "": the worker's
// schedule then follows the manager's clock.
func (m *Manager) timeZone(worker, name string) string {
	if _, ok := m.zones.get(name); !ok && name != "" {
		m.log.Warn("unknown time zone: the worker's sleep schedule follows the manager's clock", "worker", worker, "zone", name[:min(len(name), maxZone)])
		return ""
	}
	return name
}

// wanted is the status that a worker should take: the requested one, else the one
// its schedule wants. Without a schedule that is awake.
func (u *unit) wanted(w *store.Worker) farm.WorkerStatus {
	if w.Request.Pending() {
		return w.Request.Status
	}
	return w.Schedule.Wants(u.Now().In(u.m.zoneOf(&w.Worker)))
}

// applySchedule requests the status that the worker's schedule wants now, and notes
// when that changes next. It reports whether the request is new.
func (u *unit) applySchedule(w *store.Worker) bool {
	now := u.Now().In(u.m.zoneOf(&w.Worker))
	w.ScheduleAt = w.Schedule.Next(now)
	before := w.Request
	w.Request = farm.AfterSchedule(w.Status, before, w.Schedule.Wants(now))
	return w.Request != before
}

// scheduleDue reports whether a worker's schedule must be applied: its next change
// is not at the time that was noted. That is so when that time came, and also when
// the clock was set back, the worker moved to another time zone, or the manager
// was not running.
func (u *unit) scheduleDue(w *store.Worker) bool {
	return w.Deleted.IsZero() && w.Schedule.Active &&
		!w.ScheduleAt.Equal(w.Schedule.Next(u.Now().In(u.m.zoneOf(&w.Worker))))
}

// Schedule returns when a worker sleeps; NotFound if it does not exist.
func (m *Manager) Schedule(id farm.WorkerID) (WorkerSchedule, error) {
	w, err := m.Worker(id)
	if err != nil {
		return WorkerSchedule{}, err
	}
	zone := m.zoneOf(&w)
	now := time.Now().In(zone)
	return WorkerSchedule{Schedule: w.Schedule, Zone: zone.String(), Wants: w.Schedule.Wants(now), Next: w.Schedule.Next(now)}, nil
}

// WorkerSchedule is when a worker sleeps.
type WorkerSchedule struct {
	farm.Schedule
	Zone  string            // of the clock it follows; "Local" for the manager's
	Wants farm.WorkerStatus // what it wants now
	Next  time.Time         // when that changes; zero for never
}

// SetSchedule says when a worker sleeps, and applies it at once: it is asked to
// take the status that the schedule wants now, awake if the schedule is not
// active. The zero schedule removes it.
//
// NotFound; Invalid: see farm.Schedule.Check.
func (m *Manager) SetSchedule(id farm.WorkerID, s farm.Schedule, by ...farm.Actor) error {
	if err := s.Check(); err != nil {
		return err
	}
	return m.changeWorker(id, func(u *unit, w *store.Worker) error {
		removed := !s.Defined() && !w.Schedule.Active // what did nothing may go without a request
		w.Schedule = s
		switch {
		case !s.Defined():
			u.noteWorker(w, by, "Sleep schedule removed")
		case !s.Active:
			u.noteWorker(w, by, "Sleep schedule set, and switched off")
		default:
			u.noteWorker(w, by, "Sleep schedule set")
		}
		if !removed {
			u.applySchedule(w)
			u.AfterCommit(m.wakeSchedules)
		}
		return nil
	})
}

// wakeSchedules has the schedules applied soon.
func (m *Manager) wakeSchedules() {
	select {
	case m.schedules <- struct{}{}:
	default: // they will be
	}
}

// scheduleRetry is the pause after schedules could not be applied.
const scheduleRetry = time.Minute

// runSchedules waits for the next change of any schedule. There is one timer,
// and nothing is looked at in between.
func (m *Manager) runSchedules(ctx context.Context) {
	timer := time.NewTimer(0) // some may have changed while the manager was away
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.schedules:
		case <-timer.C:
		}
		next, err := m.applySchedules()
		switch {
		case err != nil:
			m.log.Error("cannot apply the sleep schedules; trying again in a minute", "error", err)
			timer.Reset(scheduleRetry)
		case next.IsZero():
			timer.Stop() // until somebody makes a schedule
		default:
			timer.Reset(time.Until(next))
		}
	}
}

// applySchedules applies the schedules that are due, and returns when the next
// one is.
func (m *Manager) applySchedules() (next time.Time, err error) {
	err = m.update(func(u *unit) error {
		for w := range u.Workers() {
			if u.scheduleDue(w) {
				before := w.Status
				if asked := u.applySchedule(w); asked {
					m.log.Info("sleep schedule requests a status", "worker", w.Name, "status", u.wanted(w), "next_change", w.ScheduleAt)
					u.workerEvent(w, before)
				} else {
					u.SaveWorker(w)
				}
			}
			if at := w.ScheduleAt; w.Deleted.IsZero() && w.Schedule.Active && !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		return nil
	})
	return next, err
}

// clockJumped reports whether the clock was set, or the computer slept: the time
// that passed by the wall clock is not the one by the monotonic clock.
func clockJumped(wall, steady time.Duration) bool { return (wall - steady).Abs() > time.Second }
