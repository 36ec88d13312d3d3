package worker

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// cpuTicks returns how long all processors were busy since the computer started, and how
// long there were in all, from the first line of /proc/stat (proc_stat(5)). Time that a
// virtual computer did not get counts as busy. Guests count as user already.
func cpuTicks() (busy, all uint64, ok bool) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() {
		return 0, 0, false
	}
	return readTicks(lines.Bytes())
}

// readTicks reads "cpu  user nice system idle iowait irq softirq steal guest guest_nice".
func readTicks(line []byte) (busy, all uint64, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 5 || string(fields[0]) != "cpu" {
		return 0, 0, false
	}
	const idle, iowait, guest = 4, 5, 9
	for i, field := range fields[1:min(len(fields), guest)] {
		n, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil {
			return 0, 0, false
		}
		if all += n; i+1 != idle && i+1 != iowait {
			busy += n
		}
	}
	return busy, all, true
}

// freeMemory returns how many bytes programs could still get, of the computer or of the
// worker's cgroup if that has less; 0 if it cannot be found out.
func freeMemory() int64 {
	free := memInfo("/proc/meminfo", "MemAvailable:")
	if limit, dir := cgroupMemory("/proc/self/cgroup", "/sys/fs/cgroup"); limit > 0 {
		if left := cgroupFree(dir, limit); left > 0 && left < free {
			return left
		}
	}
	return free
}

// cgroupFree returns how much of a cgroup's limit is left. Files that it has in memory can
// be dropped (Documentation/admin-guide/cgroup-v2.rst, memory.stat).
func cgroupFree(dir string, limit int64) int64 {
	text, err := os.ReadFile(filepath.Join(dir, "memory.current"))
	used, err2 := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil || err2 != nil {
		return 0
	}
	stat, _ := os.ReadFile(filepath.Join(dir, "memory.stat")) // without it nothing counts as droppable
	for line := range bytes.Lines(stat) {
		if rest, ok := bytes.CutPrefix(line, []byte("inactive_file ")); ok {
			n, _ := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64)
			used -= n
		}
	}
	return max(limit-max(used, 0), 1) // 0 would mean that it is not known
}
