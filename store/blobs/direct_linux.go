package blobs

import (
	"os"

	"golang.org/x/sys/unix"
)

// canDirect reports whether it pays to write a file past the page cache: it does on
// the usual file systems of local disks. On network shares each write would
// wait for the server's disk.
func canDirect(f *os.File) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return false
	}
	return st.Type == unix.EXT4_SUPER_MAGIC || st.Type == unix.XFS_SUPER_MAGIC
}

// setDirect has writes bypass the page cache or not, and reports
// whether it could.
func setDirect(f *os.File, on bool) bool {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	flags &^= unix.O_DIRECT
	if on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
	return err == nil
}
