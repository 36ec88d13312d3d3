package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newWorkersApprove returns the command that lets new workers take tasks.
func newWorkersApprove(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "approve WORKER...",
		Short: "Let new workers take tasks",
		Long: `Let new workers take tasks. They wait for that if approve_workers is set in the
manager's farm.yaml. Run it on the manager's computer, or where the farm key is known.
Workers that do not belong to the farm are removed with "farm workers delete".`,
		Example:           "  farm workers list\n  farm workers approve render07",
		Args:              args("WORKER..."),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			return s.forEachWorker(c.Context(), given, func(client *api.Client, id farm.WorkerID) error {
				w, err := client.FetchWorker(c.Context(), id)
				if err == nil {
					err = client.ApproveWorker(c.Context(), id)
				}
				if err == nil {
					_, err = fmt.Fprintf(s.out, "worker %s takes tasks\n", printable(w.Name))
				}
				return err
			})
		},
	}
}
