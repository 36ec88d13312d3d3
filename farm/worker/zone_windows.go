package worker

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// The zones of Windows have names of their own; ICU, a part of it since 2019,
// knows what the rest of the world calls them.
var defaultTimeZone = windows.NewLazySystemDLL("icu.dll").NewProc("ucal_getDefaultTimeZone")

// systemZone returns the zone that the computer was set to.
func systemZone() string {
	if defaultTimeZone.Find() != nil {
		return "" // an older Windows
	}
	var name [64]uint16
	var failed int32 // UErrorCode: negative is a warning, positive an error
	n, _, _ := defaultTimeZone.Call(uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(unsafe.Pointer(&failed)))
	if failed > 0 || int32(n) <= 0 || int(int32(n)) > len(name) {
		return ""
	}
	return windows.UTF16ToString(name[:n])
}
