//go:build !linux && !darwin && !windows

package blobs

import (
	"errors"
	"io/fs"
)

// isTooManyLinks cannot tell on this platform.
func isTooManyLinks(error) bool { return false }

// isNotPermitted reports whether an error says that links are not allowed here, or
// not between these folders.
func isNotPermitted(err error) bool { return errors.Is(err, fs.ErrPermission) }
