package cmd

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"renderfarm/addon"
	"renderfarm/farm/api"
	"renderfarm/farm/fsync"
)

// newAddon returns the command that writes the Blender add-on to a file.
func newAddon(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "addon OUT.zip",
		Short: "Save the Blender add-on",
		Long: `Save the Blender add-on as a zip, for Blender 3.4 and later. It knows the address
of the manager; artists can change that in the add-on's preferences.

Running managers offer the same file at /farm-addon.zip. In Blender: Preferences,
Add-ons, Install from Disk.`,
		Example: "  farm addon farm-addon.zip --manager http://farm.local:8080\n  farm addon ~/Downloads",
		Args:    args("OUT.zip"),
		RunE: func(_ *cobra.Command, given []string) error {
			return runAddon(s, given[0])
		},
	}
}

// runAddon writes the zip, whole or not at all. In a folder it gets its usual name.
func runAddon(s *session, out string) error {
	address, fingerprint, err := s.managerAddress()
	if err != nil {
		return err
	}
	client, err := api.NewPinned(address, fingerprint) // which knows what an address may leave out
	if err != nil {
		return err
	}
	zip, err := addon.Zip(client.Base, fingerprint)
	if err != nil {
		return err
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		out = filepath.Join(out, addon.Name)
	}
	if err := fsync.Replace(out, zip); err != nil {
		return fmt.Errorf("save the add-on: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "%s: in Blender, Preferences, Add-ons, Install from Disk. Its manager is %s\n", printable(out), client.Base)
	return err
}
