package cmd

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsDelete returns the command that deletes jobs.
func newJobsDelete(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "delete JOB...",
		Aliases: []string{"rm"},
		Short:   "Delete jobs, with their logs and previews",
		Long: `Delete jobs, with their logs and previews. Rendered frames stay.

On a terminal it asks first; anywhere else it wants --yes.`,
		Example:           "  farm jobs delete 1f2e3d4c\n  farm jobs list --status canceled --json | jq -r '.[].id' | xargs farm jobs delete --yes",
		Args:              args("JOB..."),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsDelete(c.Context(), s, given)
		},
	}
	s.yesFlag(c)
	return c
}

// runJobsDelete asks about each job by itself, since ids are easily mistyped. The
// manager deletes in the background, and goes on with it after a restart.
func runJobsDelete(ctx context.Context, s *session, names []string) error {
	return s.forEachJob(ctx, names, func(client *api.Client, id farm.JobID) error {
		j, err := client.FetchJob(ctx, id)
		if err != nil {
			return err
		}
		info, err := client.DeleteJobWhatWouldItDo(ctx, id)
		if err != nil {
			return err
		}
		also := ""
		if info.ShamanCheckout {
			also = ", with the copies of its files"
		}
		if err := s.confirm(fmt.Sprintf("Delete the %s job %s (%s)%s?", j.Status, shortID(string(id)), printable(j.Name), also)); err != nil {
			return err
		}
		if err := client.DeleteJob(ctx, id); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "job %s is being deleted\n", shortID(string(id)))
		return err
	})
}

// confirm asks a question that only y or yes answers with yes. Where nobody
// can answer, --yes must have been given.
func (s *session) confirm(question string) error {
	if s.yes {
		return nil
	}
	if !isTerminal(s.in) || !isTerminal(s.errOut) {
		return usageErrorf("this cannot be undone, and there is no terminal to ask at: add --yes")
	}
	if !s.ask(question) {
		return &statusError{exitFailed, "nothing was deleted"}
	}
	return nil
}

// ask asks a question on the terminal, that only y or yes answers with yes.
func (s *session) ask(question string) bool {
	fmt.Fprintf(s.errOut, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(s.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
