package jsjobs

import (
	"context"
	"errors"
	"log/slog"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// machine is a VM that runs one script, once. It belongs to the goroutine that
// runs it, except for stopped.
type machine struct {
	vm      *otto.Otto
	lib     *Library
	log     *slog.Logger
	main    *program
	files   map[string]*program // what may appear in an error's trace
	sums    []dependency        // modules that were read
	modules map[string]otto.Value
	stopped atomic.Pointer[error] // why the script has to end; nil while it may run

	kit      kit
	thrown   thrown
	author   author
	messages []string // what the script printed
	warnings []string // and warned of
}

// thrown is the last value that a throw statement threw.
type thrown struct {
	value otto.Value
	text  string // value as the engine writes it
	place string // "function (file:line:column)"
}

// halt is what the engine is made to panic with to end a script. It is a
// pointer because the engine would make a JavaScript value of anything else.
type halt struct{}

// stopGrace is how long a script that has to end may take to. Only a single
// engine operation over an immense array takes longer than this.
const stopGrace = 2 * time.Second

// inVM runs do with a new VM for the program, within the limits of time and
// memory, and returns its error or the reason why it was ended.
func (l *Library) inVM(ctx context.Context, p *program, do func(*machine) error) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m := &machine{vm: otto.New(), lib: l, log: l.log.With("script", p.file), main: p,
		files: map[string]*program{}, modules: map[string]otto.Value{}, author: author{left: maxCommandBytes}}
	// A script may swallow interrupts in its catch clauses, each of which
	// takes two; with a full channel none of them gets a moment without.
	m.vm.Interrupt = make(chan func(), 64)
	// The script runs in a goroutine of its own, so that a request gets its
	// answer even if the engine does not come back from an operation. The slot
	// is given back by the script, not by the request: what still runs counts.
	done := make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		err := safely(func() error { return m.run(do) })
		<-l.slots
		close(finished)
		done <- err
	}()
	err, stop := l.watch(ctx, p, done)
	if stop == nil {
		return err
	}
	m.stopped.Store(&stop)
	// Owned by the script's goroutine: ends when that does.
	go func() {
		for {
			select {
			case m.vm.Interrupt <- func() { panic(&halt{}) }:
			case <-finished:
				return
			}
		}
	}()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-done: // whatever it says: the script was told to end
	case <-grace.C:
		m.log.Warn("script does not end", "reason", stop)
	}
	return stop
}

// watch waits until the script is done, or has to be stopped.
func (l *Library) watch(ctx context.Context, p *program, done <-chan error) (err, stop error) {
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	// The heap is the whole process's, so this is rough: it is to catch a loop
	// that takes everything, not to account for it.
	before := heapSize()
	for {
		select {
		case err := <-done:
			return err, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timer.C:
			return nil, farm.Errorf(farm.Invalid, "%s took longer than %s and was stopped: look for a loop that does not end, or raise script_timeout", p.file, l.timeout)
		case <-tick.C:
			if size := heapSize(); size > before && size-before > l.memory {
				return nil, farm.Errorf(farm.Invalid, "%s took more than %d MiB of memory and was stopped: look for a loop that does not end", p.file, l.memory>>20)
			}
		}
	}
}

// heapSize returns the bytes that objects on the heap take.
func heapSize() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// run prepares the VM, runs the script's top level and then do.
func (m *machine) run(do func(*machine) error) error {
	m.limitCalls(m.main)
	if err := m.install(); err != nil {
		return err
	}
	m.files[m.main.file] = m.main
	if _, err := m.vm.Run(m.main.tree); err != nil {
		return m.explain(err)
	}
	return do(m)
}

// limitCalls bounds the depth of calls by what the deepest program needs of
// the stack per call.
func (m *machine) limitCalls(p *program) {
	deepest := p.depth
	for _, other := range m.files {
		deepest = max(deepest, other.depth)
	}
	m.vm.SetStackDepthLimit(min(maxCalls, callLevels/max(1, deepest)))
}

// check ends the script here if it has to end: host functions call it, so that
// a script that only calls them is stopped too.
func (m *machine) check() {
	if m.stopped.Load() != nil {
		panic(&halt{})
	}
}

// throw throws err as a JavaScript Error whose message is the error's.
func (m *machine) throw(err error) {
	var js *otto.Error
	if errors.As(err, &js) {
		panic(m.vm.MakeCustomError("Error", js.Error()))
	}
	panic(m.vm.MakeCustomError("Error", err.Error()))
}
