package manager

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"

	"renderfarm/farm"
)

// roster keeps the workers in memory: every request of a worker is authenticated
// against it, and task lists take names from it.
type roster struct {
	mu      sync.RWMutex // guards members; only a presence's is taken while it is held
	members map[farm.WorkerID]*member
	living  int          // members that are not deleted
	saved   atomic.Int64 // unix milliseconds of the last seenSince
}

// member is one worker. All but presence is constant: a change makes a new member.
type member struct {
	name, address string
	secret        []byte // salt and hash, see hashSecret; or one of bcrypt, see foreignSecrets
	deleted       bool
	status        farm.WorkerStatus
	away          bool
	unapproved    bool
	*presence
}

// presence is when a worker was last seen.
type presence struct {
	seen atomic.Int64 // unix milliseconds; saved now and then
	left atomic.Int64 // unix milliseconds: since when it is not awake; 0 while it is

	second atomic.Bool // it knows second runs
	shares atomic.Bool // it can render a share of a task, and leave one to others

	mu        sync.Mutex // guards what follows; nothing else is taken while it is held
	heartbeat heartbeat  // since the manager started; for time-outs
	occupancy occupancy
	ends      time.Time     // when the worker ends, as it says; zero: it does not say
	whole     time.Duration // from its beginning to its end

	load     *farm.WorkerLoad // how busy its computer is, as it says; nil: it does not. Replaced, never changed
	loadText string           // that told it
	loadAt   time.Time
}

// lastSeen returns when the worker was last seen: one that waits for an answer is. Its mu is held.
func (p *presence) lastSeen(now time.Time) time.Time {
	if p.heartbeat.held > 0 {
		return now.UTC().Truncate(time.Millisecond)
	}
	return time.UnixMilli(p.seen.Load()).UTC()
}

func (p *presence) heard() {
	now := time.Now()
	p.seen.Store(now.UnixMilli())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heartbeat.at = now
}

func (p *presence) hold(n int) {
	p.mu.Lock()
	p.heartbeat.held += n
	p.mu.Unlock()
	p.heard()
}

func (p *presence) idle(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heartbeat.idle(now)
}

func (r *roster) put(w farm.Worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members == nil {
		r.members = map[farm.WorkerID]*member{}
	}
	next := &member{name: w.Name, address: w.Address, secret: w.SecretHash, deleted: !w.Deleted.IsZero(), status: w.Status, away: w.Away, unapproved: w.Unapproved}
	if !next.deleted {
		r.living++
	}
	if old := r.members[w.ID]; old != nil {
		if !old.deleted {
			r.living--
		}
		next.presence = old.presence
	} else {
		next.presence = &presence{heartbeat: heartbeat{at: time.Now()}}
		next.seen.Store(w.LastSeen.UnixMilli())
	}
	next.leave(w.Status)
	r.members[w.ID] = next
}

// size returns how many workers the farm has.
func (r *roster) size() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.living
}

// stranger returns who of those that registered and never signed on was silent for longest
// since the manager started, if that is long enough; "" for none.
func (r *roster) stranger(now time.Time) (id farm.WorkerID) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	longest := neverSignsOn
	for each, w := range r.members {
		if w.status != farm.WorkerUnknown || w.deleted {
			continue
		}
		if idle := w.idle(now); idle >= longest {
			id, longest = each, idle
		}
	}
	return id
}

func (r *roster) get(id farm.WorkerID) *member {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.members[id]
}

func (r *roster) name(id farm.WorkerID) string {
	if w := r.get(id); w != nil {
		return w.name
	}
	return ""
}

// Unapproved reports whether a worker waits for approval.
func (m *Manager) Unapproved(id farm.WorkerID) bool {
	w := m.roster.get(id)
	return w != nil && w.unapproved
}

// seenSince returns the workers that were seen since the last call.
func (r *roster) seenSince() map[farm.WorkerID]time.Time {
	from := r.saved.Swap(time.Now().UnixMilli())
	r.mu.RLock()
	defer r.mu.RUnlock()
	seen := map[farm.WorkerID]time.Time{}
	for id, w := range r.members {
		if at := w.seen.Load(); at >= from && !w.deleted {
			seen[id] = time.UnixMilli(at).UTC()
		}
	}
	return seen
}

// Authenticate checks the id and secret that a worker sent and marks it as
// seen. It fails with Forbidden, and does not say which of the two was wrong; with
// ErrDeleted if both are right and somebody deleted the worker.
func (m *Manager) Authenticate(id, secret string) (farm.WorkerID, error) {
	w := m.roster.get(farm.WorkerID(id))
	if w == nil || !m.rightSecret(farm.WorkerID(id), w, secret) {
		return "", errNoWorker
	}
	if w.deleted {
		return "", ErrDeleted
	}
	w.heard()
	return farm.WorkerID(id), nil
}

var errNoWorker = farm.Errorf(farm.Forbidden, "no such worker known, or its secret is wrong: register the worker again")

// ErrDeleted refuses a worker that a user deleted. It shall not come back by itself
// under another id.
var ErrDeleted = farm.Errorf(farm.Forbidden, "no such worker known: it was deleted from the farm. Start it again to register it as a new one")

// hold keeps a worker present while it waits for an answer; it cannot say
// anything else meanwhile. The caller ends that with the function it returns.
func (r *roster) hold(id farm.WorkerID) (release func()) {
	w := r.get(id)
	if w == nil {
		return func() {}
	}
	w.presence.hold(+1)
	return func() { w.presence.hold(-1) }
}

// doesSecond reports whether a worker knows second runs.
func (r *roster) doesSecond(id farm.WorkerID) bool {
	w := r.get(id)
	return w != nil && w.second.Load()
}

// KnowsSecond notes whether a worker knows second runs, which each of its requests tells.
// Workers of the compatible system do not.
func (m *Manager) KnowsSecond(id farm.WorkerID, knows bool) {
	if w := m.roster.get(id); w != nil {
		w.second.Store(knows)
	}
}

// doesShare reports whether a worker knows shares of tasks.
func (r *roster) doesShare(id farm.WorkerID) bool {
	w := r.get(id)
	return w != nil && w.shares.Load()
}

// KnowsShares notes whether a worker knows shares of tasks, as KnowsSecond does.
func (m *Manager) KnowsShares(id farm.WorkerID, knows bool) {
	if w := m.roster.get(id); w != nil {
		w.shares.Store(knows)
	}
}

// idle returns the time since a worker was last seen.
func (r *roster) idle(id farm.WorkerID, now time.Time) time.Duration {
	if w := r.get(id); w != nil {
		return w.idle(now)
	}
	return 0
}

// due returns the workers that should be present and were last seen at least
// timeout ago, and how long it is until the next one is due; never if there is none.
func (r *roster) due(timeout time.Duration, now time.Time) (due []farm.WorkerID, next time.Duration) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	next = never
	for id, w := range r.members {
		if w.deleted || !w.status.Watched() {
			continue
		}
		if left := timeout - w.idle(now); left <= 0 {
			due = append(due, id)
		} else {
			next = min(next, left)
		}
	}
	return due, next
}

const saltSize = 16

// hashSecret returns a random salt and the SHA-256 of salt and secret. Secrets
// are long and random, so there is nothing a slow hash would protect, and every
// request of every worker is checked.
func hashSecret(secret string) []byte {
	salted := make([]byte, saltSize, saltSize+sha256.Size)
	rand.Read(salted)
	return append(salted, saltedHash(salted, secret)...)
}

func saltedHash(salt []byte, secret string) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(secret))
	return h.Sum(nil)
}

func checkSecret(hash []byte, secret string) bool {
	return len(hash) == saltSize+sha256.Size &&
		subtle.ConstantTimeCompare(hash[saltSize:], saltedHash(hash[:saltSize], secret)) == 1
}
