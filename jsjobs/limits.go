package jsjobs

import "runtime/metrics"

// memory returns how many bytes the last collection of garbage left, and how
// many the process has of the system.
func memory() (live, used uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64() - s[2].Value.Uint64()
}

// headroom is how far beyond a script's limit the system's own limit lies,
// which is there for a single step that takes very much at once: the runtime
// asks the system for memory in large pieces.
const headroom = 256 << 20
