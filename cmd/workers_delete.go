package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newWorkersDelete returns the command that forgets workers.
func newWorkersDelete(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "delete WORKER...",
		Aliases: []string{"rm"},
		Short:   "Delete workers",
		Long: `Delete workers. Their tasks go to others. A worker that still runs ends, and
registers anew when it is started again.

On a terminal it asks first; anywhere else it wants --yes.`,
		Example:           "  farm workers delete render07 --yes",
		Args:              args("WORKER..."),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			return runWorkersDelete(c.Context(), s, given)
		},
	}
	s.yesFlag(c)
	return c
}

// runWorkersDelete asks about each worker by itself.
func runWorkersDelete(ctx context.Context, s *session, names []string) error {
	return s.forEachWorker(ctx, names, func(client *api.Client, id farm.WorkerID) error {
		w, err := client.FetchWorker(ctx, id)
		if err != nil {
			return err
		}
		if err := s.confirm(fmt.Sprintf("Forget worker %s, which is %s?", printable(w.Name), workerStatus(w.WorkerSummary))); err != nil {
			return err
		}
		if err := client.DeleteWorker(ctx, id); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "worker %s is deleted\n", printable(w.Name))
		return err
	})
}
