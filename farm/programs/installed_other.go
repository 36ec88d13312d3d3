//go:build !windows

package programs

import (
	"path/filepath"
	"runtime"
)

// installedBlenders returns where the platform's installer puts Blender.
func installedBlenders() []string {
	if runtime.GOOS == "darwin" {
		return []string{"/Applications/Blender.app/Contents/MacOS/Blender"}
	}
	return nil
}

// usualPlaces returns patterns of where people put Blenders.
func usualPlaces(home string) []string {
	if runtime.GOOS == "darwin" {
		return below(home, []string{"/Applications/Blender*.app", "/Applications/Blender*"}, "Applications/Blender*.app", "Applications/Blender*")
	}
	return below(home, []string{"/opt/[bB]lender*", "/usr/local/[bB]lender*", "/usr/local/*/[bB]lender*", "/snap/bin/blender",
		"/var/lib/flatpak/exports/bin/org.blender.Blender"},
		"[bB]lender*", "*/[bB]lender-[0-9]*", ".local/share/flatpak/exports/bin/org.blender.Blender")
}

// below adds patterns below the home folder, if there is one.
func below(home string, patterns []string, inHome ...string) []string {
	if home == "" {
		return patterns
	}
	for _, p := range inHome {
		patterns = append(patterns, filepath.Join(globEscape(home), p))
	}
	return patterns
}

// steamFolders returns where Steam may be.
func steamFolders(home string) []string {
	if home == "" {
		return nil
	}
	if runtime.GOOS == "darwin" {
		return []string{filepath.Join(home, "Library/Application Support/Steam")}
	}
	return []string{filepath.Join(home, ".local/share/Steam"), filepath.Join(home, ".steam/steam"),
		filepath.Join(home, ".var/app/com.valvesoftware.Steam/.local/share/Steam"), filepath.Join(home, "snap/steam/common/.local/share/Steam")}
}
