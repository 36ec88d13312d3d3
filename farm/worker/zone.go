package worker

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// timeZone returns the IANA name of where this computer's clock hangs, for its
// sleep schedule; "" if that cannot be found out, and the manager's counts.
func timeZone() string {
	for _, name := range []string{os.Getenv("TZ"), systemZone()} {
		// TZ has other forms too, such as CET-1CEST, which are no names.
		name = strings.TrimPrefix(name, ":")
		if filepath.IsAbs(name) {
			name = zoneOfFile(name)
		}
		if _, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return name
		}
	}
	return ""
}

// zoneOfFile returns the name of the zone that a file of a zoneinfo folder has,
// "" for another file.
func zoneOfFile(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if strings.HasPrefix(parts[i], "zoneinfo") { // macOS has zoneinfo.default too
			return strings.TrimPrefix(strings.TrimPrefix(strings.Join(parts[i+1:], "/"), "posix/"), "right/")
		}
	}
	return ""
}
