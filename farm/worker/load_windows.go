package worker

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var getSystemTimes = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemTimes")

// cpuTicks returns how long all processors were busy since the computer started, and how
// long there were in all. Windows counts idle time as time of the kernel, too.
func cpuTicks() (busy, all uint64, ok bool) {
	var idle, kernel, user windows.Filetime
	if ok, _, _ := getSystemTimes.Call(uintptr(unsafe.Pointer(&idle)), uintptr(unsafe.Pointer(&kernel)), uintptr(unsafe.Pointer(&user))); ok == 0 {
		return 0, 0, false
	}
	ticks := func(t windows.Filetime) uint64 { return uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime) }
	all = ticks(kernel) + ticks(user)
	return all - min(all, ticks(idle)), all, true
}

// freeMemory returns how many bytes programs could still get; 0 if it cannot be found out.
func freeMemory() int64 {
	status, ok := readMemory()
	if !ok {
		return 0
	}
	return int64(status.availablePhysical)
}
