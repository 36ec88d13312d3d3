package metrics

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// system adds what Linux tells of the process; what it does not tell is left out.
func (p *Page) system() {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		p.Value("process_cpu_seconds_total", Counter, "Processor time that the process took, in seconds.",
			time.Duration(used.Utime.Nano()+used.Stime.Nano()).Seconds())
	}
	// proc_pid_statm(5): sizes in pages, the second that of what is in memory.
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			if pages, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
				p.Value("process_resident_memory_bytes", Gauge, "Memory of the process, mapped files such as the database included.", float64(pages*int64(os.Getpagesize())))
			}
		}
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.Value("process_open_fds", Gauge, "Number of open files and connections.", float64(len(open)-1)) // without the one that was read
	}
	var most syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most) == nil {
		p.Value("process_max_fds", Gauge, "Number of files and connections that the process may have open.", float64(most.Cur))
	}
}
