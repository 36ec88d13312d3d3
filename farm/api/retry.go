package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"renderfarm/farm"
)

// Transient reports whether an error is one that time heals: no answer of a
// manager, or one of a manager or a proxy that is busy, just starting, or about
// to end. Everything else stays as it is until somebody changes something. A
// call that its caller canceled is not transient.
func Transient(err error) bool {
	switch status := StatusOf(err); status {
	case 0:
		switch farm.KindOf(err) {
		case farm.Internal, farm.Unavailable, farm.Busy:
			return err != nil && !errors.Is(err, context.Canceled)
		}
		return false
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusInsufficientStorage: // it says that it cannot
		return false
	default:
		return status >= 500
	}
}

// Sleep waits, and returns the cause if the context ended meanwhile.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
