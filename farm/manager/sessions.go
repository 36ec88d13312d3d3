package manager

import (
	"context"
	"time"

	"renderfarm/farm"
)

// The identity of a worker is a file, and files are copied: the disk image of one
// computer is written to another, and two workers say that they are the same one.
// Both would be given the same task. So each start of a Farm worker has a session,
// a random text that comes with all its requests, and an identity belongs to one
// session at a time. Workers of the compatible system have none, and are believed.
//
// A new session takes the identity over: most often the worker was started again
// after a crash. But first a session whose requests are held is asked for a sign
// of life, by answering them: a worker that lives asks again at once, and then
// it is the new one that has to register as a worker of its own.

// ErrTaken refuses a worker whose identity another one uses at this time. It shall
// register anew.
var ErrTaken = farm.Errorf(farm.Conflict, "another worker that runs uses the identity of this one, probably because its folder was copied. Register as a worker of its own")

// signOfLife is how long a session has to ask again.
const signOfLife = 3 * time.Second

// occupancy is the session that has a worker's identity. It is part of a presence,
// whose mutex guards it. A restart of the manager forgets it: the first
// session that speaks has the identity then.
type occupancy struct {
	session    string          // "": none has spoken yet
	spoke      chan struct{}   // closed at its next request, nil if nobody waits for it
	challenged context.Context // canceled when its held requests are to be answered; nil if none was held since
	challenge  context.CancelFunc
}

// Attend notes a request of a worker's session, and refuses one of another session
// with ErrTaken. A worker that signs on may take the identity over; that can take
// as long as signOfLife.
func (m *Manager) Attend(ctx context.Context, id farm.WorkerID, session string, signsOn bool) error {
	w := m.roster.get(id)
	if w == nil || session == "" {
		return nil
	}
	for {
		spoke, err := w.attend(session, signsOn)
		if spoke == nil {
			if err != nil {
				m.twice(w)
			}
			return err
		}
		timer := time.NewTimer(signOfLife)
		select {
		case <-spoke:
			timer.Stop()
			m.twice(w)
			return ErrTaken
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
			w.dispossess(spoke)
		}
	}
}

// twice tells the owner of the farm that two workers have one identity.
func (m *Manager) twice(w *member) {
	m.log.Warn("two workers have the same identity, so one of them has to register as a worker of its own. Was the folder of a worker copied?", "worker", w.name, "address", w.address)
}

// attend notes a request. If another session has the identity and could be alive,
// it is challenged, and the channel tells that it spoke.
func (p *presence) attend(session string, signsOn bool) (spoke <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.occupancy
	switch {
	case o.session == "" || o.session == session:
		o.session = session
		if o.spoke != nil {
			close(o.spoke)
			o.spoke = nil
		}
		return nil, nil
	case !signsOn:
		return nil, ErrTaken
	case p.heartbeat.held == 0: // it has ended, or it will hear of this soon
		o.session = session
		return nil, nil
	}
	if o.spoke == nil {
		o.spoke = make(chan struct{})
	}
	if o.challenged != nil {
		o.challenge()
		o.challenged = nil
	}
	return o.spoke, nil
}

// dispossess takes the identity from a session that was challenged and did not speak.
func (p *presence) dispossess(spoke <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := &p.occupancy; o.spoke == spoke {
		o.session, o.spoke = "", nil
	}
}

// Challenged returns a context that is canceled when held requests of the worker
// are to be answered early.
func (m *Manager) Challenged(id farm.WorkerID) context.Context {
	w := m.roster.get(id)
	if w == nil {
		return context.Background()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o := &w.occupancy
	if o.challenged == nil {
		o.challenged, o.challenge = context.WithCancel(context.Background())
	}
	return o.challenged
}
