package worker

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// asGroup gives the child a console group of its own, which can be sent a
// break without sending it to the worker.
func asGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

// A processGroup is a child process with all its descendants: a job object,
// which the system ends when its last handle is closed, thus also when the
// worker is killed. What the child starts before it is put into the job, in its
// first moments, is not part of it.
type processGroup struct {
	id  uint32
	job windows.Handle // 0 if there is none: then only the child itself is ended
	own *os.Process
}

// groupOf puts the child into a job.
func groupOf(child *os.Process) processGroup {
	g := processGroup{id: uint32(child.Pid), own: child}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return g
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE}}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = assign(job, g.id)
	}
	if err != nil {
		windows.CloseHandle(job)
		return g
	}
	g.job = job
	return g
}

func assign(job windows.Handle, pid uint32) error {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(handle)
	return windows.AssignProcessToJobObject(job, handle)
}

// interrupt asks the group to end, if it has a console.
func (g processGroup) interrupt() { windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, g.id) }

// kill ends the group.
func (g processGroup) kill() {
	if g.job != 0 {
		windows.TerminateJobObject(g.job, 1)
		return
	}
	g.own.Kill()
}

func (g processGroup) close() {
	if g.job != 0 {
		windows.CloseHandle(g.job)
	}
}

// adjustOOM does nothing: only Linux lets one choose.
func adjustOOM(int, int) error { return nil }
