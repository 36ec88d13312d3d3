package cmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/store"
)

// newCompact returns the command that makes the database smaller.
func newCompact(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Make the database smaller after jobs were deleted",
		Long: `Write the manager's database anew, without the room that deleted jobs left in it. The
manager must not be running; it takes a few seconds for each gigabyte. While it runs,
the manager uses this room for new jobs, so this is needed only to give it back to the disk.

The present file is replaced when the new one is on the disk, is in order, and has the
same records. The disk needs room for both.`,
		Example: "  farm compact --home /srv/farm",
		Args:    args(),
		RunE: func(*cobra.Command, []string) error {
			config, err := s.config()
			if err != nil {
				return err
			}
			database := filepath.Join(s.home, config.Database)
			before, after, err := store.Compact(database)
			if err != nil {
				return inUse(err)
			}
			if after == before {
				fmt.Fprintf(s.out, "%s has %s, and cannot be smaller\n", database, farm.Size(before))
				return nil
			}
			fmt.Fprintf(s.out, "%s has %s now, and had %s\n", database, farm.Size(after), farm.Size(before))
			return nil
		},
	}
}
