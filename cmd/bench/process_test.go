package bench

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// A process is the program, running.
type process struct {
	tb      testing.TB
	cmd     *exec.Cmd
	home    string
	address string // host:port
	pprof   string // address of the profiler
	log     bytes.Buffer
	ended   chan struct{}
}

// start runs the program with --home and the arguments, and returns when it is
// ready. It ends with the benchmark at the latest.
func start(tb testing.TB, home string, args ...string) *process {
	tb.Helper()
	p := launch(tb, home, freeAddress(tb), args...)
	p.awaitReady()
	return p
}

// awaitReady returns when the program says that it is ready.
func (p *process) awaitReady() {
	p.tb.Helper()
	await(p.tb, "the start of the manager", 2*time.Millisecond, func() bool {
		select {
		case <-p.ended:
			p.tb.Fatalf("the program ended at its start:\n%s", p.log.String())
		default:
		}
		_, err := os.Stat(p.readyFile())
		return err == nil
	})
}

func (p *process) readyFile() string { return filepath.Join(p.home, "ready") }

// launch runs the program without waiting for it.
func launch(tb testing.TB, home, address string, args ...string) *process {
	tb.Helper()
	return launchBuild(tb, program(tb), home, address, args...)
}

// launchBuild is launch for another build of the program.
func launchBuild(tb testing.TB, build, home, address string, args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, home: home, address: address, pprof: freeAddress(tb), ended: make(chan struct{})}
	os.Remove(p.readyFile()) // of an earlier run
	args = append(args, "--home", home, "--listen", address, "--pprof", p.pprof, "--ready-file", p.readyFile())
	p.cmd = exec.Command(build, args...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	tb.Cleanup(p.kill)
	return p
}

// freeAddress returns an address of this computer that nobody uses.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// stop ends the process as a user would.
func (p *process) stop() {
	p.tb.Helper()
	if runtime.GOOS == "windows" { // has no signals between processes
		p.kill()
		return
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.tb.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.NewTimer(patience).C:
		p.tb.Fatalf("the program does not stop:\n%s", p.log.String())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.tb.Fatalf("the program ended with status %d:\n%s", code, p.log.String())
	}
}

// kill ends the process with SIGKILL, and waits for its end. It is fine if it
// ended already.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// database returns the path of the manager's database.
func (p *process) database() string { return filepath.Join(p.home, "farm.db") }

// client returns a client for what is not measured.
func (p *process) client() *api.Client {
	p.tb.Helper()
	c, err := api.New("http://" + p.address)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

// complaints fails the benchmark if the manager logged warnings or errors:
// figures of a manager in trouble are worth nothing.
func (p *process) complaints() {
	p.tb.Helper()
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, "ERR") || strings.Contains(line, "panic") {
			p.tb.Errorf("the manager logged: %s", line)
		}
	}
}

// machine describes what the figures depend on.
func machine() string {
	return fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
