package worker

import (
	"context"
	"net/http"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// registerAgain is the pause before a worker that was refused right after it
// registered does so again: a confused manager must not collect workers.
const registerAgain = time.Minute

// signOn makes the worker known to its manager and returns the state the
// manager wants. Only a manager that answers 403 has forgotten the worker, and
// gets a new one. One that answers 400 does not want a worker like this, and
// ends it. Whatever else goes wrong passes, and is waited for.
func (w *Worker) signOn(ctx context.Context) state {
	w.say("looking for the manager")
	retry := backoff{}
	trouble := complaints{log: w.log, what: "cannot sign on"}
	fresh := false // registered just now, so 403 does not mean forgotten
	for {
		if w.manager() == nil {
			if err := w.register(ctx); api.StatusOf(err) == http.StatusBadRequest {
				return w.refused(err)
			} else if err != nil {
				trouble.about(err)
				if w.idleOut() {
					return w.unheard(err)
				}
				if !retry.pause(ctx) {
					return w.signOff
				}
				continue
			}
			fresh = true
		}
		answer, err := w.sayHello(ctx)
		switch {
		case err == nil:
			trouble.over()
			w.log.Info("signed on", "manager", w.client.Base, "worker", w.id(), "name", w.options.Name, "status", answer.StatusRequested)
			w.signedOn = true
			w.options.JoinCode = "" // it was for this worker, and not for one that is registered later
			if w.options.SignedOn != nil {
				w.options.SignedOn(answer.FarmID)
			}
			w.heardOfApproval(answer.Unapproved)
			w.sender.begin()
			return w.enter(answer.StatusRequested)
		case w.signedOn && api.WasDeleted(err):
			return w.unknown(err)
		case api.WasTaken(err):
			return w.copied(err)
		case api.StatusOf(err) == http.StatusForbidden && (!fresh || api.Sleep(ctx, registerAgain) == nil):
			w.log.Warn("the manager does not know this worker: registering as a new one", "worker", w.id(), "error", err)
			w.forget()
			continue
		case api.StatusOf(err) == http.StatusBadRequest:
			return w.refused(err)
		}
		trouble.about(err)
		if w.idleOut() {
			return w.unheard(err)
		}
		if !retry.pause(ctx) {
			return w.signOff
		}
	}
}

// sayHello signs on with what the worker can do. A manager that keeps what it cannot
// do apart is told all types and then the rest; another one only hears of those that
// it can do.
func (w *Worker) sayHello(ctx context.Context) (api.WorkerStateChange, error) {
	on := api.WorkerSignOn{Name: w.options.Name, SupportedTaskTypes: w.options.TaskTypes, SoftwareVersion: w.options.Version,
		CanRestart: w.options.RestartExitCode != 0, TimeZone: timeZone()}
	if needs, err := w.manager().WorkerNeeds(ctx, platform); err == nil { // else the sign-on fails as well
		looking, stop := context.WithTimeout(ctx, checkLimit) // a mount may hang
		w.setPlace(w.findStorage(looking, needs))
		stop()
	}
	on.Facts = w.facts(ctx)
	answer, err := w.manager().SignOn(ctx, on)
	if err == nil {
		w.told(on.Facts)
		w.examiner.again()
		if w.inventory != nil {
			w.inventory.again() // what the farm offers is asked for now
		}
	}
	if err != nil || w.checkup == nil {
		return answer, err
	}
	if unable, foreign := w.checkup.now(ctx); foreign && len(unable) > 0 {
		on.SupportedTaskTypes = able(on.SupportedTaskTypes, unable)
		return w.manager().SignOn(ctx, on)
	}
	return answer, nil
}

// refused ends the worker: it would say the same again, and get the same answer.
func (w *Worker) refused(err error) state {
	w.end = farm.Errorf(farm.Invalid, "the manager at %s refuses this worker: %w", w.client.Base, err)
	return w.signOff
}

// register makes a new worker, and keeps its identity before it is used: a
// crash after that must not make another.
func (w *Worker) register(ctx context.Context) error {
	if w.newSecret == "" { // a manager that registered it, and was not heard, knows it again by it
		w.newSecret = newSecret()
	}
	known := identity{Secret: w.newSecret, Name: w.options.Name}
	client := *w.client
	client.JoinCode = w.options.JoinCode
	if w.options.Key != nil {
		key, err := w.options.Key()
		if err != nil {
			return err
		}
		client.Key = key
	}
	answer, err := client.RegisterWorker(ctx, api.WorkerRegistration{Secret: known.Secret, Platform: platform,
		SupportedTaskTypes: w.options.TaskTypes, Name: known.Name})
	if err != nil {
		return err
	}
	if _, ok := farm.ParseUUID(string(answer.UUID)); !ok {
		return farm.Errorf(farm.Unavailable, "the manager gave this worker an invalid id: %.40q", answer.UUID)
	}
	known.ID = answer.UUID
	if err := known.save(w.options.Dir); err != nil {
		// Trying again would make another worker each time.
		w.log.Error("the next start will register a new worker", "error", err)
	}
	w.newSecret = ""
	w.become(known)
	w.log.Info("registered", "manager", w.client.Base, "worker", known.ID, "name", known.Name)
	return nil
}

// heardOfApproval says in the log whether somebody has to approve the worker, when
// that changes.
func (w *Worker) heardOfApproval(unapproved bool) {
	switch {
	case unapproved && !w.unapproved:
		w.log.Warn("this worker gets no tasks until somebody approves it: type \"farm workers approve NAME\" on the manager's computer", "name", w.options.Name, "worker", w.id())
	case w.unapproved && !unapproved:
		w.log.Info("this worker was approved", "name", w.options.Name)
	}
	w.unapproved = unapproved
}

// forget ends the session. Reports wait for the next one.
func (w *Worker) forget() {
	w.signedOn = false
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session = session{}
}

func (w *Worker) id() farm.WorkerID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session.id
}
