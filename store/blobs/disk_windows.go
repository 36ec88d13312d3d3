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

// isNotPermitted reports whether an error says that links are not allowed here, or
// not between these folders.
func isNotPermitted(err error) bool {
	return errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD) || errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) ||
		errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_SYMLINK_CLASS_DISABLED)
}
