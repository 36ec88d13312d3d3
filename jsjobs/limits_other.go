//go:build unix && !linux

package jsjobs

// startLimits prepares nothing.
func startLimits() {}

// limitMemory does nothing: the systems that this is for have no limit that
// counts what the runtime takes. The guard's look at it has to do.
func limitMemory(uint64) {}
