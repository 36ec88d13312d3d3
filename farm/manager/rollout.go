package manager

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
)

// A rollout is the last one, if there was any since the start. It ends with the manager: a worker that
// was asked then hears, when it asks for the program, that it is nobody's turn, and only restarts.
type rollout struct {
	mu   sync.Mutex // guards the rest; the store's is taken while it is held
	last *farm.Rollout
	stop context.CancelFunc
}

// StartRollout brings workers to the manager's version, one after the other; none means all whose
// version is another. have returns an error if there is no program for a platform. Conflict: the last
// rollout is not over.
func (m *Manager) StartRollout(ids []farm.WorkerID, have func(goos, arch string) error, by ...farm.Actor) (farm.Rollout, error) {
	workers, err := m.toUpdate(ids)
	if err != nil {
		return farm.Rollout{}, err
	}
	now, version := time.Now().UTC(), m.version
	r := &farm.Rollout{Version: version, Began: now}
	for _, w := range workers {
		s := farm.RolloutStep{Worker: w.ID, Name: w.Name, State: farm.UpdateWaiting, Since: now}
		if s.Reason = w.WhyNoUpdate(); s.Reason == "" && w.Software == version {
			s.Reason = "it has this version"
		}
		if s.Reason == "" {
			if err := have(w.Platform, w.Facts.Arch); farm.KindOf(err) == farm.NotFound {
				s.Reason = err.Error()
			} else if err != nil {
				return farm.Rollout{}, err
			}
		}
		if s.Reason != "" {
			s.State = farm.UpdateSkipped
		}
		r.Steps = append(r.Steps, s)
	}
	m.rollout.mu.Lock()
	defer m.rollout.mu.Unlock()
	if last := m.rollout.last; last != nil && !last.Over() {
		return farm.Rollout{}, farm.Errorf(farm.Conflict, "workers are being updated already: wait until that is over, or stop it")
	}
	ctx, stop := context.WithCancel(m.stopping)
	m.rollout.last, m.rollout.stop = r, stop
	m.done.Go(func() {
		defer stop()
		m.runRollout(ctx, r, by)
	})
	return r.Clone(), nil
}

// toUpdate returns the workers with the ids, or all that have another version, in the order of their names.
func (m *Manager) toUpdate(ids []farm.WorkerID) (workers []farm.Worker, err error) {
	if len(ids) > 0 {
		for _, id := range ids {
			w, err := m.Worker(id)
			if err != nil {
				return nil, err
			}
			workers = append(workers, w)
		}
		return workers, nil
	}
	workers, err = m.Workers()
	workers = slices.DeleteFunc(workers, func(w farm.Worker) bool { return w.Software == m.version })
	slices.SortFunc(workers, func(a, b farm.Worker) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return workers, err
}

// runRollout goes on whenever one of the workers changes, and when one was away for too long.
func (m *Manager) runRollout(ctx context.Context, r *farm.Rollout, by []farm.Actor) {
	var topics []topic
	for _, s := range r.Steps {
		topics = append(topics, workerTopic(s.Worker))
	}
	sub := m.wakeups.subscribe(topics...)
	defer sub.cancel()
	for {
		m.rollout.mu.Lock()
		ask, left := r.Look(time.Now().UTC(), m.Worker)
		over := r.Over()
		m.rollout.mu.Unlock()
		switch {
		case over:
			m.endRollout(r)
			return
		case ask != "":
			if err := m.askToUpdate(ask, by); err != nil && farm.KindOf(err) != farm.NotFound {
				m.rollout.mu.Lock()
				r.Stop(err.Error(), time.Now().UTC())
				m.rollout.mu.Unlock()
			}
			continue
		}
		waiting, cancel := ctx, context.CancelFunc(func() {})
		if left > 0 {
			waiting, cancel = context.WithTimeout(ctx, left)
		}
		sub.wait(waiting)
		cancel()
		if ctx.Err() != nil {
			return
		}
	}
}

// endRollout says in the log how it ended.
func (m *Manager) endRollout(r *farm.Rollout) {
	done := 0
	for _, s := range r.Steps {
		switch s.State {
		case farm.UpdateDone:
			done++
		case farm.UpdateFailed:
			m.log.Warn("a worker was not updated", "worker", s.Name, "reason", s.Reason)
		}
	}
	if r.Stopped != "" {
		m.log.Warn("no more workers are updated", "reason", r.Stopped, "updated", done, "of", len(r.Steps))
		return
	}
	m.log.Info("workers were updated", "version", r.Version, "updated", done, "of", len(r.Steps))
}

// askToUpdate asks a worker to restart after its task. Workers that know updates then ask
// for the program, see MayUpdate.
func (m *Manager) askToUpdate(id farm.WorkerID, by []farm.Actor) error {
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		u.noteWorker(w, by, "Asked to update to version "+m.version)
		w.Request = farm.StatusRequest{Status: farm.WorkerRestart, Lazy: true}
		u.workerEvent(w, w.Status)
		return nil
	})
}

// MayUpdate reports whether it is the turn of a worker to replace its program.
func (m *Manager) MayUpdate(id farm.WorkerID) bool {
	m.rollout.mu.Lock()
	defer m.rollout.mu.Unlock()
	return m.rollout.last != nil && slices.ContainsFunc(m.rollout.last.Steps, func(s farm.RolloutStep) bool {
		return s.Worker == id && s.State == farm.UpdateAsked
	})
}

// Rollout returns the last rollout, the zero value if there was none since the start.
func (m *Manager) Rollout() farm.Rollout {
	m.rollout.mu.Lock()
	defer m.rollout.mu.Unlock()
	if m.rollout.last == nil {
		return farm.Rollout{Version: m.version}
	}
	return m.rollout.last.Clone()
}

// StopRollout asks no more workers. One that was asked goes on if it has the program, and else only restarts.
func (m *Manager) StopRollout(by farm.Actor) {
	m.rollout.mu.Lock()
	defer m.rollout.mu.Unlock()
	if r := m.rollout.last; r != nil && !r.Over() {
		r.Stop("somebody stopped it", time.Now().UTC())
		m.rollout.stop()
		m.log.Info("somebody stopped the update of workers", "by", by.Name)
	}
}
