package cmd

import "github.com/spf13/cobra"

// newTags returns the commands about tags.
func newTags(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "tags",
		Aliases: []string{"tag"},
		Short:   "Manage worker tags",
		Long:    "Manage worker tags. A job with a tag goes only to workers that carry it.",
		Example: "  farm tags create gpu --description \"has a fast card\"\n  farm workers tags render07 --set gpu",
	})
	c.AddCommand(newTagsList(s), newTagsCreate(s), newTagsDelete(s))
	return c
}
