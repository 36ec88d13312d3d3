package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsWait returns the command that scripts wait with.
func newJobsWait(s *session) *cobra.Command {
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait JOB...",
		Short: "Wait until jobs are over",
		Long: `Wait until jobs are over: completed, failed or canceled.

It goes on when the manager is away for a moment. If any of the jobs did not
complete, it ends with status 3 once all of them are over.`,
		Example:           "  farm jobs wait 1f2e3d4c --timeout 2h && cp frames/*.png /nas/",
		Args:              args("JOB..."),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsWait(c.Context(), s, given, timeout)
		},
	}
	c.Flags().DurationVar(&timeout, "timeout", 0, "give up after this `long`, such as 90s or 2h; 0 means never")
	s.jsonFlag(c)
	return c
}

// errWaited is why a wait with a time limit ended.
var errWaited = errors.New("time is up")

// runJobsWait waits for one job after the other, which takes as long as waiting
// for all at once. A job that did not complete is exitJobFailed, but only when all are
// over; a timeout of 0 is none, and one that passes is exitFailed.
func runJobsWait(ctx context.Context, s *session, names []string, timeout time.Duration) error {
	if timeout > 0 {
		bounded, cancel := context.WithTimeoutCause(ctx, timeout, errWaited)
		defer cancel()
		ctx = bounded
	}
	var over []api.Job
	bad := 0
	err := s.forEachJob(ctx, names, func(client *api.Client, id farm.JobID) error {
		j, err := s.waitForJob(ctx, client, id)
		if err == nil {
			over = append(over, j)
			if j.Status != farm.JobCompleted.String() {
				bad++
			}
		}
		return err
	})
	if errors.Is(err, errWaited) {
		return &statusError{exitFailed, fmt.Sprintf("the jobs were not over within %s; they go on", timeout)}
	}
	if err != nil {
		return err
	}
	if s.json {
		if err := s.printJSON(over); err != nil {
			return err
		}
	}
	if bad > 0 {
		return &statusError{exitJobFailed, fmt.Sprintf("%d of %d jobs did not complete: \"farm jobs show\" and \"farm jobs log\" say why", bad, len(over))}
	}
	return nil
}

// waitForJob waits until the job is over, and says how it goes on: in a file when its
// status changes, on a terminal with each percent too, with --json not at all.
func (s *session) waitForJob(ctx context.Context, client *api.Client, id farm.JobID) (last api.Job, err error) {
	last, err = client.FetchJob(ctx, id)
	if err != nil {
		return last, err
	}
	status, percent := "", ""
	for v, err := range watchJob(ctx, client, last) {
		j := v.job
		if err != nil {
			return j, err
		}
		last = j
		done := progress(j.StepsCompleted, j.StepsTotal)
		if s.json || j.Status == status && (done == percent || !isTerminal(s.out)) {
			continue // a log of every percent would be of no use in a file
		}
		status, percent = j.Status, done
		fmt.Fprintf(s.out, "job %s is %s, %s done\n", shortID(string(id)), printable(j.Status), done)
	}
	return last, nil
}
