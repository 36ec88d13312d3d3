//go:build !linux

package blobs

import "os"

// canDirect reports whether it pays to bypass the page cache: it is not
// done on this platform.
func canDirect(*os.File) bool { return false }

// setDirect is never asked on this platform.
func setDirect(*os.File, bool) bool { return false }
