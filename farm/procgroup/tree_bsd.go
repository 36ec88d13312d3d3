//go:build !windows && !linux

package procgroup

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes puts the program into a process group of its own.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// adopt does nothing: these systems give orphans to process 1.
func adopt() {}

// signal reaches all that did not leave the program's process group.
func (k *keeper) signal(s syscall.Signal) { unix.Kill(-k.leader, s) }

func (k *keeper) killOnce() { k.signal(unix.SIGKILL) }

func (k *keeper) freeze() {
	k.frozen = true
	k.signal(unix.SIGSTOP)
}

func (k *keeper) thaw() {
	k.frozen = false
	k.signal(unix.SIGCONT)
}

// A cgroup is something that only Linux has; the nil one does nothing.
type cgroup struct{}

func newCgroup(string) *cgroup               { return nil }
func cgroupFor(string) string                { return "" }
func (c *cgroup) place(*syscall.SysProcAttr) {}
func (c *cgroup) remove()                    {}

// apply sets the limits that there are here.
func (k *keeper) apply(l Limits) string {
	if l.Nice > 0 {
		unix.Setpriority(unix.PRIO_PROCESS, 0, l.Nice)
	}
	return ""
}

// adjustOOM does nothing: only Linux lets one choose.
func adjustOOM(int, int) {}

// EndOrphans does nothing here: the environment of others cannot be read.
func EndOrphans(string) int { return 0 }

func endGroup(string, string, int) {}

// Spent returns the processor time of all that did not leave the program's process
// group; false if it is not known. It may become less when something ends.
func (g *Group) Spent() (total time.Duration, known bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	text, err := exec.CommandContext(ctx, "/bin/ps", "-axo", "pgid=,time=").Output()
	if err != nil {
		return 0, false
	}
	return psTime(string(text), g.pid)
}
