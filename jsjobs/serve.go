package jsjobs

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"time"

	"renderfarm/farm"
)

// RunChild runs scripts for a Library of another process, if this process was
// started for that, and reports whether it was: then the process has done its
// work. It comes first in every program that uses a Library, tests included.
func RunChild(args []string) bool {
	if len(args) < 2 || args[1] != childArgument {
		return false
	}
	if len(args) != 3 || args[2] != protocol {
		fmt.Fprintln(os.Stderr, "the program was replaced by another version while it runs; restart it")
		return true
	}
	// An interrupt at the terminal goes to everybody. The manager decides what
	// comes of it; this process ends when its input does.
	signal.Ignore(os.Interrupt)
	prepareChild()
	s := &server{conn: newConn(os.Stdin, os.Stdout), orders: make(chan order), files: make(chan file)}
	if err := s.serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return true
}

// prepareChild sets the limits that hold for all scripts.
func prepareChild() {
	debug.SetTraceback("none")
	debug.SetMaxStack(maxStack)
	runtime.GOMAXPROCS(min(2, runtime.GOMAXPROCS(0))) // the script, and the collection of its garbage
	startLimits()
}

const (
	maxStack = 512 << 20 // bytes; what callLevels allows needs less

	gcPercent = 150 // scripts make much garbage and keep little
)

// collectAt is how much garbage may accumulate, in per cent of what a script
// keeps: the less, the more that is.
func collectAt(live uint64) int {
	switch {
	case live < 24<<20:
		return gcPercent
	case live < 64<<20:
		return 50
	}
	return 30
}

// A server is the child's side of the connection.
type server struct {
	conn   *conn
	orders chan order
	files  chan file
}

// serve takes frames until there are no more. The script runs in a goroutine
// of its own and may never end; the process does, with this function.
func (s *server) serve() error {
	go s.run()
	for {
		kind, content, err := s.conn.receive(maxOrder)
		switch {
		case err == io.EOF, errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		switch kind {
		case frameOrder:
			var o order
			if err := json.Unmarshal(content, &o); err != nil {
				return err
			}
			s.orders <- o
		case frameFile:
			var f file
			if err := json.Unmarshal(content, &f); err != nil {
				return err
			}
			s.files <- f
		}
	}
}

// maxOrder bounds frames to the child: a script, or the settings of a job.
const maxOrder = 64 << 20

// run runs orders one after the other, each in a new VM. That is made ahead.
func (s *server) run() {
	defer func() { // this goroutine ends in no other way than by a mistake, and the library would wait for it
		fmt.Fprintln(os.Stderr, "the goroutine of the script ended by itself")
		os.Exit(1)
	}()
	for {
		m, err := newMachine(s)
		o := <-s.orders
		stop := s.guard(o, m)
		out := &outcome{}
		if err == nil {
			err = s.conn.send(frameBegun, nil)
		}
		if err == nil {
			err = safely(func() error { return m.carryOut(o, out) })
		}
		stop()
		m = nil // garbage from here on
		if err != nil {
			f := failure{Kind: farm.KindOf(err), Message: err.Error()}
			err = s.conn.sendJSON(frameFailed, f)
		} else {
			err = s.conn.sendJSON(frameDone, out)
		}
		s.must(err)
		tidy()
	}
}

// tidy gives back the memory of a large plan.
func tidy() {
	if _, used := memory(); used > 64<<20 {
		debug.FreeOSMemory()
	}
}

// guard watches over a run: what takes too much of time or memory ends the
// process, whatever the script does at that moment. stop ends the watch.
func (s *server) guard(o order, m *machine) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	limitMemory(o.Memory)
	debug.SetMemoryLimit(int64(o.Memory) * 9 / 10) // near the limit, garbage goes sooner
	before := cpuTime()
	debug.SetGCPercent(gcPercent)
	go func() {
		percent := gcPercent
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			live, used := memory()
			limit := allowed(o.Timeout, int(m.made.Load()))
			switch {
			case cpuTime()-before > limit:
				s.abandon(tookLong(o.File, limit))
			// With so much that is no garbage, the rest of the time would go into
			// collecting the little there is.
			case used > o.Memory || live > o.Memory*3/4:
				s.abandon(tookMemory(o.File, o.Memory))
			case collectAt(live) < percent: // setting it stops everything for a moment
				percent = collectAt(live)
				debug.SetGCPercent(percent)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// perTask is what a script may compute for a task it makes. It is several
// times what one costs, and a script cannot go on with it for ever: tasks are
// bounded too.
const perTask = 200 * time.Microsecond

// allowed is what a script that made so many tasks may have computed.
func allowed(limit time.Duration, tasks int) time.Duration {
	return limit + time.Duration(tasks)*perTask
}

// abandon ends the process with a reason.
func (s *server) abandon(message string) {
	_ = s.conn.sendJSON(frameFailed, failure{Kind: farm.Invalid, Message: message, Last: true})
	os.Exit(1)
}

// find asks which of the names is there, and returns that file. An empty name
// is none.
func (s *server) find(names []string) (file, error) {
	if err := s.conn.sendJSON(frameRead, names); err != nil {
		return file{}, err
	}
	f := <-s.files
	if f.Error != "" {
		return f, errors.New(f.Error)
	}
	return f, nil
}

// print passes on what the script says.
func (s *server) print(l line) { s.must(s.conn.sendJSON(frameLine, l)) }

// expect tells how many tasks there will be.
func (s *server) expect(tasks int) {
	s.must(s.conn.send(frameCount, binary.LittleEndian.AppendUint32(nil, uint32(tasks))))
}

// tasks passes on tasks of the plan.
func (s *server) tasks(batch []byte) { s.must(s.conn.send(frameTasks, batch)) }

// must ends the process if nobody listens any more.
func (s *server) must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
