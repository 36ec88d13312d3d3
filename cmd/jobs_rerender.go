package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsRerender returns the command that renders frames of a job again.
func newJobsRerender(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "rerender JOB FRAMES",
		Short: "Render some frames of a job again",
		Long: `Render some frames of a job again, and only these: a task of ten frames renders the
one that is wanted. What needs them, such as the video, is done again. It works for
jobs that are completed, paused, failed, or still going on.

The files that are there move to a folder .versions beside the frames, with the time in
their names, before a new one is rendered. If that fails, they move back. Nothing removes
them from there. Workers other than Farm's own write over the files instead.

On a terminal it asks first, unless --yes is given.`,
		Example:           "  farm jobs rerender 1f2e3d4c 37,41-44\n  farm jobs rerender 1f2e3d4c 100-200x10 --yes\n  farm jobs frames 1f2e3d4c --status warning",
		Args:              args("JOB", "FRAMES"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			if _, err := farm.ParseFrames(given[1]); err != nil {
				return usageErrorf("%v", err)
			}
			return runJobsRerender(c.Context(), s, given[0], given[1])
		},
	}
	s.yesFlag(c)
	s.jsonFlag(c)
	return c
}

// runJobsRerender asks for the frames, and says what becomes of them. It asks the user
// first only where both can be seen, as a script could not answer; a no changes
// nothing, and is exitFailed.
func runJobsRerender(ctx context.Context, s *session, name, frames string) error {
	return s.forEachJob(ctx, []string{name}, func(client *api.Client, id farm.JobID) error {
		if !s.yes && isTerminal(s.in) && isTerminal(s.errOut) {
			j, err := client.FetchJob(ctx, id)
			if err != nil {
				return err
			}
			if !s.ask(fmt.Sprintf("Render frames %s of the %s job %s (%s) again?", frames, j.Status, shortID(string(id)), printable(j.Name))) {
				return &statusError{exitFailed, "nothing was changed"}
			}
		}
		done, err := client.RerenderJob(ctx, id, api.JobRerender{Frames: frames, Reason: reason})
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(done)
		}
		if done.Frames != "" {
			fmt.Fprintf(s.out, "rendering again: %s, in %s\n", done.Frames, farm.Count(done.Tasks, "task"))
		}
		if done.Waiting != "" {
			fmt.Fprintf(s.out, "waiting to be rendered anyway: %s\n", done.Waiting)
		}
		return s.sayJob(ctx, client, id)
	})
}
