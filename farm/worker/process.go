package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/procgroup"
)

const (
	// killGrace is how long a program that was told to end may take before it
	// is killed.
	killGrace = 5 * time.Second
	// outputGrace is how long a program's output is still read once it ended.
	// A process it left behind may hold the pipe open for ever.
	outputGrace = 5 * time.Second
	// closeGrace bounds the wait for the reader of a pipe that was closed.
	closeGrace = time.Second
)

// A process is a program to be run with all it starts as one group. The group
// does not outlive run, nor the worker.
type process struct {
	exe   string
	args  []string
	line  func(pid int, text string) // called for each line of its output, one at a time
	stdin *os.File                   // its standard input; nil for none
	owner string                     // who ends what is left of it after a crash, see procgroup.EndOrphans
	limit procgroup.Limits
	used  func(limits string) // is told by which means limits hold, if there are any; may be nil
	gate  *gate               // freezes it; nil: nobody does
	life  *stall              // ends it when it does nothing any more; nil: never
	temp  string              // where its temporary folder is made; "": it uses the system's
	env   []string            // added to the worker's environment
	crash func(report string) // is given the report that it left when it crashed; may be nil

	killAfter, drainFor time.Duration // killGrace and outputGrace unless set, for tests
}

// run starts the program and waits for its end. It returns nil if it exits
// with 0; the cause if ctx was canceled, or a stalledError, both of which end
// the group: it is told to end, and killed if it does not. No line is passed on once run has returned.
func (p process) run(ctx context.Context) error {
	if p.killAfter == 0 {
		p.killAfter, p.drainFor = killGrace, outputGrace
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("run %s: %w", p.exe, err)
	}
	place := newWorkplace(p.temp)
	defer place.remove() // when nobody of the group is left
	// One pipe for both outputs, so that the order of lines is kept.
	group, err := procgroup.Start(procgroup.Spec{Exe: p.exe, Args: p.args, Env: append(place.environment(), p.env...), Owner: p.owner,
		Stdin: p.stdin, Output: in, Limits: p.limit})
	in.Close() // the child has its own; without this the output would not end
	if err != nil {
		out.Close()
		return cannotStart(p.exe, err)
	}
	defer group.Close()
	defer p.gate.add(group)()
	if p.used != nil && group.Used() != "" {
		p.used(group.Used())
	}

	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var helpers sync.WaitGroup
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	pid := group.PID()
	pipe := io.ReadCloser(out)
	if p.life != nil {
		pipe = p.life.reader(out)
		helpers.Go(func() {
			if err := p.life.watch(watching, p.gate.now, group.Spent); err != nil {
				end(err)
			}
		})
	}
	read := p.read(pipe, pid, place)
	exited := make(chan struct{})
	helpers.Go(func() { p.stopOn(ctx, group, exited) })
	exit, err := group.Wait()
	unwatch()
	close(exited)
	helpers.Wait()
	p.drain(ctx, group, read)
	if (err != nil || exit != procgroup.Exit{}) && p.crash != nil {
		if report := place.crashReport(); report != "" {
			p.crash(report)
		}
	}
	return exitError(ctx, exit, err)
}

// stopOn ends the group when ctx is canceled.
func (p process) stopOn(ctx context.Context, group *procgroup.Group, exited <-chan struct{}) {
	select {
	case <-exited:
		return
	case <-ctx.Done():
	}
	group.Interrupt()
	timer := time.NewTimer(p.killAfter)
	defer timer.Stop()
	select {
	case <-exited:
	case <-timer.C:
		group.Kill()
	}
}

// An output is a pipe that is being read.
type output struct {
	pipe io.Closer
	over chan struct{} // closed at its end

	mu    sync.Mutex // guards muted; held while a line is passed on
	muted bool
}

// read passes the output on, line by line.
func (p process) read(pipe io.ReadCloser, pid int, place *workplace) *output {
	o := &output{pipe: pipe, over: make(chan struct{})}
	go func() {
		defer close(o.over)
		eachLine(pipe, func(text string) {
			o.mu.Lock()
			defer o.mu.Unlock()
			if !o.muted {
				place.see(text)
				p.line(pid, text)
			}
		})
	}()
	return o
}

// drain reads what is left of the output of a program that has ended, and ends
// whatever it left behind.
func (p process) drain(ctx context.Context, group *procgroup.Group, o *output) {
	grace := time.NewTimer(p.drainFor)
	defer grace.Stop()
	select {
	case <-o.over:
	case <-grace.C:
	case <-ctx.Done():
	}
	group.Kill()
	last := time.NewTimer(closeGrace)
	defer last.Stop()
	select {
	case <-o.over:
	case <-last.C: // somebody else holds it
	}
	go o.pipe.Close() // on Windows this can wait for the reader
	last.Reset(closeGrace)
	select {
	case <-o.over:
	case <-last.C:
	}
	o.mu.Lock()
	o.muted = true
	o.mu.Unlock()
}

// exitError says how a program ended, nil for success.
func exitError(ctx context.Context, exit procgroup.Exit, err error) error {
	var stalled *stalledError
	switch {
	case errors.As(context.Cause(ctx), &stalled):
		return stalled // whatever status it ended with when it was told to
	case err == nil && exit == procgroup.Exit{}:
		return nil // also if it was canceled meanwhile: what it did is done
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("wait for the program: %w", err)
	}
	return &exitCode{exit.Code, exit.How} // "signal: killed", as the kernel does when memory is short
}

// exitCode is the error of a program that ended with a status other than 0.
type exitCode struct {
	code int    // -1 when it was killed
	how  string // then by what
}

// Error uses the words that the compatible system has.
func (e *exitCode) Error() string {
	text := fmt.Sprintf("command exited abnormally with code %d", e.code)
	if e.how != "" {
		text += " (" + e.how + ")"
	}
	return text
}

// cannotStart says why a program does not start, and what to do.
func cannotStart(exe string, err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return farm.Errorf(farm.NotFound, "cannot run %q: this worker has no such program. Install it, or correct the path: %w", exe, err)
	case errors.Is(err, fs.ErrPermission):
		return farm.Errorf(farm.Forbidden, "cannot run %q: this worker may not execute it. Check the file's permissions: %w", exe, err)
	}
	return farm.Errorf(farm.Invalid, "cannot run %q: %w", exe, err)
}

// start runs a program for a command: its output goes to the task's log, and
// to watch line by line if that is not nil.
func (r *run) start(ctx context.Context, exe string, args []string, watch func(line string)) error {
	logRun(r, "", exe, args)
	return r.startWatched(ctx, exe, args, newStall(r.worker.options.StalledAfter), func(_ int, text string) {
		if watch != nil {
			watch(text)
		}
	})
}

// logRun says in the task's log what is run, and how if that is to be said.
func logRun(r *run, how, exe string, args []string) {
	r.Log("going to run%s:\n\n    %s\n\n", after(", ", how), farm.QuoteShell(append([]string{exe}, args...)))
}

// startWatched is start with what notices that the program does nothing, and
// without a line in the log that says what is run.
func (r *run) startWatched(ctx context.Context, exe string, args []string, life *stall, watch func(pid int, line string)) error {
	p := r.worker.process(exe, args)
	p.life, p.crash = life, r.logReport
	p.used = func(limits string) { r.Log("limits: %s", limits) }
	p.line = func(pid int, text string) {
		r.Log("pid=%d > %s", pid, text)
		watch(pid, text)
	}
	return p.run(ctx)
}

// process returns a program to be run as all of this worker's tasks are.
func (w *Worker) process(exe string, args []string) process {
	return process{exe: exe, args: args, owner: w.options.Dir, limit: w.options.Limits, gate: &w.gate, temp: w.temp, env: w.options.GPU.Pin()}
}

// logReport writes a crash report into the task's log.
func (r *run) logReport(report string) { r.Log("%s", report) }
