package idle

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	lastInput = windows.NewLazySystemDLL("user32.dll").NewProc("GetLastInputInfo")
	tickCount = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetTickCount")
)

// open asks Windows, of the session that this program runs in.
func open(context.Context) (source, error) {
	return &polled{who: "Windows", ask: func(context.Context) (time.Duration, error) {
		info := struct{ size, at uint32 }{size: 8}
		if ok, _, err := lastInput.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
			return 0, err
		}
		now, _, _ := tickCount.Call()
		return time.Duration(uint32(now)-info.at) * time.Millisecond, nil // also when it begins anew, after 49 days
	}}, nil
}

// programs returns all that run, without their processor time.
func programs() (all []program) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		all = append(all, program{pid: int(entry.ProcessID), parent: int(entry.ParentProcessID), name: windows.UTF16ToString(entry.ExeFile[:])})
	}
	return all
}

func ownName() string {
	exe, _ := os.Executable()
	return filepath.Base(exe)
}

func processors() int { return runtime.NumCPU() }
