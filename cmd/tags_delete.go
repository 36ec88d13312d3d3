package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// newTagsDelete returns the command that deletes tags.
func newTagsDelete(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "delete NAME...",
		Aliases: []string{"rm"},
		Short:   "Delete tags",
		Long: `Delete tags. Jobs that have one of them go to any worker from then on.

On a terminal it asks first; anywhere else it wants --yes.`,
		Example: "  farm tags delete gpu --yes",
		Args:    args("NAME..."),
		RunE: func(c *cobra.Command, given []string) error {
			return runTagsDelete(c.Context(), s, given)
		},
	}
	s.yesFlag(c)
	return c
}

// runTagsDelete asks about each tag by itself.
func runTagsDelete(ctx context.Context, s *session, names []string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	list, err := client.FetchWorkerTags(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		tag, err := list.Find(name)
		if err != nil {
			return err
		}
		if err := s.confirm("Delete the tag " + printable(tag.Name) + "?"); err != nil {
			return err
		}
		if err := client.DeleteWorkerTag(ctx, tag.ID); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "tag %s is deleted\n", printable(tag.Name))
	}
	return nil
}
