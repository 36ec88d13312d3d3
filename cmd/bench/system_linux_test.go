package bench

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the CPU time that a process has used, all threads together.
func cpuTime(pid int) (time.Duration, error) {
	// The clock of another process: clock_getcpuclockid(3), kernel's CPUCLOCK_SCHED.
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// treeTime returns the CPU time of a process and of all that it started, also of
// what has ended; 0 of one that cannot be looked at.
func treeTime(pid int) (total time.Duration) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// Behind the name, which may contain anything: proc(5), fields 14 to 17.
	_, rest, _ := strings.Cut(string(data), ") ")
	const utime, cstime, tick = 11, 14, time.Second / 100
	for i, text := range strings.Fields(rest) {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && i >= utime && i <= cstime {
			total += time.Duration(n) * tick
		}
	}
	children, _ := childrenOf(pid)
	for _, child := range children {
		total += treeTime(child)
	}
	return total
}

// busyTime returns the CPU time that the computer has used for anything,
// including what its host took away (proc(5), /proc/stat).
func busyTime() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(data), "\n")
	const user, idle, iowait, guest = 1, 4, 5, 9 // guest time is part of user time
	const tick = time.Second / 100
	var busy time.Duration
	for i, text := range strings.Fields(first) {
		if i < user || i == idle || i == iowait || i >= guest {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read /proc/stat: %w", err)
		}
		busy += time.Duration(n) * tick
	}
	return busy, nil
}

// resident is the memory a process holds, in bytes: its own, and pages of files
// that the system can take back at any time.
type resident struct{ resident, anonymous, file int64 }

func memoryOf(pid int) (resident, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return resident{}, err
	}
	defer f.Close()
	var m resident
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		into := map[string]*int64{"VmRSS": &m.resident, "RssAnon": &m.anonymous, "RssFile": &m.file}[name]
		if into == nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
		if err != nil {
			return resident{}, err
		}
		*into = n << 10
	}
	return m, nil
}

// forget has the system drop a file from its memory.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// syncData puts a file's data on the disk the way the database does.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// spread has ext4 put each folder that is made in dir into another part of the
// disk. There, nothing was removed lately: for minutes after many files were
// removed, making a file near them takes ext4 a millisecond of CPU time instead
// of a fiftieth of that, and a load makes one file per task.
func spread(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	const topDir = 0x00020000 // FS_TOPDIR_FL, see chattr(1), T
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags|topDir)
}

// mostMemory returns the most memory that a process has held so far, in bytes.
func mostMemory(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	value, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	return n << 10, err
}

// childrenOf returns the processes that a process started. The system keeps
// them by thread (proc(5), /proc/pid/task/tid/children).
func childrenOf(pid int) (children []int, err error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			return nil, err
		}
		for field := range strings.FieldsSeq(string(data)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	}
	return children, nil
}
