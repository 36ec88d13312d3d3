// Package fsync makes names in a folder durable: that a file was made, renamed or
// removed. Syncing the file itself makes its content durable, not its name.
package fsync

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Replace writes a file that only its user can read, in the place of the one
// with that path if there is one. A crash of the program or the machine leaves the
// old one or the new one, whole; when it returns without an error, the new one.
func Replace(path string, content []byte) (err error) {
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean(dir), "."+name+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return Dir(filepath.Clean(dir))
}

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
