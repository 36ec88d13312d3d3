package jsjobs

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// job is the job object of this process, which holds the limit of its memory.
var job windows.Handle

// startLimits puts the process into a job.
func startLimits() {
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return
	}
	if err := windows.AssignProcessToJobObject(h, windows.CurrentProcess()); err != nil {
		windows.CloseHandle(h)
		return
	}
	job = h
}

// limitMemory has the system refuse what lies far beyond a script's limit.
func limitMemory(most uint64) {
	if job == 0 {
		return
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: uintptr(most + headroom)}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY
	_, _ = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
}

// cpuTime returns what the process has computed so far.
func cpuTime() time.Duration {
	var created, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &ended, &kernel, &user); err != nil {
		return 0
	}
	ticks := func(t windows.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) } // of 100 ns
	return time.Duration(100 * (ticks(kernel) + ticks(user)))
}

// childAttributes keeps breaks of the console from the child.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
