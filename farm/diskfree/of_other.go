//go:build !linux && !darwin && !windows

package diskfree

// Of cannot tell on this platform, and returns -1.
func Of(string) int64 { return -1 }
