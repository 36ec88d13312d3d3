package blobs

import (
	"errors"

	"golang.org/x/sys/windows"
)

// diskFree returns the bytes that the manager may still write to a folder's
// disk, or -1 if the system does not say.
func diskFree(dir string) int64 {
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

// isFull reports whether an error means that a disk or a quota is full.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// isTooManyLinks reports whether a file has as many hard links as it can.
func isTooManyLinks(err error) bool { return errors.Is(err, windows.ERROR_TOO_MANY_LINKS) }
