package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// newTagsCreate returns the command that makes a tag.
func newTagsCreate(s *session) *cobra.Command {
	description := ""
	c := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a tag",
		Long:    "Create a tag. With --json it prints the new tag.",
		Example: "  farm tags create gpu --description \"has a fast card\"",
		Args:    args("NAME"),
		RunE: func(c *cobra.Command, given []string) error {
			return runTagsCreate(c.Context(), s, api.WorkerTag{Name: given[0], Description: &description})
		},
	}
	c.Flags().StringVar(&description, "description", "", "what the tag means, for people")
	s.jsonFlag(c)
	return c
}

// runTagsCreate makes a tag; its id is the manager's to choose.
func runTagsCreate(ctx context.Context, s *session, tag api.WorkerTag) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	if tag, err = client.CreateWorkerTag(ctx, tag); err != nil {
		return err
	}
	if s.json {
		return s.printJSON(tag)
	}
	_, err = fmt.Fprintf(s.out, "tag %s has the id %s\n", printable(tag.Name), tag.ID)
	return err
}
