package cmd

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"renderfarm/farm"
)

// prepareHome makes the home folder, for its owner only: it holds the secrets
// of workers. A home that cannot be written to is found out here, before
// anything depends on it.
func prepareHome(home string) error {
	err := os.MkdirAll(home, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(home, ".writable-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err == nil {
		return nil
	}
	reason := err
	var path *fs.PathError
	if errors.As(err, &path) {
		reason = path.Err
	}
	return farm.Errorf(farm.Invalid, "cannot use the home folder %s: %w. Make it writable for this user, or choose another with --home or FARM_HOME", home, reason)
}

// inUse gives an error its own status if it says that another process has the
// home folder: the store and the worker each lock theirs.
func inUse(err error) error {
	if farm.KindOf(err) == farm.Conflict {
		return &statusError{exitInUse, err.Error()}
	}
	return err
}

// addressInUse is the number of the error on Windows.
const addressInUse = syscall.Errno(10048)

// isAddressInUse reports whether another program has the address.
func isAddressInUse(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, addressInUse))
}
