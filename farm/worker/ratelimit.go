package worker

import (
	"context"
	"io"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// A rateLimit counts the bytes that the mirror fetches and sends, and bounds how many
// they are in a second, over all connections.
type rateLimit struct {
	limiter *rate.Limiter // nil: no bound
	bytes   atomic.Int64
}

// rateBurst is what goes at once, in bytes, and the most that is read at a time.
const rateBurst = 256 << 10

// newRateLimit returns one of so many bytes per second; 0 is no bound.
func newRateLimit(most int64) *rateLimit {
	l := &rateLimit{}
	if most > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(most), rateBurst)
	}
	return l
}

func (l *rateLimit) passed() int64 { return l.bytes.Load() }

// reader returns a reader that is as slow as is allowed.
func (l *rateLimit) reader(ctx context.Context, from io.Reader) io.Reader {
	return &ratedReader{l, ctx, from}
}

type ratedReader struct {
	limit *rateLimit
	ctx   context.Context
	from  io.Reader
}

// Read reads, and waits until that was allowed.
func (r *ratedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p[:min(len(p), rateBurst)])
	r.limit.bytes.Add(int64(n))
	if n > 0 && r.limit.limiter != nil {
		if waited := r.limit.limiter.WaitN(r.ctx, n); waited != nil {
			return n, context.Cause(r.ctx)
		}
	}
	return n, err
}
