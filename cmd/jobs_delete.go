package cmd

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// jobsDeleteOptions say which jobs to delete, if they are not named.
type jobsDeleteOptions struct {
	before string   // a time, or how long ago: see parseBefore
	status []string // of which statuses; none: those that are over
	dryRun bool
}

// newJobsDelete returns the command that deletes jobs.
func newJobsDelete(s *session) *cobra.Command {
	var o jobsDeleteOptions
	c := &cobra.Command{
		Use:     "delete JOB...",
		Aliases: []string{"rm"},
		Short:   "Delete jobs, with their logs and previews",
		Long: `Delete jobs, with their logs and previews. Rendered frames and .blend files stay.

With --before it deletes all jobs that are over (completed, failed or canceled)
and did not change since: a time, a date, or how long ago, as 12h or 30d. --status
chooses others. --dry-run shows what would be deleted, and deletes nothing.

On a terminal it asks first; anywhere else it wants --yes.`,
		Example: `  farm jobs delete 1f2e3d4c
  farm jobs delete --before 30d --dry-run
  farm jobs delete --before 2026-10-01 --status canceled,failed --yes`,
		Args: func(c *cobra.Command, given []string) error {
			switch {
			case o.before == "" && len(o.status) > 0:
				return usageErrorf("--status is for --before, which says when they changed last: add it, for example --before 30d")
			case o.before != "" && len(given) > 0:
				return usageErrorf("name jobs, or use --before, not both")
			case o.before != "":
				return nil
			}
			return args("JOB...")(c, given)
		},
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			if o.before != "" {
				return runJobsDeleteOld(c.Context(), s, o)
			}
			return runJobsDelete(c.Context(), s, given, o.dryRun)
		},
	}
	c.Flags().StringVar(&o.before, "before", "", "instead of naming them, all that did not change since `TIME` (2026-10-01, 12h, 30d)")
	c.Flags().StringSliceVar(&o.status, "status", nil, "with --before, only jobs in these statuses (default completed,failed,canceled)")
	completeFlag(c, "status", completeStatuses)
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be deleted, and delete nothing")
	s.yesFlag(c)
	return c
}

// runJobsDelete asks about each job by itself, since ids are easily mistyped. The
// manager deletes in the background, and goes on with it after a restart.
func runJobsDelete(ctx context.Context, s *session, names []string, dryRun bool) error {
	return s.forEachJob(ctx, names, func(client *api.Client, id farm.JobID) error {
		j, err := client.FetchJob(ctx, id)
		if err != nil {
			return err
		}
		info, err := client.DeleteJobWhatWouldItDo(ctx, id)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("the %s job %s (%s)", j.Status, shortID(string(id)), printable(j.Name))
		if info.ShamanCheckout {
			what += ", with the copies of its files"
		}
		if dryRun {
			_, err := fmt.Fprintf(s.out, "would delete %s\n", what)
			return err
		}
		if err := s.confirm("Delete " + what + "?"); err != nil {
			return err
		}
		return s.deleteJob(ctx, client, id)
	})
}

// deleteJob has the manager delete a job. The answer comes before the job is gone: its tasks
// and logs are removed in the background, and it stays in lists until they are.
func (s *session) deleteJob(ctx context.Context, client *api.Client, id farm.JobID) error {
	if err := client.DeleteJob(ctx, id); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "job %s is being deleted\n", shortID(string(id)))
	return err
}

// runJobsDeleteOld shows the jobs that meet the condition, asks once, and deletes them.
func runJobsDeleteOld(ctx context.Context, s *session, o jobsDeleteOptions) error {
	// A time that cannot be read is told before the manager is asked for anything.
	before, err := parseBefore(o.before, s.now())
	if err != nil {
		return err
	}
	if len(o.status) == 0 {
		o.status = []string{farm.JobCompleted.String(), farm.JobFailed.String(), farm.JobCanceled.String()}
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	// Another v3 manager may ignore the query and list all jobs, so statuses are looked at again.
	list, err := client.FetchJobs(ctx, api.JobsQuery{Status: o.status})
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(list.Jobs, func(j api.Job) bool {
		return j.Updated.After(before) || !j.DeleteRequestedAt.IsZero() || !slices.Contains(o.status, j.Status)
	})
	// That there is nothing to delete is no failure: the command is for scripts that run every night.
	if len(old) == 0 {
		_, err := fmt.Fprintf(s.out, "no job that is %s is unchanged since %s\n", strings.Join(o.status, " or "), before.Local().Format(time.DateTime))
		return err
	}
	t := s.table("id", "status", "updated", "name")
	for _, j := range old {
		t.row(shortID(string(j.ID)), status(j.Status), ago(j.Updated, s.now()), j.Name)
	}
	if err := t.print(); err != nil {
		return err
	}
	if o.dryRun {
		_, err := fmt.Fprintf(s.out, "would delete %s\n", farm.Count(len(old), "job"))
		return err
	}
	if err := s.confirm(fmt.Sprintf("Delete %s?", farm.Count(len(old), "job"))); err != nil {
		return err
	}
	for _, j := range old {
		// Somebody else may delete the same.
		if err := s.deleteJob(ctx, client, j.ID); err != nil && api.StatusOf(err) != 404 {
			return err
		}
	}
	return nil
}

// parseBefore reads a time: RFC 3339, a date, which is the beginning of that day
// here, or how long before now in hours and the like, or days.
func parseBefore(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	// A time without a zone is one of this computer's clock, as people read it in lists.
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	// Days are those of the calendar and not 24 hours, as some have 23 or 25.
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && days >= 0 && text == fmt.Sprintf("%dd", days) {
		return now.AddDate(0, 0, -days), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usageErrorf("--before %q is not a valid time: use a date (2026-10-01), a date and time (2026-10-01T18:00:00), or how long ago (12h, 30d)", text)
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
