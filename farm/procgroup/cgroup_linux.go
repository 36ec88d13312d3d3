package procgroup

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A cgroup is one of version 2 that a group has for itself; nil if there is none,
// and then its methods do nothing.
type cgroup struct {
	path string
	dir  *os.File
}

// cgroupBase is the folder in which groups may have one; "" for none. It is the
// worker's own cgroup. If the worker is alone in that, as in a service with
// Delegate=yes, it moves one down first: the kernel lets only a cgroup without
// processes hand on control of memory.
var cgroupBase = sync.OnceValue(func() string {
	base := ownCgroup()
	if base == "" {
		return ""
	}
	if unix.Access(base, unix.W_OK) != nil {
		return "" // it is not ours
	}
	inside, err := os.ReadFile(filepath.Join(base, "cgroup.procs"))
	if err == nil && strings.TrimSpace(string(inside)) == strconv.Itoa(os.Getpid()) {
		own := filepath.Join(base, "farm-worker")
		if err := os.Mkdir(own, 0o755); err == nil || os.IsExist(err) {
			writeTo(own, "cgroup.procs", strconv.Itoa(os.Getpid()))
		}
	}
	writeTo(base, "cgroup.subtree_control", "+memory") // fails where it is not to be had
	return base
})

// ownCgroup returns the folder of this process's cgroup, "" if there is none of version 2.
func ownCgroup() string {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	within, found := "", false
	for line := range strings.Lines(string(groups)) {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			within, found = path, true
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || !found {
		return ""
	}
	for line := range strings.Lines(string(mounts)) {
		// ID parent device root mountpoint … - type …, see proc_pid_mountinfo(5)
		before, after, _ := strings.Cut(line, " - ")
		if fields := strings.Fields(before); len(fields) > 4 && fields[3] == "/" && strings.HasPrefix(after, "cgroup2 ") {
			return filepath.Join(fields[4], within)
		}
	}
	return ""
}

// cgroupFor returns the path of a cgroup for a new group of the owner, up to what
// is the group's own; "" if it cannot have one.
func cgroupFor(owner string) string {
	if base := cgroupBase(); base != "" {
		return filepath.Join(base, cgroupPrefix(owner))
	}
	return ""
}

func cgroupPrefix(owner string) string {
	h := fnv.New64a()
	h.Write([]byte(owner))
	return fmt.Sprintf("farm-%016x-", h.Sum64())
}

// cgroupOf returns the path of a keeper's cgroup, of what cgroupFor returned.
func cgroupOf(prefix string, keeper int) string { return prefix + strconv.Itoa(keeper) }

// newCgroup makes the cgroup of this keeper.
func newCgroup(prefix string) *cgroup {
	if prefix == "" {
		return nil
	}
	path := cgroupOf(prefix, os.Getpid())
	if err := os.Mkdir(path, 0o755); err != nil && !os.IsExist(err) {
		return nil
	}
	c := &cgroup{path: path}
	var err error
	if c.dir, err = os.Open(path); err != nil {
		os.Remove(path)
		return nil
	}
	return c
}

// place lets a program be started in it.
func (c *cgroup) place(a *syscall.SysProcAttr) {
	if c != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(c.dir.Fd())
	}
}

func (c *cgroup) limitMemory(most int64) bool {
	if c == nil || writeTo(c.path, "memory.max", strconv.FormatInt(most, 10)) != nil {
		return false
	}
	writeTo(c.path, "memory.swap.max", "0") // swapping a render is worse than its end
	writeTo(c.path, "memory.oom.group", "1")
	return true
}

// freezeLimit bounds the wait for all processes to stand still: one that waits for
// a disk does so later.
const freezeLimit = 200 * time.Millisecond

func (c *cgroup) freeze(frozen bool) bool {
	value := "0"
	if frozen {
		value = "1"
	}
	if c == nil || writeTo(c.path, "cgroup.freeze", value) != nil {
		return false
	}
	if frozen {
		waitForEvent(c.path, "frozen 1", time.Now().Add(freezeLimit))
	}
	return true
}

// waitForEvent waits until a line stands in the file cgroup.events, or until the end.
// The kernel tells of its changes by POLLPRI.
func waitForEvent(cgroup, line string, end time.Time) {
	f, err := os.Open(filepath.Join(cgroup, "cgroup.events"))
	if err != nil {
		return
	}
	defer f.Close()
	text := make([]byte, 256)
	for {
		n, err := f.ReadAt(text, 0)
		left := time.Until(end)
		if err != nil && err != io.EOF || bytes.Contains(text[:n], []byte(line)) || left <= 0 {
			return
		}
		poll := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}
		if _, err := unix.Poll(poll, int(left/time.Millisecond)+1); err != nil && err != unix.EINTR {
			return
		}
	}
}

// kill kills all processes in it, frozen or not, and those they are starting.
func (c *cgroup) kill() {
	if c != nil {
		writeTo(c.path, "cgroup.kill", "1")
	}
}

// remove takes it away, if nobody is left.
func (c *cgroup) remove() {
	if c != nil {
		c.dir.Close()
		os.Remove(c.path)
	}
}

func writeTo(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
