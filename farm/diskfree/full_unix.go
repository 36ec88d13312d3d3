//go:build linux || darwin

package diskfree

import (
	"errors"
	"syscall"
)

// IsFull reports whether an error means that a disk or a quota is full.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
