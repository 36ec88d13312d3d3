package worker

import (
	"bytes"
	"os"
	"strconv"

	"renderfarm/farm/procgroup"
)

// useOf returns what the process has used so far, and has the system count the
// peak of its memory anew, so that a frame that is rendered by a Blender that stays
// open has its own (proc_pid_clear_refs(5)). Programs that the process runs count
// once they have ended: looking for them would cost more than a quick frame does.
func useOf(pid int) (u processUse) {
	dir := "/proc/" + strconv.Itoa(pid)
	u.cpu = procgroup.CPUTime(pid)
	if status, err := os.ReadFile(dir + "/status"); err == nil {
		u.peak = readPeak(status)
	}
	const resetPeak = "5"
	os.WriteFile(dir+"/clear_refs", []byte(resetPeak), 0) // without it the peak is that of the frames before, too
	return u
}

// readPeak reads the line "VmHWM:   1234 kB".
func readPeak(status []byte) int64 {
	_, rest, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	fields := bytes.Fields(rest[:max(0, bytes.IndexByte(rest, '\n'))])
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return n
}
