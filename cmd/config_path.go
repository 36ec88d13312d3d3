package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newConfigPath returns the command that says where to write a configuration.
func newConfigPath(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print where farm.yaml is, or would be",
		Long:    "Print where farm.yaml is, or would be if there were one.",
		Example: `  "$EDITOR" "$(farm config path)"`,
		Args:    args(),
		RunE: func(*cobra.Command, []string) error {
			s.tellForeignFiles()
			_, err := fmt.Fprintln(s.out, s.configPath())
			return err
		},
	}
}
