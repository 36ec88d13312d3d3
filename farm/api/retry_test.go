package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

func TestTransient(t *testing.T) {
	for status, want := range map[int]bool{400: false, 401: false, 404: false, 408: true, 409: false, 412: false, 424: false, 425: true, 429: true, 500: true, 501: false, 502: true, 503: true, 504: true, 507: false} {
		if got := Transient(&Error{Status: status}); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no error": {nil, false}, "no answer": {farm.Errorf(farm.Unavailable, "gone"), true}, "late": {farm.Errorf(farm.Busy, "late: %w", context.DeadlineExceeded), true},
		"a broken connection": {errors.New("EOF"), true}, "canceled": {context.Canceled, false}, "a local file": {farm.Errorf(farm.Invalid, "no such file"), false},
	} {
		if got := Transient(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Error(err, time.Since(began))
		}
		cause := errors.New("the user")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := Sleep(ctx, time.Hour); !errors.Is(err, cause) || time.Since(began) != time.Minute+time.Second {
			t.Error(err, time.Since(began))
		}
	})
}
