//go:build !windows

package programs

import "runtime"

// installedBlenders returns where the platform's installer puts Blender.
func installedBlenders() []string {
	if runtime.GOOS == "darwin" {
		return []string{"/Applications/Blender.app/Contents/MacOS/Blender"}
	}
	return nil
}
