package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// newTagsList returns the command that lists tags.
func newTagsList(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the tags",
		Long:    "List the tags. With --json it prints an array of tags as GET /api/v3/worker-mgt/tags has them.",
		Example: "  farm tags list --json | jq -r '.[].name'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runTagsList(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

// runTagsList prints the tags.
func runTagsList(ctx context.Context, s *session) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	list, err := client.FetchWorkerTags(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(list.Tags)
	}
	if len(list.Tags) == 0 {
		fmt.Fprintln(s.errOut, `No tags. Make one with "farm tags create NAME".`)
	}
	t := s.table("id", "name", "description")
	for _, tag := range list.Tags {
		description := ""
		if tag.Description != nil {
			description = *tag.Description
		}
		t.row(shortID(string(tag.ID)), tag.Name, description)
	}
	return t.print()
}
