package procgroup

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

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
	state       byte // of proc_pid_stat(5): R, S, T, Z …
}

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
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		// The name is in parentheses and may have any characters.
		_, rest, found := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
		fields := bytes.Fields(rest)
		if !found || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(string(fields[1])); err == nil {
			all = append(all, proc{pid, parent, fields[0][0]})
		}
	}
	return all
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
