package cmd

import "renderfarm/farm"

// userData returns the folder for a user's data that stays on this computer.
func userData(getenv func(string) string) (string, error) {
	if dir := getenv("LOCALAPPDATA"); dir != "" {
		return dir, nil
	}
	return "", farm.Errorf(farm.Invalid, "Farm does not know where to keep its files: LOCALAPPDATA is not set. Name a folder with --home or FARM_HOME")
}
