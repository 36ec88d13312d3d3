//go:build !windows

package blobs

import "os"

// syncDir makes the names in an open folder safe from a power cut.
func syncDir(f *os.File) error { return f.Sync() }
