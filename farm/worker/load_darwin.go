package worker

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// A cpuMeter measures how busy the processors are. macOS tells that only through its own C
// library; so this is how many programs wanted one in the last minute.
type cpuMeter struct{}

// percent returns how busy they are; ok is false if that cannot be found out.
func (m *cpuMeter) percent() (percent int, ok bool) {
	const size, one, scale = 24, 0, 16 // of struct loadavg in <sys/resource.h>: three fixpt_t, then the long that they are to be divided by
	raw, err := unix.SysctlRaw("vm.loadavg")
	if err != nil || len(raw) < size {
		return 0, false
	}
	by := binary.LittleEndian.Uint64(raw[scale:])
	if by == 0 {
		return 0, false
	}
	wanted := float64(binary.LittleEndian.Uint32(raw[one:])) / float64(by)
	return min(100, int(100*wanted/float64(runtime.NumCPU())+0.5)), true
}

// freeMemory returns how many bytes programs could still get: pages that are free, that hold
// files, or that their programs can do without. 0 if it cannot be found out.
func freeMemory() (free int64) {
	for _, name := range []string{"vm.page_free_count", "vm.page_pageable_external_count", "vm.page_purgeable_count"} {
		n, err := unix.SysctlUint32(name)
		if err != nil {
			return 0
		}
		free += int64(n) * int64(unix.Getpagesize())
	}
	return free
}
