//go:build !linux && !windows && !darwin

package worker

// A cpuMeter knows nothing on this platform.
type cpuMeter struct{}

func (*cpuMeter) percent() (int, bool) { return 0, false }

// freeMemory is not known on this platform.
func freeMemory() int64 { return 0 }
