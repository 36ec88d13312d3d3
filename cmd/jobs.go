package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobs returns the commands about jobs.
func newJobs(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "jobs",
		Aliases: []string{"job"},
		Short:   "List and control jobs",
		Long: `List and control jobs.

A job is named by its id or by the beginning of it, as "farm jobs list" shows
it. One of its tasks is JOB/NUMBER, counting from 1 as "farm jobs show" does.`,
		Example: "  farm jobs list\n  farm jobs wait 1f2e3d4c && play video.mp4\n  farm jobs requeue 1f2e3d4c/7",
	})
	c.AddCommand(newJobsList(s), newJobsShow(s), newJobsWait(s), newJobsLog(s), newJobsDelete(s), newJobsPriority(s), newJobsBlocklist(s), newJobsWhy(s), newJobsFrames(s), newJobsRerender(s))
	for _, v := range jobVerbs() {
		c.AddCommand(newJobsVerb(s, v))
	}
	return c
}

// completeJobs offers the ids of jobs, with their names, to the shell.
func (s *session) completeJobs(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return s.complete(c, func(ctx context.Context, client *api.Client) ([]cobra.Completion, error) {
		list, err := client.FetchJobs(ctx, api.JobsQuery{})
		var words []cobra.Completion
		for _, j := range list.Jobs {
			words = append(words, cobra.CompletionWithDesc(shortID(string(j.ID)), printable(j.Status+" "+j.Name)))
		}
		return words, err
	})
}

// forEachJob does something with every job named, and stops at the first error.
func (s *session) forEachJob(ctx context.Context, names []string, do func(*api.Client, farm.JobID) error) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := findJob(ctx, client, name)
		if err != nil {
			return err
		}
		if err := do(client, id); err != nil {
			return err
		}
	}
	return nil
}
