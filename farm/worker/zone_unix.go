//go:build !windows

package worker

import (
	"os"
	"path/filepath"
	"strings"
)

// systemZone returns the zone that the computer was set to: what /etc/localtime
// leads to, or else what Debian writes down.
func systemZone() string {
	if file, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if name := zoneOfFile(file); name != "" {
			return name
		}
	}
	text, err := os.ReadFile("/etc/timezone")
	if err != nil || len(text) > 100 {
		return ""
	}
	return strings.TrimSpace(string(text))
}
