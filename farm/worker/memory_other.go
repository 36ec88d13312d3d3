//go:build !linux && !windows && !darwin

package worker

// usableMemory is not known on this platform.
func usableMemory() int64 { return 0 }
