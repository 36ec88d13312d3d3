package slots

import (
	"sync"
	"time"
)

// maxKept bounds how many clients a Rate knows apart. When more come at a time, the
// rest share what one may do.
const maxKept = 4096

// A Rate bounds how often something is done, in all and by each client. Its methods
// may be called from any goroutine.
type Rate struct {
	each, all int // at once, and as many again within per
	per       time.Duration

	mu      sync.Mutex // guards what follows; nothing is taken while it is held
	total   bucket
	clients map[string]*bucket
	swept   time.Time // when those that are full were last forgotten, which takes a look at all
}

// sweeps is how often within per that is done at most.
const sweeps = 20

// A bucket is what is left of a number that grows back evenly.
type bucket struct {
	left float64
	at   time.Time // as of when
}

// NewRate returns a rate: within per so often in all, and each client so often.
func NewRate(all, each int, per time.Duration) *Rate {
	return &Rate{each: each, all: all, per: per, total: bucket{left: float64(all), at: time.Now()}, clients: map[string]*bucket{}}
}

// Take counts that the client of that name does it; false if it has to wait.
func (r *Rate) Take(name string) bool { return r.take(name, 1) }

// Free reports whether Take would be true.
func (r *Rate) Free(name string) bool { return r.take(name, 0) }

func (r *Rate) take(name string, n float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	client := r.client(name, now)
	client.fill(now, r.each, r.per)
	r.total.fill(now, r.all, r.per)
	if client.left < 1 || r.total.left < 1 {
		return false
	}
	client.left -= n
	r.total.left -= n
	return true
}

// client returns the bucket of a client. What is full again is as good as unknown.
func (r *Rate) client(name string, now time.Time) *bucket {
	if b := r.clients[name]; b != nil {
		return b
	}
	if len(r.clients) >= maxKept && now.Sub(r.swept) >= r.per/sweeps {
		r.swept = now
		for other, b := range r.clients {
			if b.fill(now, r.each, r.per); b.left >= float64(r.each) {
				delete(r.clients, other)
			}
		}
	}
	if len(r.clients) >= maxKept {
		name = "" // of all the others
		if b := r.clients[name]; b != nil {
			return b
		}
	}
	b := &bucket{left: float64(r.each), at: now}
	r.clients[name] = b
	return b
}

// fill adds what grew back since.
func (b *bucket) fill(now time.Time, most int, per time.Duration) {
	b.left = min(float64(most), b.left+float64(most)*float64(now.Sub(b.at))/float64(per))
	b.at = now
}
