//go:build linux || darwin

package blobs

import (
	"errors"
	"syscall"
)

// isTooManyLinks reports whether a file has as many hard links as it can.
func isTooManyLinks(err error) bool { return errors.Is(err, syscall.EMLINK) }

// isNotPermitted reports whether an error says that links are not allowed here, or
// not between these folders.
func isNotPermitted(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EXDEV)
}
