package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

func newTags(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "tags",
		Aliases: []string{"tag"},
		Short:   "Keep the tags of the farm",
		Long:    "Keep the tags of the farm. A job with a tag goes only to workers that carry it.",
		Example: "  farm tags create gpu --description \"has a fast card\"\n  farm workers tags render07 --set gpu",
	})
	c.AddCommand(newTagsList(s), newTagsCreate(s), newTagsDelete(s))
	return c
}

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

func newTagsCreate(s *session) *cobra.Command {
	description := ""
	c := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a tag",
		Long:    "Make a tag. With --json it prints the new tag.",
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
		tag, err := findTag(list.Tags, name)
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
