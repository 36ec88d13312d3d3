//go:build !windows

package store

import (
	"os"
	"syscall"
)

// initialMmapSize is address space, not memory: while the file is smaller,
// growing it never makes readers wait. Where addresses are scarce there is none.
const initialMmapSize = int((1 << 30) * (^uint(0) >> 63))

// closeToRename says whether a file that is open can get another's name.
const closeToRename = false

// alike gives a copy the owner and mode of the original: a user who upgrades the
// database of a service must not lock the service out.
func alike(path, original string) error {
	info, err := os.Stat(original)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		os.Chown(path, int(st.Uid), int(st.Gid)) // only root can; for others it is theirs already
	}
	return os.Chmod(path, info.Mode().Perm())
}
