package worker

import "golang.org/x/sys/unix"

// usableMemory returns how many bytes of memory the computer has; 0 if it cannot be
// found out.
func usableMemory() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(n)
}
