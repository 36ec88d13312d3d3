package procgroup

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes puts the program into a process group of its own, and lets the kernel
// kill it when the keeper is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adopt makes this process the parent of all descendants that lose theirs.
func adopt() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// A proc is a process as /proc tells.
type proc struct {
	pid, parent int
	state       byte          // of proc_pid_stat(5): R, S, T, Z …
	used        time.Duration // processor time, with that of children it waited for
}

// tick is the unit of /proc/PID/stat, which is the same on every Linux that Go
// runs on (USER_HZ; proc_pid_stat(5)).
const tick = time.Second / 100

// processes returns all there are.
func processes() []proc {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	all := make([]proc, 0, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := process(pid); ok { // else it has ended
			all = append(all, p)
		}
	}
	return all
}

func process(pid int) (proc, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return proc{}, false
	}
	p, ok := readStat(stat)
	p.pid = pid
	return p, ok
}

// readStat reads what /proc/PID/stat tells. The name is in parentheses and may have any
// characters, so fields count from the last one.
func readStat(stat []byte) (p proc, ok bool) {
	_, rest, found := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	fields := bytes.Fields(rest)
	const state = 3 // the number of the first field behind the name, counted from 1
	if !found || len(fields) <= 17-state {
		return p, false
	}
	p.state = fields[0][0]
	p.parent, _ = strconv.Atoi(string(fields[4-state]))
	for i := 14; i <= 17; i++ { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(string(fields[i-state]), 10, 64)
		if err != nil {
			return p, false
		}
		p.used += time.Duration(n) * tick
	}
	return p, true
}

// CPUTime returns the processor time of a process, with that of children it waited
// for; 0 if it is not there.
func CPUTime(pid int) time.Duration {
	p, _ := process(pid)
	return p.used
}

// Spent returns the processor time of all that the group has run; false if it is not
// known. It may become less when something ends.
func (g *Group) Spent() (total time.Duration, known bool) {
	keeper := g.keeper.Process.Pid // waited for those who lost their parents
	for _, p := range append(descendants(keeper), proc{used: CPUTime(keeper)}) {
		total, known = total+p.used, known || p.pid != 0
	}
	return total, known
}

// descendants returns all that a process started, and what these did.
func descendants(of int) (found []proc) {
	children := map[int][]proc{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p)
	}
	for next := children[of]; len(next) > 0; {
		p := next[0]
		found = append(found, p)
		next = append(next[1:], children[p.pid]...)
	}
	return found
}

// killOnce kills what there is now, also what has left the cgroup.
func (k *keeper) killOnce() {
	k.own.kill()
	for _, p := range descendants(os.Getpid()) {
		unix.Kill(p.pid, unix.SIGKILL)
	}
}

// freeze stops all. Processes that are started meanwhile are found by the next look.
func (k *keeper) freeze() {
	if k.frozen {
		return
	}
	k.frozen = true
	if k.own.freeze(true) {
		return
	}
	k.stopped = map[int]bool{}
	for again := true; again; {
		again = false
		for _, p := range descendants(os.Getpid()) {
			if k.stopped[p.pid] || p.state == 'T' || p.state == 't' || p.state == 'Z' {
				continue // what had stopped by itself is not ours to continue
			}
			if unix.Kill(p.pid, unix.SIGSTOP) == nil {
				k.stopped[p.pid] = true
				again = true
			}
		}
	}
}

// thaw continues what freeze stopped.
func (k *keeper) thaw() {
	if !k.frozen {
		return
	}
	k.frozen = false
	if k.own.freeze(false) {
		return
	}
	for _, p := range descendants(os.Getpid()) {
		if k.stopped[p.pid] {
			unix.Kill(p.pid, unix.SIGCONT)
		}
	}
	k.stopped = nil
}
