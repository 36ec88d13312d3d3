//go:build !windows && !darwin

package cmd

import (
	"path/filepath"

	"renderfarm/farm"
)

// userData returns the folder for a user's data, by the XDG base directory
// specification: a relative XDG_DATA_HOME is to be ignored.
func userData(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share"), nil
	}
	return "", farm.Errorf(farm.Invalid, "Farm does not know where to keep its files: HOME is not set. Name a folder with --home or FARM_HOME")
}
