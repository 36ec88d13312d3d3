package worker

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memoryStatus is MEMORYSTATUSEX of the Windows API.
type memoryStatus struct {
	length, load                                      uint32
	totalPhysical, availablePhysical                  uint64
	totalPageFile, availablePageFile                  uint64
	totalVirtual, availableVirtual, availableExtended uint64
}

// usableMemory returns how many bytes of memory the computer has; 0 if it cannot be
// found out.
func usableMemory() int64 {
	status, ok := readMemory()
	if !ok {
		return 0
	}
	return int64(status.totalPhysical)
}

func readMemory() (status memoryStatus, ok bool) {
	status.length = uint32(unsafe.Sizeof(status))
	done, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&status)))
	return status, done != 0
}
