package manager

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"golang.org/x/crypto/bcrypt"

	"renderfarm/farm"
	"renderfarm/store"
)

// A worker that came over from the compatible system brings the bcrypt hash of its
// secret. That is slow on purpose, and every request of a worker is checked, so it is
// used once: the first time that the secret is right, a hash of our own replaces it.

const (
	maxForeignCost   = 10 // a tenth of a second; the compatible system uses the least there is, 4
	maxForeignSecret = 72 // bytes; bcrypt does not look at more
)

// isForeignHash reports whether a worker's hash is one of bcrypt that does not take
// too long to check.
func isForeignHash(hash []byte) bool {
	if len(hash) == saltSize+sha256.Size || !bytes.HasPrefix(hash, []byte("$2")) {
		return false
	}
	cost, err := bcrypt.Cost(hash)
	return err == nil && cost <= maxForeignCost
}

// foreignSecrets bounds what checking bcrypt hashes can take of the computer, as
// anybody may send wrong secrets.
type foreignSecrets struct {
	mu sync.Mutex // held while one is checked and replaced; the store's writer is waited for while it is held
}

// rightSecret reports whether a secret is that of the worker.
func (m *Manager) rightSecret(id farm.WorkerID, w *member, secret string) bool {
	if !isForeignHash(w.secret) {
		return checkSecret(w.secret, secret)
	}
	m.foreign.mu.Lock()
	defer m.foreign.mu.Unlock()
	// Another request may have replaced the hash while this one waited.
	if w = m.roster.get(id); !isForeignHash(w.secret) {
		return checkSecret(w.secret, secret)
	}
	if len(secret) > maxForeignSecret || bcrypt.CompareHashAndPassword(w.secret, []byte(secret)) != nil {
		return false
	}
	err := m.changeWorker(id, func(_ *unit, w *store.Worker) error {
		w.SecretHash = hashSecret(secret)
		return nil
	})
	if err != nil && farm.KindOf(err) != farm.NotFound { // deleted, which the caller sees
		m.log.Warn("the hash of a worker's secret could not be replaced; it will be tried again", "worker", w.name, "error", err)
	}
	return true
}
