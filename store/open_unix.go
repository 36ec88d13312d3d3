//go:build !windows

package store

import (
	"errors"
	"os"
)

// initialMmapSize is address space, not memory: while the file is smaller,
// growing it never makes readers wait. Where addresses are scarce there is none.
const initialMmapSize = int((1 << 30) * (^uint(0) >> 63))

// syncDir makes a rename in the folder durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
