package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newWorkers returns the commands about workers.
func newWorkers(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "workers",
		Aliases: []string{"worker"},
		Short:   "List and control workers",
		Long: `List and control workers.

A worker is named by its name, its id, or the beginning of its id.`,
		Example: "  farm workers list\n  farm workers sleep render07 --now",
	})
	c.AddCommand(newWorkersList(s), newWorkersShow(s), newWorkersAdd(s), newWorkersApprove(s), newWorkersDelete(s), newWorkersTags(s), newWorkersSchedule(s), newWorkersWhy(s), newWorkersUpdate(s))
	for _, v := range workerVerbs() {
		c.AddCommand(newWorkersVerb(s, v))
	}
	return c
}

// completeWorkers offers the names of workers to the shell.
func (s *session) completeWorkers(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return s.complete(c, func(ctx context.Context, client *api.Client) ([]cobra.Completion, error) {
		list, err := client.FetchWorkers(ctx)
		var words []cobra.Completion
		for _, w := range list.Workers {
			words = append(words, cobra.CompletionWithDesc(printable(w.Name), w.Status+" "+shortID(string(w.ID))))
		}
		return words, err
	})
}

// forEachWorker does something with every worker named, and stops at the first error.
func (s *session) forEachWorker(ctx context.Context, names []string, do func(*api.Client, farm.WorkerID) error) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := findWorker(ctx, client, name)
		if err != nil {
			return err
		}
		if err := do(client, id); err != nil {
			return err
		}
	}
	return nil
}
