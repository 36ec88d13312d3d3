package jsjobs

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// mapped is what the process had of the system's memory when it started: in a
// program with the race detector that is much.
var mapped uint64

// startLimits prepares limitMemory.
func startLimits() { mapped = dataSize() }

// dataSize returns the bytes that RLIMIT_DATA counts.
func dataSize() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmData:")
	rest, _, _ = strings.Cut(rest, "kB")
	kB, _ := strconv.ParseUint(strings.TrimSpace(rest), 10, 64)
	return kB << 10
}

// limitMemory has the system refuse what lies far beyond a script's limit. The
// runtime then ends the process, naming the reason.
func limitMemory(most uint64) {
	var limit syscall.Rlimit
	if mapped == 0 || syscall.Getrlimit(syscall.RLIMIT_DATA, &limit) != nil {
		return
	}
	limit.Cur = min(limit.Max, mapped+most+headroom)
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &limit)
}
