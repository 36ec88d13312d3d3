package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// fillDisks fills the disk of each kind of data that the manager writes.
func fillDisks(t *testing.T) {
	n := times(t, 3)
	for _, data := range []struct {
		name string // in the table
		dir  string // in the home folder, on a small disk; "" for all of it
		size string
	}{
		{"database, and all else", "", "400m"}, // above the room that logs leave free
		{"logs", "job-files", "200m"},
		{"file store", "storage", "24m"},
	} {
		t.Run(data.name, func(t *testing.T) {
			name := "disk full: " + data.name
			skipUnless(t, name, missing("mount"))
			dir := t.TempDir()
			where := filepath.Join(dir, "home", data.dir)
			if err := os.MkdirAll(where, 0o700); err != nil {
				t.Fatal(err)
			}
			command(t, "mount", "-t", "tmpfs", "-o", "size="+data.size, "none", where)
			t.Cleanup(func() { syscall.Unmount(where, syscall.MNT_DETACH) })
			m := newManager(t, dir)
			p := newPart(t, name, m, usual)
			p.l.mayRefuse.Store(true)
			p.repeat(n, func() error { return p.fill(where) })
			p.finish()
		})
	}
}

// fill fills the disk for a moment. A manager that gave up is started again, as a service
// manager would do it.
func (p *part) fill(dir string) error {
	if err := fillDisk(dir, 1500*time.Millisecond); err != nil {
		return err
	}
	return p.reviveIfEnded()
}

// fillDisk leaves no room on the disk of a folder for some time.
func fillDisk(dir string, d time.Duration) error {
	ballast := filepath.Join(dir, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for ; len(block) > 0; block = block[:len(block)/2] {
		for err = nil; err == nil; {
			_, err = file.Write(block)
		}
	}
	file.Close()
	wait(d)
	return os.Remove(ballast)
}

// reviveIfEnded starts the manager again if it has ended.
func (p *part) reviveIfEnded() error {
	select {
	case <-p.m.ended:
		p.note = "the manager ended, and was started again"
		p.m.kill()
		return p.m.restart()
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

// takeHandles leaves the manager no handle for another file or connection for a while.
func takeHandles(t *testing.T) {
	n := times(t, 4)
	p := newPart(t, "no more file handles", newManager(t, t.TempDir()), 2*time.Second)
	p.repeat(n, func() error {
		back, err := takeHandlesOf(p.m.cmd.Process.Pid)
		if err != nil {
			return err
		}
		wait(1500 * time.Millisecond)
		back()
		return p.reviveIfEnded()
	})
	p.finish()
}

// takeHandlesOf leaves a process no handle but those it has. back gives them back, if the
// process is still there.
func takeHandlesOf(pid int) (back func(), err error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return nil, err
	}
	was, err := limitHandles(pid, uint64(len(open)))
	return func() { limitHandles(pid, was) }, err
}

// limitHandles changes how many files a process may have open, and returns how many it
// might before (prlimit(2)).
func limitHandles(pid int, to uint64) (was uint64, err error) {
	var before syscall.Rlimit
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&before)), 0, 0); errno != 0 {
		return 0, errno
	}
	after := syscall.Rlimit{Cur: to, Max: before.Max}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&after)), 0, 0, 0); errno != 0 {
		return 0, errno
	}
	return before.Cur, nil
}
