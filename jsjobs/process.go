package jsjobs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// Scripts run in processes of their own: an endless loop or a list that takes
// all memory cannot be stopped inside of one, and ends only the child here.

// childArgument is the first argument of a process that runs scripts.
const childArgument = "run-job-types"

// A process is a child that runs scripts, one after the other. It belongs to
// one caller at a time, but for kill.
type process struct {
	cmd    *exec.Cmd
	conn   *conn
	in     *os.File // what the child reads; its end is the child's
	out    *os.File
	errs   *os.File // what it writes when it crashes
	ending sync.Once
}

// startProcess starts a child. It is this program again, so what runs is a
// copy of the file that this process was started from.
func startProcess() (*process, error) {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		// Each would start the next one, without an end.
		return nil, errors.New("this process was started to run scripts: its program has to call jsjobs.RunChild first of all")
	}
	program := "/proc/self/exe" // right even if the file was replaced meanwhile
	if runtime.GOOS != "linux" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	p := &process{cmd: exec.Command(program)}
	// A test's program takes several names.
	p.cmd.Args = []string{os.Args[0], childArgument, protocol}
	p.cmd.Env = childEnvironment()
	p.cmd.SysProcAttr = childAttributes()
	var theirs []*os.File
	pipe := func() (r, w *os.File, err error) {
		if r, w, err = os.Pipe(); err == nil {
			theirs = append(theirs, r, w)
		}
		return r, w, err
	}
	closeAll := func(keep ...*os.File) {
		for _, f := range theirs {
			if f != p.in && f != p.out && f != p.errs {
				f.Close()
			}
		}
	}
	// Pipes as files, so that nobody copies between them.
	stdin, in, err1 := pipe()
	out, stdout, err2 := pipe()
	errs, stderr, err3 := pipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		closeAll()
		return nil, err
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdout, stderr
	if err := p.cmd.Start(); err != nil {
		closeAll()
		return nil, err
	}
	p.in, p.out, p.errs = in, out, errs
	closeAll()
	p.conn = newConn(out, in)
	return p, nil
}

// childEnvironment is all that a child knows of the environment: the time
// zone, and what Windows needs.
func childEnvironment() []string {
	env := []string{"GOTRACEBACK=none"}
	for _, name := range []string{"TZ", "ZONEINFO", "SYSTEMROOT", "GOCOVERDIR", "GORACE"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// kill ends the child at once. It may be called while another goroutine waits
// for the child, which then sees its end.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// end ends the child, takes away what is left of it, and returns what it said
// at its end.
func (p *process) end() (said string) {
	p.ending.Do(func() {
		p.in.Close() // a child that waits for work ends by this
		p.kill()
		_ = p.cmd.Wait()
		// Not read before: a goroutine that waits for it would keep tests in virtual
		// time (synctest) that start a child from ever standing still.
		text, _ := io.ReadAll(io.LimitReader(p.errs, 4<<10))
		said = strings.TrimSpace(string(text))
		p.out.Close()
		p.errs.Close()
	})
	return said
}

// whyEnded makes words of what a child said when it crashed.
func whyEnded(script, said string, memory uint64) string {
	switch {
	case strings.Contains(said, "stack exceeds"), strings.Contains(said, "stack overflow"):
		return fmt.Sprintf("%s calls functions too deep within each other and was stopped: look for a function that calls itself without end", script)
	case strings.Contains(said, "out of memory"), strings.Contains(said, "cannot allocate"),
		strings.Contains(said, "failed to allocate"), said == "":
		// The last but one is the race detector; what the system ends for want of
		// memory has no last words.
		return tookMemory(script, memory)
	}
	first, _, _ := strings.Cut(said, "\n")
	return fmt.Sprintf("%s made the JavaScript engine fail: %s", script, brief(first))
}

// tookMemory is the error for a script that is too greedy.
func tookMemory(script string, memory uint64) string {
	return fmt.Sprintf("%s took more than %d MiB of memory and was stopped: look for a loop that does not end, or make fewer and larger tasks, for example with a larger chunk_size", script, memory>>20)
}
