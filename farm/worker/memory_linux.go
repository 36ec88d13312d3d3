package worker

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usableMemory returns how many bytes tasks may use in all: what the computer has, or
// what the worker's cgroup allows if that is less. 0 if it cannot be found out.
func usableMemory() int64 {
	total := memInfo("/proc/meminfo", "MemTotal:")
	if limit, _ := cgroupMemory("/proc/self/cgroup", "/sys/fs/cgroup"); limit > 0 && (total == 0 || limit < total) {
		return limit
	}
	return total
}

// memInfo reads the line of a name from /proc/meminfo, which is in KiB, and returns bytes.
func memInfo(path, name string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// cgroupMemory returns the least memory.max from the process's cgroup (v2) up to the
// root of the hierarchy; 0 if there is no limit. In a container the path of the cgroup
// may not exist below root, whose own files then hold the limit. in is the folder that
// has it.
func cgroupMemory(self, root string) (least int64, in string) {
	text, err := os.ReadFile(self)
	if err != nil {
		return 0, ""
	}
	_, path, ok := strings.Cut(string(text), "0::")
	if !ok {
		return 0, ""
	}
	path, _, _ = strings.Cut(path, "\n")
	for dir := filepath.Join(root, path); len(dir) >= len(root); dir = filepath.Dir(dir) {
		limit, err := os.ReadFile(filepath.Join(dir, "memory.max"))
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(limit)), 10, 64) // "max": none
		if err == nil && (least == 0 || n < least) {
			least, in = n, dir
		}
	}
	return least, in
}
