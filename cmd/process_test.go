package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// patienceOfTests bounds every wait of a test for something that must happen, on a
// computer that has much else to do.
const patienceOfTests = 5 * time.Minute

// A process is a farm that a test runs in the background.
type process struct {
	name   string
	cmd    *exec.Cmd
	out    transcript // standard output and standard error
	exited chan struct{}
}

// startProcess starts farm with the arguments. The executable is the test's
// own, which testscript put on PATH under this name.
func startProcess(name, dir string, env []string, args ...string) (*process, error) {
	c := exec.Command("farm", args...)
	c.Dir, c.Env = dir, env
	return startCommand(name, c)
}

// startCommand starts a command that runs farm in the end.
func startCommand(name string, c *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: c, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.out.grown = make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// await waits until the process has written the text.
func (p *process) await(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	for {
		written, grown := p.out.look()
		if strings.Contains(written, text) {
			return nil
		}
		select {
		case <-grown:
		case <-p.exited:
			if written, _ = p.out.look(); strings.Contains(written, text) {
				return nil
			}
			return fmt.Errorf("%s ended without saying %q:\n%s", p.name, text, written)
		case <-ctx.Done():
			return fmt.Errorf("%s did not say %q:\n%s", p.name, text, written)
		}
	}
}

// end waits for the process to end, and returns its exit status.
func (p *process) end() (int, error) {
	timer := time.NewTimer(patienceOfTests)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-timer.C:
		written, _ := p.out.look()
		return 0, fmt.Errorf("%s does not end:\n%s", p.name, written)
	}
}

// kill ends the process the hard way, as a power cut would.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_, err := p.end()
	return err
}

// A transcript keeps what a process writes, and tells when there is more.
type transcript struct {
	mu    sync.Mutex // guards what follows
	text  bytes.Buffer
	grown chan struct{} // closed and replaced when text grows
}

var _ io.Writer = (*transcript)(nil)

// Write keeps the text.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grown)
	t.grown = make(chan struct{})
	return t.text.Write(p)
}

// look returns what was written so far, and a channel that is closed when
// there is more.
func (t *transcript) look() (string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.grown
}
