package worker

import (
	"context"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// maxSleep bounds sleep, in seconds: longer than any render.
const maxSleep = 1e8

// prepareSleep reads the parameters of sleep, which waits. Unlike the
// compatible system it does not cut fractions of seconds off:
//
//	duration_in_seconds  a number, 0 or more
func prepareSleep(c farm.Command) (action, error) {
	p := params{Command: c}
	d := time.Duration(p.number("duration_in_seconds", 0, maxSleep) * float64(time.Second))
	return func(ctx context.Context, r *run) error {
		if api.Sleep(ctx, d) != nil {
			return context.Cause(ctx)
		}
		r.Log("slept %s", d)
		return nil
	}, p.err
}
