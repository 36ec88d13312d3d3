package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newJobtypeList returns the command that lists job types.
func newJobtypeList(s *session) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the job types, and scripts that cannot be used",
		Long: `List the job types of the manager, and the scripts that it cannot use.

If there is no manager, those of this home and those that come with Farm are
listed; with --scripts those of a folder. Which it was is said on standard error.

With --json it prints {"job_types": ..., "broken": ...}, the job types as
GET /api/v3/jobs/types has them, and for scripts that cannot be used name, file
and error.`,
		Example: "  farm jobtype list\n  farm jobtype list --scripts ~/pipeline/scripts\n  farm jobtype list --json | jq -r '.job_types[].name'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runJobtypeList(c.Context(), s, dir)
		},
	}
	scriptsFlag(c, &dir, "to look into, instead of asking the manager")
	s.jsonFlag(c)
	return c
}

// runJobtypeList prints the job types by name.
func runJobtypeList(ctx context.Context, s *session, dir string) error {
	known, err := s.jobTypes(ctx, dir)
	if err != nil {
		return err
	}
	s.tellWhere(known)
	if s.json {
		return s.printJSON(known)
	}
	t := s.table("name", "settings", "label", "description")
	for _, jobType := range known.JobTypes {
		t.row(jobType.Name, len(jobType.Settings), jobType.Label, jobType.Description)
	}
	if err := t.print(); err != nil {
		return err
	}
	for _, b := range known.Broken {
		first, _, _ := strings.Cut(b.Error, "\n")
		fmt.Fprintf(s.errOut, "%s %s cannot be used: %s\n", paint("broken:", red, s.colors(s.errOut)), printable(b.File), printable(first))
	}
	return nil
}
