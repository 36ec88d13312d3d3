package cmd

import (
	"path/filepath"

	"renderfarm/farm"
)

// userData returns the folder for a user's data.
func userData(getenv func(string) string) (string, error) {
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return "", farm.Errorf(farm.Invalid, "Farm does not know where to keep its files: HOME is not set. Name a folder with --home or FARM_HOME")
}
