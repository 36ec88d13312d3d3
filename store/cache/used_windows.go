package cache

import (
	"io/fs"
	"syscall"
	"time"
)

// used returns when a file was last used.
func used(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		return time.Unix(0, st.LastAccessTime.Nanoseconds())
	}
	return info.ModTime()
}
