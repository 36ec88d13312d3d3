//go:build linux || darwin

package diskfree

import "syscall"

// Of returns the bytes that this program may still write to a folder's disk, or
// -1 if the system does not say.
func Of(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize)
}
