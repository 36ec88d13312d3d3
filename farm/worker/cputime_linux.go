package worker

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// tick is the unit of /proc/PID/stat, which is the same on every Linux that Go
// runs on (USER_HZ; proc_pid_stat(5)).
const tick = time.Second / 100

// cpuTime returns the processor time of all processes of a group, with that of
// children they waited for.
func cpuTime(group int) (total time.Duration, known bool) {
	dir, err := os.Open("/proc")
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return 0, false
	}
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		if of, used, ok := readStat(stat); ok && of == group {
			total, known = total+used, true
		}
	}
	return total, known
}

// readStat reads the group and the processor time of a process. Its name is in
// parentheses and may have any characters, so fields count from the last one.
func readStat(stat []byte) (group int, used time.Duration, ok bool) {
	_, rest, found := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	fields := bytes.Fields(rest)
	const state = 3 // the number of the first field behind the name, counted from 1
	if !found || len(fields) <= 17-state {
		return 0, 0, false
	}
	group, err := strconv.Atoi(string(fields[5-state]))
	for i := 14; i <= 17; i++ { // utime, stime, cutime, cstime
		n, bad := strconv.ParseInt(string(fields[i-state]), 10, 64)
		if bad != nil {
			return 0, 0, false
		}
		used += time.Duration(n) * tick
	}
	return group, used, err == nil
}
