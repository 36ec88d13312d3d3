package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// skipUnless skips a part of the program with a row in the table that says why.
func skipUnless(t *testing.T, name, why string) {
	t.Helper()
	if why != "" {
		table.add(row{fault: name, note: "not done: " + why})
		t.Skip(why)
	}
}

// missing says what a part needs and this computer does not have; "" for nothing.
func missing(programs ...string) string {
	if os.Geteuid() != 0 {
		return "it needs root"
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			return "there is no " + name
		}
	}
	return ""
}

// command runs a program, and fails the test if that fails.
func command(t *testing.T, line ...string) string {
	t.Helper()
	out, err := exec.Command(line[0], line[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(line, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// A disk is a file system of its own, in a file.
type disk struct {
	t      *testing.T
	device string // of the loop
	dir    string // where it is mounted
}

// newDisk makes and mounts a file system, which is taken down with the test.
func newDisk(t *testing.T, kind string) *disk {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 30 // sparse
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	command(t, "mkfs."+kind, "-q", image)
	d := &disk{t: t, device: command(t, "losetup", "-f", "--show", image), dir: t.TempDir()}
	t.Cleanup(func() { command(t, "losetup", "-d", d.device) })
	d.mount()
	t.Cleanup(func() { exec.Command("umount", d.dir).Run() })
	return d
}

func (d *disk) mount() {
	d.t.Helper()
	command(d.t, "mount", d.device, d.dir)
}

// unmount waits until nobody uses the file system any more.
func (d *disk) unmount() error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); wait(20 * time.Millisecond) {
		if err = syscall.Unmount(d.dir, 0); err == nil {
			return nil
		}
	}
	return fmt.Errorf("unmount %s: %w", d.dir, err)
}

// shutDown stops the file system as a power cut does: what is not on the disk at this
// moment, in the journal or in its place, is lost (FS_IOC_SHUTDOWN of ext4 and xfs, with
// the flag NOLOGFLUSH; linux/fs/ext4/ext4.h, linux/fs/xfs/libxfs/xfs_fs.h).
func (d *disk) shutDown() error {
	const request, withoutFlush = 0x8004587d, 2
	dir, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	flags := uint32(withoutFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), request, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return fmt.Errorf("shut the file system down: %w", errno)
	}
	return nil
}

// cutPower cuts the power of the disk with the manager's home folder.
func cutPower(t *testing.T, kind string) {
	n := times(t, 8)
	name := "power cut, manager's home on " + kind
	skipUnless(t, name, missing("mkfs."+kind, "losetup", "mount"))
	d := newDisk(t, kind)
	m := newManager(t, d.dir)
	syscall.Sync() // what was just written is no change that anybody was told of
	p := newPart(t, name, m, usual)
	p.l.powerCut.Store(true)
	p.l.mayRefuse.Store(true) // between the cut and its own end the manager has no disk
	old := 0
	p.repeat(n, func() error {
		if p.runs == n { // the last time, there are lines that must not be lost any more
			wait(oldLines + 15*time.Second)
		}
		p.m.up.close()
		if err := d.shutDown(); err != nil {
			return err
		}
		old = p.l.h.cutLogs()
		p.m.kill()
		if err := d.unmount(); err != nil {
			return err
		}
		d.mount()
		return p.m.restart()
	})
	p.note = fmt.Sprintf("%d lines of logs were older than %s", old, oldLines)
	p.finish()
}

// slowDisk has a disk that does few writes a second, as an old one does, and kills the
// manager while it waits for it.
func slowDisk(t *testing.T) {
	n := times(t, 4)
	const name = "manager killed, on a disk of 60 writes/s"
	const throttle = "/sys/fs/cgroup/blkio"
	why := missing("mkfs.ext4", "losetup", "mount")
	if _, err := os.Stat(filepath.Join(throttle, "blkio.throttle.write_iops_device")); err != nil && why == "" {
		why = "there is no control group that slows disks down"
	}
	skipUnless(t, name, why)
	d := newDisk(t, "ext4")
	number := strings.TrimSpace(command(t, "lsblk", "-nro", "MAJ:MIN", d.device))
	group := filepath.Join(throttle, fmt.Sprintf("farm-crash-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(group) })
	m := newManager(t, d.dir)
	if err := os.WriteFile(filepath.Join(group, "blkio.throttle.write_iops_device"), []byte(number+" 60"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.prefix = []string{"sh", "-c", `echo $$ > "$0"; exec "$@"`, filepath.Join(group, "cgroup.procs")}
	p := newPart(t, name, m, usual)
	p.repeat(n, func() error {
		wait(2 * time.Second)
		p.m.kill()
		return p.m.restart()
	})
	p.finish()
}
