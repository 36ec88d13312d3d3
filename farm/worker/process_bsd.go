//go:build !windows && !linux

package worker

import (
	"os/exec"
	"syscall"
)

// asGroup makes the child the leader of a group of its own. These systems
// cannot end it together with the worker.
func asGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// adjustOOM does nothing: only Linux lets one choose.
func adjustOOM(int, int) error { return nil }
