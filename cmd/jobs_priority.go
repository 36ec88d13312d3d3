package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsPriority returns the command that moves a job forward or back.
func newJobsPriority(s *session) *cobra.Command {
	return &cobra.Command{
		Use:               "priority JOB PRIORITY",
		Short:             "Change the priority of a job",
		Long:              "Change the priority of a job: 0 to 100. Tasks of jobs with a higher priority go first.",
		Example:           "  farm jobs priority 1f2e3d4c 80",
		Args:              args("JOB", "PRIORITY"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			n, err := strconv.Atoi(given[1])
			if err != nil || n < 0 || n > 100 {
				return usageErrorf("%q is not a valid priority: use a whole number from 0 to 100", given[1])
			}
			return runJobsPriority(c.Context(), s, given[0], n)
		},
	}
}

// runJobsPriority changes the priority of one job; it holds from the next task on.
func runJobsPriority(ctx context.Context, s *session, name string, priority int) error {
	return s.forEachJob(ctx, []string{name}, func(client *api.Client, id farm.JobID) error {
		if err := client.SetJobPriority(ctx, id, api.JobPriorityChange{Priority: priority}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.out, "job %s has priority %d\n", shortID(string(id)), priority)
		return err
	})
}
