//go:build !windows

package procgroup

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// A Group is a program that was started, with all that it started. Its methods may
// be called by several goroutines; each does nothing once the group has ended.
type Group struct {
	pid    int
	used   string
	mark   string // entry of the environment of all its processes
	cgroup string // see cgroupFor
	keeper *exec.Cmd
	status *bufio.Reader // what the keeper tells
	pipe   *os.File      // the end of status that is closed

	mu      sync.Mutex // guards what follows, and keeps orders whole
	control *os.File   // orders to the keeper; nil when it is closed
}

// Start starts the program. Its Wait and then its Close must be called.
func Start(s Spec) (*Group, error) {
	exe, err := exec.LookPath(s.Exe)
	if err != nil {
		return nil, &startError{err}
	}
	self := "/proc/self/exe" // right even if the file was replaced meanwhile
	if runtime.GOOS != "linux" {
		if self, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	limits, err := json.Marshal(s.Limits)
	if err != nil {
		return nil, err
	}
	orders, control, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer orders.Close()
	status, told, err := os.Pipe()
	if err != nil {
		control.Close()
		return nil, err
	}
	defer told.Close()
	g := &Group{mark: mark + "=" + s.Owner + ":" + rand.Text(), cgroup: cgroupFor(s.Owner), status: bufio.NewReader(status), pipe: status, control: control}
	g.keeper = exec.Command(self)
	g.keeper.Args = append([]string{os.Args[0], keeperArgument, string(limits), g.cgroup, exe, s.Exe}, s.Args...)
	g.keeper.Env = append(append(os.Environ(), s.Env...), g.mark)
	g.keeper.ExtraFiles = []*os.File{orders, told} // 3 and 4, see keeper
	g.keeper.Stdout, g.keeper.Stderr = s.Output, s.Output
	if s.Stdin != nil { // a nil *os.File is not a nil io.Reader
		g.keeper.Stdin = s.Stdin
	}
	g.keeper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := g.keeper.Start(); err != nil {
		control.Close()
		status.Close()
		return nil, &startError{err}
	}
	if err := g.started(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// started waits until the keeper has started the program.
func (g *Group) started() error {
	line, err := g.status.ReadString('\n')
	if err != nil {
		return fmt.Errorf("start the program: its keeper ended. This process must call procgroup.RunKeeper first of all: %w", err)
	}
	what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	pid, used, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(pid)
	if err != nil || what != saidStarted && what != saidFailed {
		return fmt.Errorf("start the program: its keeper says %q", line)
	}
	if what == saidFailed {
		return &startError{syscall.Errno(n)}
	}
	g.pid, g.used = n, used
	return nil
}

// PID returns the id of the program itself, which leads a process group of its own.
func (g *Group) PID() int { return g.pid }

// Used says by which means the limits are kept, as "memory by cgroup"; "" if
// there are none.
func (g *Group) Used() string { return g.used }

// Wait waits until the program itself has ended, and returns how. What it started may
// still run, see Close.
func (g *Group) Wait() (Exit, error) {
	line, err := g.status.ReadString('\n')
	if err != nil {
		// Whoever killed the keeper: the program went with it.
		return Exit{Code: -1, How: "its keeper was killed"}, nil
	}
	var status int
	if _, err := fmt.Sscanf(line, saidExited+" %d", &status); err != nil {
		return Exit{}, fmt.Errorf("the keeper of a program says %q", line)
	}
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		how := "signal: " + ws.Signal().String()
		if ws.CoreDump() {
			how += " (core dumped)"
		}
		return Exit{Code: -1, How: how}, nil
	}
	return Exit{Code: ws.ExitStatus()}, nil
}

// Interrupt asks the program and what is in its process group to end; a frozen one is
// killed.
func (g *Group) Interrupt() { g.order(orderInterrupt) }

// Kill ends the group.
func (g *Group) Kill() { g.order(orderKill) }

// Freeze stops the group where it stands: it uses no processor until Thaw.
func (g *Group) Freeze() { g.order(orderFreeze) }

// Thaw lets a frozen group go on.
func (g *Group) Thaw() { g.order(orderThaw) }

func (g *Group) order(o byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.control != nil {
		g.control.Write([]byte{o}) // fails when the group has ended
	}
}

// Close kills what is left of the group, and returns when it is gone.
func (g *Group) Close() {
	g.mu.Lock()
	if g.control == nil {
		g.mu.Unlock()
		return
	}
	g.control.Close() // the keeper ends all and itself
	g.control = nil
	g.mu.Unlock()
	if err := g.keeper.Wait(); err != nil {
		endGroup(g.mark, g.cgroup, g.keeper.Process.Pid) // it could not do so
	}
	g.pipe.Close()
}
