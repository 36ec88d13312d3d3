package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// newWorkersList returns the command that lists workers.
func newWorkersList(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the workers",
		Long: `List the workers.

With --json it prints an array of workers as GET /api/v3/worker-mgt/workers has them.`,
		Example: "  farm workers list\n  farm workers list --json | jq '.[] | select(.status == \"error\") | .name'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runWorkersList(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

// runWorkersList prints the workers, and what is asked of them.
func runWorkersList(ctx context.Context, s *session) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	list, err := client.FetchWorkers(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(list.Workers)
	}
	if len(list.Workers) == 0 {
		fmt.Fprintln(s.errOut, `No workers. Start one on any computer with "farm work --manager URL".`)
	}
	t := s.table("id", "status", "next", "seen", "version", "name")
	for _, w := range list.Workers {
		t.row(shortID(string(w.ID)), status(workerStatus(w)), nextStatus(w.StatusChange), ago(w.LastSeen, s.now()), dash(w.Version), w.Name)
	}
	if err := t.print(); err != nil {
		return err
	}
	for _, w := range list.Workers {
		if w.Unapproved {
			fmt.Fprintf(s.errOut, "%s is new. If it belongs to the farm: farm workers approve %s\n", printable(w.Name), shortID(string(w.ID)))
		}
		if w.InUse != "" {
			fmt.Fprintf(s.errOut, "%s is %s\n", printable(w.Name), printable(w.InUse))
		}
		for _, u := range w.Unable {
			fmt.Fprintf(s.errOut, "%s takes no %s tasks: %s\n", printable(w.Name), printable(strings.Join(u.TaskTypes, ", ")), printable(u.Reason))
		}
	}
	return nil
}

// workerStatus is the status of a worker; one that never signed on has none.
func workerStatus(w api.WorkerSummary) string {
	switch {
	case w.Unapproved:
		return "waiting for approval"
	case w.Status == "":
		return "registered"
	}
	return w.Status
}

// nextStatus is what is asked of a worker.
func nextStatus(r *api.WorkerStatusChangeRequest) string {
	switch {
	case r == nil:
		return "-"
	case r.IsLazy:
		return r.Status + " after its task"
	}
	return r.Status + " now"
}

// dash stands for a value that there is not.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
