//go:build unix

package jsjobs

import (
	"syscall"
	"time"
)

// cpuTime returns what the process has computed so far.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// childAttributes keeps signals of the terminal from the child, which would
// end it before its manager decides to.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
