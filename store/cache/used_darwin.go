package cache

import (
	"io/fs"
	"syscall"
	"time"
)

// used returns when a file was last used.
func used(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Atimespec.Unix())
	}
	return info.ModTime()
}
