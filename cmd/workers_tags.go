package cmd

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// workersTagsOptions say what to do with a worker's tags: the zero value and
// no names just shows them.
type workersTagsOptions struct {
	clear bool
	set   []string
	add   []string
}

// newWorkersTags returns the command about the tags of one worker.
func newWorkersTags(s *session) *cobra.Command {
	var o workersTagsOptions
	c := &cobra.Command{
		Use:   "tags WORKER",
		Short: "Show or set the tags of a worker",
		Long: `Show or set the tags of a worker. A job with a tag goes only to workers that
carry it; a job without one goes to any.`,
		Example:           "  farm workers tags render07\n  farm workers tags render07 --set gpu,fast\n  farm workers tags render07 --add gpu\n  farm workers tags render07 --clear",
		Args:              args("WORKER"),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			if o.clear && len(o.set)+len(o.add) > 0 || len(o.set) > 0 && len(o.add) > 0 {
				return usageErrorf("--set, --add and --clear cannot be combined")
			}
			return runWorkersTags(c.Context(), s, given[0], o)
		},
	}
	c.Flags().StringSliceVar(&o.set, "set", nil, "give it these `tags`, and no others")
	c.Flags().StringSliceVar(&o.add, "add", nil, "give it these `tags` besides those that it has")
	c.Flags().BoolVar(&o.clear, "clear", false, "remove all its tags")
	s.jsonFlag(c)
	return c
}

// runWorkersTags changes the tags if it is to, and says which there are now.
func runWorkersTags(ctx context.Context, s *session, name string, o workersTagsOptions) error {
	return s.forEachWorker(ctx, []string{name}, func(client *api.Client, id farm.WorkerID) error {
		w, err := client.FetchWorker(ctx, id)
		if err != nil {
			return err
		}
		if o.clear || len(o.set)+len(o.add) > 0 {
			wanted := slices.Concat(o.set, o.add)
			if len(o.add) > 0 {
				for _, t := range w.Tags {
					wanted = append(wanted, string(t.ID))
				}
			}
			if err := setTags(ctx, client, id, wanted); err != nil {
				return err
			}
			if w, err = client.FetchWorker(ctx, id); err != nil {
				return err
			}
		}
		if s.json {
			return s.printJSON(api.List[api.WorkerTag](w.Tags))
		}
		_, err = fmt.Fprintf(s.out, "worker %s has the tags: %s\n", printable(w.Name), dash(printable(tagNames(w.Tags))))
		return err
	})
}

// setTags gives a worker the named tags and no others. A name that does not
// exist changes nothing.
func setTags(ctx context.Context, client *api.Client, id farm.WorkerID, names []string) error {
	all, err := client.FetchWorkerTags(ctx)
	if err != nil {
		return err
	}
	var change api.WorkerTagChangeRequest
	for _, name := range names {
		t, err := all.Find(name)
		if err != nil {
			return err
		}
		if !slices.Contains(change.TagIDs, t.ID) {
			change.TagIDs = append(change.TagIDs, t.ID)
		}
	}
	return client.SetWorkerTags(ctx, id, change)
}
