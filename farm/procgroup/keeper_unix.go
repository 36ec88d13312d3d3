//go:build !windows

package procgroup

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keeperArgument is the first argument of a process that keeps a group together.
const keeperArgument = "run-program"

// Orders to a keeper, a byte each. The end of the pipe is orderKill.
const (
	orderInterrupt = 'i'
	orderKill      = 'k'
	orderFreeze    = 'f'
	orderThaw      = 't'
)

// What a keeper tells, a line each.
const (
	saidStarted = "started" // PID and by what means the limits are kept
	saidFailed  = "failed"  // number of the system's error
	saidExited  = "exited"  // the program's wait status; all that follows is its rest
)

// RunKeeper keeps a group together for another process, if this process was
// started for that; then it does not return. A program that calls Start has to call
// it before everything else.
func RunKeeper(args []string) {
	const fixed = 6 // program, keeperArgument, limits, cgroup, exe, name
	if len(args) < fixed || args[1] != keeperArgument {
		return
	}
	k := &keeper{reaped: make(chan struct{}, 1), status: os.NewFile(4, "status"), cgroup: args[3]}
	os.Exit(k.run(args[2], args[4], args[5:]))
}

// A keeper starts a program, and ends only when nothing of it is left.
type keeper struct {
	status *os.File
	cgroup string // in which the program's is made; "" for none
	own    *cgroup

	reaped chan struct{} // something of the group has ended; holds one

	leader int         // pid of the program
	ended  atomic.Bool // the program has ended, so its pid may be another's

	// Used by obey only.
	frozen  bool
	stopped map[int]bool // what freezing stopped, where there is no cgroup
}

// run returns the exit status of the keeper: 0 if all of the group is gone.
func (k *keeper) run(limitsText, exe string, argv []string) int {
	// A child on Linux dies with the thread that started it; and priorities are a
	// thread's, which it inherits, while the keeper's others stay quick.
	runtime.LockOSThread()
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	// Somebody who ends all processes of this program's name means the program.
	// Caught and not ignored: what is ignored would be so in the program, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	var limits Limits
	if err := json.Unmarshal([]byte(limitsText), &limits); err != nil {
		return 2
	}
	adopt()
	k.own = newCgroup(k.cgroup)
	used := k.apply(limits)
	pid, err := k.start(exe, argv)
	if err != nil {
		errno, _ := err.(syscall.Errno)
		fmt.Fprintf(k.status, "%s %d\n", saidFailed, int(errno))
		k.own.remove()
		return 0
	}
	if limits.OOM != nil {
		adjustOOM(pid, *limits.OOM) // as well as it can
	}
	k.leader = pid
	fmt.Fprintf(k.status, "%s %d %s\n", saidStarted, pid, used)
	letGo()
	go k.obey()
	k.reap()
	k.own.remove()
	return 0
}

// start starts the program in a process group of its own.
func (k *keeper) start(exe string, argv []string) (int, error) {
	attr := childAttributes()
	k.own.place(attr)
	proc := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: attr}
	pid, err := syscall.ForkExec(exe, argv, proc)
	if err != nil && k.own != nil { // some kernels and sandboxes do not start processes in a cgroup
		k.own.remove()
		k.own = nil
		proc.Sys = childAttributes()
		pid, err = syscall.ForkExec(exe, argv, proc)
	}
	return pid, err
}

// letGo closes the program's input and output, whose end would otherwise not be
// seen before the keeper's.
func letGo() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	for fd := range 3 {
		unix.Dup2(int(null.Fd()), fd)
	}
	null.Close()
}

// reap takes away what has ended, and returns when nothing is left.
func (k *keeper) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ECHILD
			return
		case pid == k.leader:
			k.ended.Store(true)
			fmt.Fprintf(k.status, "%s %d\n", saidExited, int(status))
		}
		select {
		case k.reaped <- struct{}{}:
		default:
		}
	}
}

// obey follows orders until there are no more.
func (k *keeper) obey() {
	orders := os.NewFile(3, "control")
	one := make([]byte, 1)
	for {
		if n, err := orders.Read(one); n == 0 || err != nil {
			k.killAll()
			return
		}
		switch one[0] {
		case orderFreeze:
			k.freeze()
		case orderThaw:
			k.thaw()
		case orderInterrupt:
			k.interrupt()
		case orderKill:
			k.killAll()
		}
	}
}

func (k *keeper) interrupt() {
	switch {
	case k.ended.Load(): // its number may be another's
	case k.frozen: // it could not hear, and going on is what it must not
		k.killOnce()
	default:
		// SIGTERM and not SIGINT, which is ignored by all descendants of a worker
		// that a script started in the background.
		unix.Kill(-k.leader, unix.SIGTERM)
	}
}

// killLimit is how long a keeper goes on killing: a process that waits for a
// dead disk ends later, and needs nobody for that.
const killLimit = 10 * time.Second

// killAll kills until nothing is left, which ends the keeper. One look may miss a process
// that was just started; but then its parent was killed, or has ended, and is reaped
// afterwards.
func (k *keeper) killAll() {
	limit := time.After(killLimit)
	for {
		k.killOnce()
		select {
		case <-k.reaped:
		case <-limit:
			os.Exit(3)
		}
	}
}
