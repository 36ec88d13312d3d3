package procgroup

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// apply sets the limits that this thread, and so the program, is to have, and says
// by which means.
func (k *keeper) apply(l Limits) string {
	var used []string
	if l.Nice > 0 && unix.Setpriority(unix.PRIO_PROCESS, 0, l.Nice) == nil { // 0 is this thread
		used = append(used, "nice "+strconv.Itoa(l.Nice))
	}
	if l.IO != IONormal && setIOTime(l.IO) {
		used = append(used, "disk "+string(l.IO))
	}
	if l.CPUs > 0 && pin(l.CPUs) {
		used = append(used, "processors by affinity")
	}
	if l.Memory > 0 {
		switch {
		case k.own.limitMemory(l.Memory):
			used = append(used, "memory by cgroup")
		case unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(l.Memory), Max: uint64(l.Memory)}) == nil:
			// Of each process, as there is no other limit without a cgroup. Not
			// RLIMIT_AS: drivers of graphics cards reserve addresses without end.
			used = append(used, "memory of each process by rlimit")
		}
	}
	return strings.Join(used, ", ")
}

// setIOTime sets this thread's share of the disk; see ioprio_set(2).
func setIOTime(t IOTime) bool {
	const (
		whoProcess = 1
		classShift = 13
		bestEffort = 2<<classShift | 7
		idle       = 3 << classShift
	)
	value := bestEffort
	if t == IOIdle {
		value = idle
	}
	_, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, whoProcess, 0, uintptr(value))
	return errno == 0
}

// pin leaves this thread so many of its processors: the last ones, as systems
// prefer the first for what else there is to do.
func pin(most int) bool {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return false
	}
	for cpu := 0; set.Count() > most && cpu < len(set)*64; cpu++ {
		set.Clear(cpu)
	}
	return unix.SchedSetaffinity(0, &set) == nil
}

// adjustOOM sets how readily the kernel ends the process when memory is short.
// Raising it is allowed to everyone; descendants inherit it.
func adjustOOM(pid, score int) {
	os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte(strconv.Itoa(score)), 0)
}
