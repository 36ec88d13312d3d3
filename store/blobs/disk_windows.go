package blobs

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isTooManyLinks reports whether a file has as many hard links as it can.
func isTooManyLinks(err error) bool { return errors.Is(err, windows.ERROR_TOO_MANY_LINKS) }

// isNotPermitted reports whether an error says that links are not allowed here, or
// not between these folders.
func isNotPermitted(err error) bool {
	return errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD) || errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) ||
		errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_SYMLINK_CLASS_DISABLED)
}
