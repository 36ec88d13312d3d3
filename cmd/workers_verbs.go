package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A workerVerb is a command that asks workers to take a status.
type workerVerb struct {
	name   string
	status farm.WorkerStatus
	lazy   bool // may wait until the task at hand is done: has --now
	short  string
	long   string
}

// workerVerbs is the table of what can be asked of workers.
func workerVerbs() []workerVerb {
	return []workerVerb{
		{"sleep", farm.WorkerAsleep, true, "Let workers take no more tasks", "Let workers take no more tasks until they are woken."},
		{"wake", farm.WorkerAwake, false, "Let workers take tasks again", "Let sleeping workers take tasks again."},
		{"shutdown", farm.WorkerOffline, true, "End the worker program", "End the worker program on its computer. Somebody has to start it there again."},
		{"restart", farm.WorkerRestart, true, "End the worker program to have it started again",
			"End the worker program with its restart exit code, so that its service manager starts it again. Only workers started with --restart-exit-code can do that."},
	}
}

// newWorkersVerb returns the command of one row.
func newWorkersVerb(s *session, v workerVerb) *cobra.Command {
	now := false
	c := &cobra.Command{
		Use:               v.name + " WORKER...",
		Short:             v.short,
		Long:              v.long,
		Example:           "  farm workers " + v.name + " render07",
		Args:              args("WORKER..."),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			return runWorkersVerb(c.Context(), s, given, api.WorkerStatusChangeRequest{Status: v.status.String(), IsLazy: v.lazy && !now})
		},
	}
	if v.lazy {
		c.Long += "\n\nThey finish their tasks first; with --now they give them back."
		c.Example += "\n  farm workers " + v.name + " render07 --now"
		c.Flags().BoolVar(&now, "now", false, "do not finish the task at hand, give it back")
	}
	return c
}

// runWorkersVerb asks each worker named. A worker that is away is asked when it
// is back.
func runWorkersVerb(ctx context.Context, s *session, names []string, r api.WorkerStatusChangeRequest) error {
	return s.forEachWorker(ctx, names, func(client *api.Client, id farm.WorkerID) error {
		if err := client.RequestWorkerStatusChange(ctx, id, r); err != nil {
			return err
		}
		w, err := client.FetchWorker(ctx, id)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "worker %s is %s, next: %s\n", printable(w.Name), workerStatus(w.WorkerSummary), nextStatus(w.StatusChange))
		return err
	})
}
