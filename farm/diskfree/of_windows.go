package diskfree

import "golang.org/x/sys/windows"

// Of returns the bytes that this program may still write to a folder's disk, or
// -1 if the system does not say.
func Of(dir string) int64 {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return -1
	}
	return int64(free)
}
