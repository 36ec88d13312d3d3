package cmd

import "github.com/spf13/cobra"

// newNotify returns the commands about who is told of what.
func newNotify(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "notify",
		Short: "See who is notified, and try it",
		Long: `See who is notified of what happens on the farm, and try whether messages arrive.
Who is notified is in the section notifications of the manager's farm.yaml.`,
		Example: "  farm notify list\n  farm notify test chat",
	})
	c.AddCommand(newNotifyList(s), newNotifyTest(s), newNotifyRecent(s))
	return c
}
