package jsjobs

import "runtime/metrics"

// memoryInUse returns the bytes that the process has of the system.
func memoryInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// tooLarge reports whether a script has more than its limit, or so much that is
// no garbage that the rest would be spent on collecting the little there is.
func tooLarge(limit uint64) bool {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() > limit*3/4 || memoryInUse() > limit
}

// headroom is how far beyond a script's limit the system's own limit lies,
// which is there for a single step that takes very much at once: the runtime
// asks the system for memory in large pieces.
const headroom = 256 << 20
