package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Registration is what a new worker says about itself.
type Registration struct {
	Name, Platform, Secret string
	TaskTypes              []string
	Address                string // IP address it calls from
	Own                    bool   // on the manager's own computer, which needs no approval
	Admitted               bool   // by somebody who made a join code, which is an approval
}

// Bounds on what a worker may say about itself.
const (
	maxName      = 128
	maxSecret    = 512
	maxTaskTypes = 64
)

// Register adds a worker. The secret is the worker's own choice.
func (m *Manager) Register(r Registration) (farm.Worker, error) {
	types, err := taskTypes(r.TaskTypes)
	if err != nil {
		return farm.Worker{}, err
	}
	switch {
	case len(r.Name) > maxName:
		return farm.Worker{}, farm.Errorf(farm.Invalid, "the worker's name is longer than %d bytes: shorten it", maxName)
	case r.Secret == "" || len(r.Secret) > maxSecret:
		return farm.Worker{}, farm.Errorf(farm.Invalid, "a worker's secret has 1 to %d bytes: choose a long random one", maxSecret)
	case len(r.Platform) > maxName:
		return farm.Worker{}, farm.Errorf(farm.Invalid, "the worker's platform is longer than %d bytes: name its operating system, like linux", maxName)
	}
	config := m.config.Load()
	w := farm.Worker{
		ID: farm.WorkerID(farm.NewUUID().String()), Name: r.Name, Address: r.Address, Platform: r.Platform,
		TaskTypes: types, SecretHash: hashSecret(r.Secret), Unapproved: config.ApproveWorkers && !r.Own && !r.Admitted,
	}
	var stranger farm.WorkerID
	if most := config.MaxWorkers; most > 0 && m.roster.size() >= most {
		if stranger = m.roster.stranger(time.Now()); stranger == "" {
			return farm.Worker{}, farm.Errorf(farm.Busy, "the farm has %d workers, as many as max_workers in its farm.yaml allows: delete those that are gone, or raise it", most)
		}
	}
	err = m.update(func(u *unit) error {
		if err := u.forgetStranger(stranger); err != nil {
			return err
		}
		w.Created, w.Updated, w.LastSeen = u.Now(), u.Now(), u.Now()
		saved := u.AddWorker(w).Worker
		u.AfterCommit(func() {
			m.roster.put(saved)
			m.tally.worker(saved, farm.WorkerUnknown, true)
		})
		return nil
	})
	if err == nil {
		m.log.Info("worker registered", "worker", w.Name, "address", w.Address)
		if w.Unapproved {
			m.log.Warn("a new worker waits for approval: if it belongs to the farm, type \"farm workers approve NAME\"", "worker", w.Name, "address", w.Address)
		}
	}
	return w, err
}

// neverSignsOn is after how long of silence a worker that registered and never signed on
// makes room for a new one, where there is none. A real one signs on within seconds, or asks
// every few seconds whether it was approved.
const neverSignsOn = time.Hour

// forgetStranger deletes a worker that registered and never signed on, if there is an id.
func (u *unit) forgetStranger(id farm.WorkerID) error {
	if id == "" {
		return nil
	}
	w, err := u.Worker(id)
	if err != nil || w.Status != farm.WorkerUnknown || !w.Deleted.IsZero() {
		return err // it has just signed on, or somebody deleted it: one more or less is no matter
	}
	w.Deleted = u.Now()
	u.m.log.Warn("a worker that registered and never signed on is deleted, to make room for another", "worker", w.Name, "address", w.Address)
	u.workerEvent(w, w.Status)
	return nil
}

// taskTypes trims and lower-cases task types and drops repeated ones.
func taskTypes(given []string) ([]string, error) {
	if len(given) > maxTaskTypes {
		return nil, farm.Errorf(farm.Invalid, "a worker cannot support more than %d task types", maxTaskTypes)
	}
	types := make([]string, 0, len(given))
	for _, t := range given {
		t = strings.ToLower(strings.TrimSpace(t))
		if len(t) > maxName {
			return nil, farm.Errorf(farm.Invalid, "a task type is longer than %d bytes", maxName)
		}
		if t != "" && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types, nil
}

// workerOf returns the worker that makes a request. One that was deleted after
// its credentials were checked is refused like one that was deleted before.
func workerOf(tx *store.Tx, id farm.WorkerID) (*store.Worker, error) {
	w, err := tx.Worker(id)
	if err == nil && !w.Deleted.IsZero() {
		return nil, ErrDeleted
	}
	return w, err
}

func (u *unit) worker(id farm.WorkerID) (*store.Worker, error) { return workerOf(u.Tx, id) }

// SignOn is what a worker says when it starts.
type SignOn struct {
	Name, Software string
	TaskTypes      []string
	CanRestart     bool
	Address        string
	TimeZone       string            // IANA name of its time zone; "" or an unknown one means the manager's
	Facts          *farm.WorkerFacts // about its computer; nil if it tells nothing
}

// SignOn brings a worker (back) to the farm and returns the status it is to
// take: the one that was asked for while it was away, else what its schedule
// wants, else awake.
func (m *Manager) SignOn(id farm.WorkerID, s SignOn) (farm.WorkerStatus, error) {
	types, err := taskTypes(s.TaskTypes)
	if err != nil {
		return 0, err
	}
	if len(s.Name) > maxName || len(s.Software) > maxName {
		return 0, farm.Errorf(farm.Invalid, "the worker's name or version is longer than %d bytes: shorten it", maxName)
	}
	zone, facts := m.timeZone(s.Name, s.TimeZone), farm.CleanFacts(s.Facts)
	var wanted farm.WorkerStatus
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		before := w.Status
		w.Status, w.Name, w.Address, w.Software = farm.WorkerStarting, s.Name, s.Address, s.Software
		w.TaskTypes, w.CanRestart = types, s.CanRestart
		w.Unable, w.InUse = nil, "" // it tells that anew
		w.SetFacts(facts)
		if w.TimeZone != zone {
			w.TimeZone = zone
			w.ScheduleAt = w.Schedule.Next(u.Now().In(m.zoneOf(&w.Worker)))
			u.AfterCommit(m.wakeSchedules)
		}
		if w.Request.Status == farm.WorkerRestart {
			w.Request = farm.StatusRequest{} // it has just started
		}
		for _, t := range u.Active(w) { // what it still can do it gets again when it asks
			if !slices.Contains(types, t.Type()) {
				u.returnTask(t, fmt.Sprintf("worker %s (%s) does not take tasks of type %q any more", w.Name, w.ID, t.Type()))
			}
		}
		wanted = u.wanted(w)
		u.workerEvent(w, before)
		return nil
	})
	if err == nil {
		m.log.Info("worker signed on", "worker", s.Name, "version", s.Software, "address", s.Address, "status", wanted)
	}
	return wanted, err
}

// SignOff takes a worker from the farm. What it was working on is returned, and
// it will be asked to take the status it has now when it comes back.
func (m *Manager) SignOff(id farm.WorkerID) error { return m.signOff(id, false) }

// Leave is SignOff of a worker that does not come back. It is deleted.
func (m *Manager) Leave(id farm.WorkerID) error { return m.signOff(id, true) }

func (m *Manager) signOff(id farm.WorkerID, forGood bool) error {
	var name string
	err := m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		name = w.Name
		before := w.Status
		w.Request = farm.AfterSignOff(before, w.Request)
		w.Status = farm.WorkerOffline
		u.returnAll(w, "worker signed off")
		if forGood {
			w.Deleted, w.Request = u.Now(), farm.StatusRequest{}
		}
		u.workerEvent(w, before)
		return nil
	})
	if err == nil {
		m.log.Info("worker signed off", "worker", name)
	}
	return err
}

// returnAll returns every task the worker holds.
func (u *unit) returnAll(w *store.Worker, reason string) {
	for _, t := range u.Active(w) {
		u.returnTask(t, reason)
	}
}

// StateChanged takes the status that a worker says it has now.
func (m *Manager) StateChanged(id farm.WorkerID, status farm.WorkerStatus) error {
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		before := w.Status
		w.Status = status
		if w.Request.Status == status {
			w.Request = farm.StatusRequest{}
		}
		if status != farm.WorkerAwake { // even if it was not awake just now: it may come from a crash
			u.returnAll(w, "worker "+w.Name+" ("+string(w.ID)+") changed status to '"+status.String()+"'")
		}
		u.workerEvent(w, before)
		return nil
	})
}

// RequestedStatus returns the status the worker is asked to take, WorkerUnknown
// for none. It waits up to the given time for there to be one.
func (m *Manager) RequestedStatus(ctx context.Context, id farm.WorkerID, wait time.Duration) (wanted farm.WorkerStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	sub := m.wakeups.subscribe(workerTopic(id))
	defer sub.cancel()
	for {
		err = m.update(func(u *unit) error {
			w, err := u.worker(id)
			switch {
			case err != nil:
				return err
			case w.Status == farm.WorkerError: // it was lost, and is back
				wanted = u.wanted(w)
			default:
				wanted = w.Request.Status
			}
			return nil
		})
		if err != nil || wanted != farm.WorkerUnknown || !sub.wait(ctx) {
			return wanted, err
		}
	}
}
