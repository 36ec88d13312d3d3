package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newJoin returns the command that makes this computer one of a farm.
func newJoin(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "join [CODE]",
		Short: "Make this computer a worker of a farm, with a join code",
		Long: `Make this computer a worker of a farm, with a join code. "farm workers add" on the
manager's computer, or "Add a computer" on its page of workers, makes one, which is
good for a limited time. A whole link says where the manager is; for a bare code
it is looked for in the network.

The code is looked at now, and used up when the worker starts for the first time.
It is read from ` + joinVariable + ` if it is not given.`,
		Example: "  farm join http://192.168.1.10:8080/join/K7Q2-M9XW-3FTP\n  farm work",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, given []string) error {
			text := s.getenv(joinVariable)
			if len(given) > 0 {
				text = given[0]
			}
			if text == "" {
				return usageErrorf("name the join code, or the whole link")
			}
			if err := prepareHome(s.home); err != nil {
				return err
			}
			if _, err := s.joinFarm(c.Context(), text); err != nil {
				return err
			}
			fmt.Fprintln(s.errOut, "Its worker is started with: farm work")
			return nil
		},
	}
}
