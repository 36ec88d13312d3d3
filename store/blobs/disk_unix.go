//go:build linux || darwin

package blobs

import (
	"errors"
	"syscall"
)

// diskFree returns the bytes that the manager may still write to a folder's
// disk, or -1 if the system does not say.
func diskFree(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

// isFull reports whether an error means that a disk or a quota is full.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isTooManyLinks reports whether a file has as many hard links as it can.
func isTooManyLinks(err error) bool { return errors.Is(err, syscall.EMLINK) }

// isNotPermitted reports whether an error says that links are not allowed here, or
// not between these folders.
func isNotPermitted(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EXDEV)
}
