//go:build !windows

package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// A processGroup is a child process with all its descendants that did not
// leave the group on purpose.
type processGroup struct{ id int }

// groupOf returns the group that the child leads. See asGroup.
func groupOf(child *os.Process) processGroup { return processGroup{child.Pid} }

// interrupt asks the group to end. SIGTERM and not SIGINT, which is ignored by
// all descendants of a worker that a script started in the background.
func (g processGroup) interrupt() { unix.Kill(-g.id, unix.SIGTERM) }

// kill ends the group. It does nothing if nobody is left: the number is not
// given to another group while a process of this one exists, and right after
// the last one is gone the system does not use it again soon.
func (g processGroup) kill() { unix.Kill(-g.id, unix.SIGKILL) }

func (g processGroup) close() {}
