package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// jobsListOptions choose the jobs to list.
type jobsListOptions struct {
	status []string // none: any
	limit  int      // 0: all; else the newest
}

// newJobsList returns the command that lists jobs.
func newJobsList(s *session) *cobra.Command {
	var o jobsListOptions
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List jobs, the newest last",
		Long: `List jobs, the newest last.

With --json it prints an array of jobs as GET /api/v3/jobs has them.`,
		Example: "  farm jobs list --status active,queued\n  farm jobs list --json | jq -r '.[] | select(.status == \"failed\") | .id'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runJobsList(c.Context(), s, o)
		},
	}
	c.Flags().StringSliceVar(&o.status, "status", nil, "only jobs in one of these `statuses`")
	c.Flags().IntVar(&o.limit, "limit", 0, "only the newest `N`")
	s.jsonFlag(c)
	completeFlag(c, "status", completeStatuses)
	return c
}

// jobStatuses are the names of the statuses that a job can have.
func jobStatuses() (names []string) {
	for _, status := range farm.JobStatuses() {
		names = append(names, status.String())
	}
	return names
}

// completeStatuses offers statuses of jobs to the shell, after a comma as well.
func completeStatuses(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before := begun[:strings.LastIndex(begun, ",")+1]
	var words []cobra.Completion
	for _, name := range jobStatuses() {
		words = append(words, before+name)
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// runJobsList prints the jobs in the order of their submission.
func runJobsList(ctx context.Context, s *session, o jobsListOptions) error {
	for _, name := range o.status {
		if _, ok := farm.ParseJobStatus(name); !ok {
			return usageErrorf("--status %q is not a job status; use one of %s", name, strings.Join(jobStatuses(), ", "))
		}
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	answer, err := client.FetchJobs(ctx, api.JobsQuery{Status: o.status})
	if err != nil {
		return err
	}
	jobs := slices.DeleteFunc(answer.Jobs, func(j api.Job) bool { // a compatible manager does not filter
		return len(o.status) > 0 && !slices.Contains(o.status, j.Status)
	})
	if o.limit > 0 && len(jobs) > o.limit {
		jobs = jobs[len(jobs)-o.limit:]
	}
	if s.json {
		return s.printJSON(jobs)
	}
	switch {
	case len(jobs) == 0 && len(o.status) > 0:
		fmt.Fprintf(s.errOut, "No job is %s.\n", strings.Join(o.status, " or "))
	case len(jobs) == 0:
		fmt.Fprintln(s.errOut, `No jobs. Submit one with "farm submit FILE.blend".`)
	}
	t := s.table("id", "status", "done", "until", "prio", "type", "updated", "name")
	for _, j := range jobs {
		t.row(shortID(string(j.ID)), status(j.Status), progress(j.StepsCompleted, j.StepsTotal), until(j.TimeLeft, s.now()), j.Priority,
			j.Type, ago(j.Updated, s.now()), j.Name)
	}
	return t.print()
}

// until is when a job will be over.
func until(t *api.TimeLeft, now time.Time) string {
	if t == nil {
		return "-"
	}
	return clockRange(t.Earliest.In(now.Location()), t.Latest.In(now.Location()), now)
}
