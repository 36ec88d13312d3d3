package cmd

import (
	"context"
	"iter"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

const (
	pollFirst = 100 * time.Millisecond // a trivial job is over soon
	pollMost  = time.Second
	patience  = time.Minute // how long a manager may be away, for a restart, before its clients give up
)

// followJob yields the states of a job, one for each change, until it is over
// or the loop ends. A manager that answered once may be away for a while. The
// v3 protocol has nothing to wait on, so this asks again and again, but seldom.
func followJob(ctx context.Context, client *api.Client, id farm.JobID) iter.Seq2[api.Job, error] {
	return func(yield func(api.Job, error) bool) {
		var (
			last api.Job
			seen time.Time // when the manager last answered
			wait = pollFirst
		)
		for {
			j, err := client.FetchJob(ctx, id)
			switch {
			case err == nil:
				if changed := seen.IsZero() || !j.Updated.Equal(last.Updated) || j.Status != last.Status || j.StepsCompleted != last.StepsCompleted; changed {
					wait = pollFirst
					if !yield(j, nil) {
						return
					}
				}
				last, seen = j, time.Now()
				if api.JobIsOver(j.Status) {
					return
				}
			case exitStatus(err) != exitUnreachable || seen.IsZero() || time.Since(seen) > patience:
				yield(last, err)
				return
			}
			if err := api.Sleep(ctx, wait); err != nil {
				yield(last, err)
				return
			}
			wait = min(wait*3/2, pollMost)
		}
	}
}
