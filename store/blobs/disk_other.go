//go:build !linux && !darwin && !windows

package blobs

// diskFree cannot tell on this platform.
func diskFree(string) int64 { return -1 }

// isFull cannot tell on this platform.
func isFull(error) bool { return false }

// isTooManyLinks cannot tell on this platform.
func isTooManyLinks(error) bool { return false }
