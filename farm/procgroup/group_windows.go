package procgroup

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// RunKeeper does nothing: Windows needs no keeper.
func RunKeeper([]string) {}

// EndOrphans has nothing to do: jobs end with the worker.
func EndOrphans(string) int { return 0 }

// A Group is a program that was started, with all that it started: a job object,
// which the system ends when its last handle is closed, thus also when the worker is
// killed. What the program starts before it is put into the job, in its first
// moments, is not part of it. Its methods may be called by several goroutines.
type Group struct {
	cmd  *exec.Cmd
	used string

	mu     sync.Mutex     // guards what follows
	job    windows.Handle // 0 if there is none: then only the program itself is ended
	frozen bool
	closed bool
}

// Start starts the program. Its Wait and then its Close must be called.
func Start(s Spec) (*Group, error) {
	cmd := exec.Command(s.Exe, s.Args...)
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.Stdout, cmd.Stderr = s.Output, s.Output
	if s.Stdin != nil { // a nil *os.File is not a nil io.Reader
		cmd.Stdin = s.Stdin
	}
	// A console group of its own can be sent a break without sending it to the worker.
	flags := uint32(windows.CREATE_NEW_PROCESS_GROUP)
	var used []string
	switch n := s.Limits.Nice; {
	case n >= 15:
		flags |= windows.IDLE_PRIORITY_CLASS
	case n > 0:
		flags |= windows.BELOW_NORMAL_PRIORITY_CLASS
	}
	if s.Limits.Nice > 0 {
		used = append(used, "priority class")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: flags, HideWindow: true}
	if err := cmd.Start(); err != nil {
		return nil, &startError{err}
	}
	g := &Group{cmd: cmd}
	if job, err := newJob(uint32(cmd.Process.Pid), s.Limits); err == nil {
		g.job = job
		if s.Limits.CPUs > 0 || s.Limits.Memory > 0 {
			used = append(used, "job object")
		}
	}
	g.used = strings.Join(used, ", ")
	return g, nil
}

// newJob puts a process into a job with the limits.
func newJob(pid uint32, l Limits) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE}}
	if l.Memory > 0 {
		limits.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		limits.JobMemoryLimit = uintptr(l.Memory)
	}
	if mask := affinity(l.CPUs); mask != 0 {
		limits.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_AFFINITY
		limits.BasicLimitInformation.Affinity = mask
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = assign(job, pid)
	}
	if err != nil {
		windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

// affinity is the first so many of this process's processors, 0 for all.
func affinity(most int) uintptr {
	var own, all uintptr
	ok, _, _ := procAffinity.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&own)), uintptr(unsafe.Pointer(&all)))
	if ok == 0 || most <= 0 {
		return 0
	}
	var mask uintptr
	for bit := uintptr(1); bit != 0 && most > 0; bit <<= 1 {
		if own&bit != 0 {
			mask |= bit
			most--
		}
	}
	return mask
}

var (
	procAffinity = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessAffinityMask")
	procSuspend  = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtSuspendProcess")
	procResume   = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtResumeProcess")
)

func assign(job windows.Handle, pid uint32) error {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(handle)
	return windows.AssignProcessToJobObject(job, handle)
}

// PID returns the id of the program itself.
func (g *Group) PID() int { return g.cmd.Process.Pid }

// Used says by which means the limits are kept; "" if there are none.
func (g *Group) Used() string { return g.used }

// Wait waits until the program itself has ended, and returns how. What it started may
// still run, see Close.
func (g *Group) Wait() (Exit, error) {
	g.cmd.Wait()
	if g.cmd.ProcessState == nil {
		return Exit{}, &startError{os.ErrProcessDone}
	}
	return Exit{Code: g.cmd.ProcessState.ExitCode()}, nil
}

// Interrupt asks the group to end, if it has a console; a frozen one is killed.
func (g *Group) Interrupt() {
	g.mu.Lock()
	frozen := g.frozen
	g.mu.Unlock()
	if frozen {
		g.Kill()
		return
	}
	windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(g.PID()))
}

// Kill ends the group.
func (g *Group) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
	case g.job != 0:
		windows.TerminateJobObject(g.job, 1)
	default:
		g.cmd.Process.Kill()
	}
}

// Freeze stops the group where it stands: it uses no processor until Thaw.
func (g *Group) Freeze() { g.suspend(true) }

// Thaw lets a frozen group go on.
func (g *Group) Thaw() { g.suspend(false) }

func (g *Group) suspend(frozen bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.frozen == frozen {
		return
	}
	g.frozen = frozen
	call := procResume
	if frozen {
		call = procSuspend
	}
	for _, pid := range g.processes() {
		if handle, err := windows.OpenProcess(windows.PROCESS_SUSPEND_RESUME, false, pid); err == nil {
			call.Call(uintptr(handle))
			windows.CloseHandle(handle)
		}
	}
}

// processes returns those of the job, of the first 1,024. g.mu is held.
func (g *Group) processes() []uint32 {
	if g.job == 0 {
		return []uint32{uint32(g.PID())}
	}
	var list struct {
		assigned, listed uint32
		ids              [1024]uintptr
	}
	err := windows.QueryInformationJobObject(g.job, windows.JobObjectBasicProcessIdList,
		uintptr(unsafe.Pointer(&list)), uint32(unsafe.Sizeof(list)), nil)
	if err != nil && err != windows.ERROR_MORE_DATA {
		return []uint32{uint32(g.PID())}
	}
	var pids []uint32
	for _, id := range list.ids[:min(int(list.listed), len(list.ids))] {
		pids = append(pids, uint32(id))
	}
	return pids
}

// basicAccounting is JobObjectBasicAccountingInformation of winnt.h.
const basicAccounting = 1

// Spent returns the processor time of all that the group has run; false if it is not
// known.
func (g *Group) Spent() (total time.Duration, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job == 0 || g.closed {
		return 0, false
	}
	var used struct {
		user, kernel, periodUser, periodKernel int64 // in 100 ns
		faults, all, active, terminated        uint32
	}
	err := windows.QueryInformationJobObject(g.job, basicAccounting, uintptr(unsafe.Pointer(&used)), uint32(unsafe.Sizeof(used)), nil)
	return time.Duration(used.user+used.kernel) * 100, err == nil
}

// Close kills what is left of the group.
func (g *Group) Close() {
	g.Kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 && !g.closed {
		windows.CloseHandle(g.job)
	}
	g.closed = true
}
