//go:build !windows && !darwin

package idle

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tick is the unit of /proc/PID/stat (USER_HZ; proc_pid_stat(5)).
const tick = time.Second / 100

// programs returns all that run, as /proc tells; none where there is no such folder.
func programs() (all []program) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if stat, err := os.ReadFile("/proc/" + name + "/stat"); err == nil {
			if one, ok := readStat(pid, string(stat)); ok {
				all = append(all, one)
			}
		}
	}
	return all
}

// readStat reads "PID (NAME) STATE PARENT …"; the name may have any characters.
func readStat(pid int, stat string) (program, bool) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return program{}, false
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 13 {
		return program{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return program{pid: pid, parent: parent, name: stat[open+1 : end], used: time.Duration(user+system) * tick}, err == nil
}

// ownName is what this program is called there.
var ownName = sync.OnceValue(func() string {
	stat, err := os.ReadFile("/proc/self/stat")
	if one, ok := readStat(0, string(stat)); err == nil && ok {
		return one.name
	}
	return "farm"
})

func processors() int { return runtime.NumCPU() }
