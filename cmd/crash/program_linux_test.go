package crash

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestProgram is all of it, one fault after the other: they share two processors.
func TestProgram(t *testing.T) {
	times(t, 1)
	if withOwnMounts(t) {
		return
	}
	for _, part := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"kill", killManager},
		{"stop", stopManager},
		{"power", func(t *testing.T) { cutPower(t, "ext4"); cutPower(t, "xfs") }},
		{"slow", slowDisk},
		{"full", fillDisks},
		{"handles", takeHandles},
		{"network", cutNetwork},
		{"clock", turnClock},
		{"workers", killWorkers},
		{"render", fillWorkers},
		{"workers-power", func(t *testing.T) { cutWorkersPower(t, "ext4"); cutWorkersPower(t, "xfs") }},
		{"workers-handles", takeWorkersHandles},
		{"workers-network", cutWorkersNetwork},
		{"workers-off", cutWorkersOff},
	} {
		t.Run(part.name, part.run)
	}
}

// mountsEnv says that this process has a mount namespace of its own.
const mountsEnv = "FARM_CRASH_OWN_MOUNTS"

// withOwnMounts runs this test in a process with mounts of its own, if root does, and reports
// whether it did. A file system is not gone after unmounting while another program of the
// computer, such as a browser's sandbox, has taken a copy of all mounts.
func withOwnMounts(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 || os.Getenv(mountsEnv) != "" {
		return false
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), mountsEnv+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := c.Run(); err != nil {
		t.Errorf("in a process with mounts of its own: %v", err)
	}
	return true
}

// A part is one kind of fault, under load.
type part struct {
	t    *testing.T
	name string // in the table
	m    *manager
	l    *load
	runs int
	note string
}

// newPart starts the manager with a load on it, whose clients wait so long for an answer.
func newPart(t *testing.T, name string, m *manager, limit time.Duration) *part {
	t.Helper()
	return &part{t: t, name: name, m: m, l: newFarm(t, m, name, limit)}
}

// repeat produces the fault n times, at moments by chance, until one leaves no farm.
func (p *part) repeat(n int, fault func() error) {
	p.t.Helper()
	random := randomFor(p.name + " moments")
	for range n {
		p.l.answeredMore(20)
		wait(time.Duration(random.IntN(300)) * time.Millisecond)
		p.runs++
		if err := fault(); err != nil {
			tell(p.t, p.name, p.runs, p.note, []string{fmt.Sprintf("no farm after fault %d: %v", p.runs, err)}, p.l)
			p.t.FailNow()
		}
	}
}

// finish lets the farm do all its jobs, checks the histories and the database, and adds
// the row to the table.
func (p *part) finish() {
	p.t.Helper()
	findings := p.l.drain()
	p.m.kill()
	if err := p.m.checkDatabase(); err != nil {
		findings = append(findings, err.Error())
	}
	tell(p.t, p.name, p.runs, p.note, findings, p.l)
}

// tell adds a row to the table, and fails the test with each finding.
func tell(t *testing.T, name string, runs int, note string, findings []string, l *load) {
	t.Helper()
	r := row{fault: name, runs: runs, findings: len(findings), note: note}
	if l != nil {
		r.requests, r.open = l.h.requests()
	}
	table.add(r)
	for _, found := range findings {
		t.Errorf("seed %d: %s", seed, found)
	}
}

// wait lets the farm work for a time, as the moment of a fault is by chance.
func wait(d time.Duration) { <-time.NewTimer(d).C }

// killManager kills the manager with SIGKILL, and starts it again.
func killManager(t *testing.T) {
	n := times(t, 75)
	p := newPart(t, "manager killed", newManager(t, t.TempDir()), usual)
	p.repeat(n, func() error {
		p.m.kill()
		return p.m.restart()
	})
	p.finish()
}

// stopManager freezes the manager for longer than its clients wait.
func stopManager(t *testing.T) {
	n := times(t, 6)
	p := newPart(t, "manager stopped for 1 to 3 s, and continued", newManager(t, t.TempDir()), 700*time.Millisecond)
	p.repeat(n, func() error {
		if err := p.m.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		wait(time.Second + time.Duration(p.runs%3)*time.Second)
		return p.m.cmd.Process.Signal(syscall.SIGCONT)
	})
	p.finish()
}
