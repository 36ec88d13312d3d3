// Package procgroup runs a program together with all that it starts: as one
// group that is frozen, thawed and ended as a whole.
//
// On Linux, macOS and the BSDs a second copy of this program, the keeper, stands
// between the worker and the program that it runs:
//
//	worker ─▶ keeper ─▶ wrapper script ─▶ Blender ─▶ helper
//
// The keeper ends the group when it is told to, and when its worker is gone,
// however that ended: the pipe between them closes. On Linux it is the parent of
// whatever lost its own ("child subreaper"), so a process cannot leave the group,
// neither by a session of its own nor by ending its parent; where there is a
// writable cgroup v2, the kernel keeps the group together as well. On the other
// systems the keeper reaches what did not leave its process group. If keeper and
// worker are both killed, the next start of the worker ends what they left, and
// removes its cgroups: each process carries a mark in its environment, see EndOrphans.
//
// On Windows a job object does all of that, without a keeper.
package procgroup

import (
	"fmt"
	"os"
)

// A Spec says what to run and how.
type Spec struct {
	Exe   string
	Args  []string // without the name of the program
	Env   []string // added to this process's environment
	Owner string   // who ends what is left of it one day, see EndOrphans; "" for nobody
	Stdin *os.File // nil for none
	// Output gets its standard output and standard error.
	Output *os.File
	Limits Limits
}

// Limits are what a group may use. The zero value is no limit.
type Limits struct {
	Nice   int    // 0 to 19, how much the processor is left to others
	IO     IOTime // how much the disk is left to others; Linux
	CPUs   int    // processors that it may use; 0: all. Linux and Windows
	Memory int64  // bytes that it may use; 0: all. Linux and Windows
	OOM    *int   // Linux: 0 to 1000, how readily the kernel ends it for memory; nil leaves it
}

// IOTime is how much a group leaves the disk to others.
type IOTime string

const (
	IONormal IOTime = ""     // not at all
	IOLow    IOTime = "low"  // it comes last of all that is normal
	IOIdle   IOTime = "idle" // it gets only what nobody else wants
)

// An Exit is how a program ended.
type Exit struct {
	Code int    // its exit status; -1 when a signal ended it
	How  string // "signal: killed"; "" for an exit status
}

// mark is the variable in the environment of every process of a group. Its value
// is the owner and, behind the last colon, what is the group's own.
const mark = "FARM_GROUP"

// A startError is an error of the system that kept a program from starting.
type startError struct{ err error }

// Error returns the system's words.
func (e *startError) Error() string { return fmt.Sprintf("start the program: %v", e.err) }

// Unwrap lets callers ask for fs.ErrNotExist and fs.ErrPermission.
func (e *startError) Unwrap() error { return e.err }
