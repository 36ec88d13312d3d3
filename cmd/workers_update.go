package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newWorkersUpdate returns the command that brings workers to the manager's version.
func newWorkersUpdate(s *session) *cobra.Command {
	all, stop := false, false
	c := &cobra.Command{
		Use:   "update [WORKER...]",
		Short: "Bring workers to the manager's version",
		Long: `Bring workers to the manager's version, one after the other. Each finishes its
task, fetches the program from the manager, tries it, and comes back with it.
The first one that fails, or is not back after two minutes, ends the update.

Without workers and without --all it shows how far the last update is. Run it on
the manager's computer, or where the farm key is known.`,
		Example:           "  farm workers update --all\n  farm workers update render07\n  farm workers update",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			client, err := s.client(c.Context())
			if err != nil {
				return err
			}
			if stop {
				return client.StopRollout(c.Context())
			}
			if !all && len(given) == 0 {
				r, err := client.FetchRollout(c.Context())
				if err != nil {
					return err
				}
				return s.printRollout(r)
			}
			var request api.RolloutRequest
			for _, name := range given {
				id, err := findWorker(c.Context(), client, name)
				if err != nil {
					return err
				}
				request.Workers = append(request.Workers, id)
			}
			r, err := client.StartRollout(c.Context(), request)
			if err != nil {
				return err
			}
			return s.printRollout(r)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "update all workers of another version than the manager's")
	c.Flags().BoolVar(&stop, "stop", false, "ask no more workers")
	c.MarkFlagsMutuallyExclusive("all", "stop")
	s.jsonFlag(c)
	return c
}

// printRollout prints how far workers are.
func (s *session) printRollout(r api.Rollout) error {
	if s.json {
		return s.printJSON(r)
	}
	if len(r.Workers) == 0 {
		text := "no workers were updated since the manager started, which has version %s\n"
		if r.Began != nil {
			text = "all workers have version %s\n"
		}
		_, err := fmt.Fprintf(s.out, text, printable(r.Version))
		return err
	}
	if _, err := fmt.Fprintf(s.out, "update to version %s\n", printable(r.Version)); err != nil {
		return err
	}
	t := s.table("worker", "update", "why")
	for _, w := range r.Workers {
		t.row(w.Name, rolloutWords[w.State], w.Reason)
	}
	return t.print()
}

// rolloutWords are what people read of states.
var rolloutWords = map[farm.UpdateState]string{
	farm.UpdateWaiting: "waits", farm.UpdateAsked: "finishes its task or fetches the program", farm.UpdateAway: "tries the program",
	farm.UpdateDone: "updated", farm.UpdateFailed: "FAILED", farm.UpdateSkipped: "not updated",
}
