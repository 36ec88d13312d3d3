package blobs

import (
	"os"

	"golang.org/x/sys/unix"
)

// startFlush has the system begin to write a range of a file to the disk. It is
// advice: a file system that does not know it syncs everything at the end.
func startFlush(f *os.File, from, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, length, unix.SYNC_FILE_RANGE_WRITE)
}
