// Package fsync makes names in a folder durable: that a file was made, renamed or
// removed. Syncing the file itself makes its content durable, not its name.
package fsync

import (
	"errors"
	"os"
	"runtime"
)

// Dir makes the names in the folder with the path durable. On Windows it does
// nothing: there is no such call, and NTFS keeps names in its journal.
func Dir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// DirIn is Dir for a folder inside an open root.
func DirIn(root *os.Root, path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := root.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
