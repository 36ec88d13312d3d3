package jsjobs

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"renderfarm/farm"
)

// result is what a run of a script gave.
type result struct {
	outcome
	tasks    []farm.PlannedTask
	messages []string // what the script printed
	warnings []string // and warned of
	modules  []dependency
}

// maxReads bounds what a script may ask for with require.
const maxReads = 1000

// run has a child run an order. The error is farm.Invalid if it is the script's.
func (l *Library) run(ctx context.Context, o order) (*result, error) {
	o.Timeout, o.Memory = l.timeout, l.memory
	// A child that waited may have been ended by the system meanwhile.
	for attempt := range 3 {
		p, err := processes.get(ctx, attempt == 2)
		if err != nil {
			if ctx.Err() == nil {
				err = farm.Errorf(farm.Internal, "cannot start the process that runs job types: %w", err)
			}
			return nil, err
		}
		r, begun, err := l.runIn(ctx, p, o)
		if begun || ctx.Err() != nil {
			return r, err
		}
	}
	return nil, farm.Errorf(farm.Internal, "the process that runs job types ends at once: was the program replaced while it runs? Restart it")
}

// runIn is run in one child, which it gives back. begun is whether the child
// took the order.
func (l *Library) runIn(ctx context.Context, p *process, o order) (r *result, begun bool, err error) {
	leave := context.AfterFunc(ctx, p.kill)
	// The child measures what it computes. This is for one that cannot, and
	// generous: a plan may be large, and the computer have much else to do.
	guard := time.AfterFunc(max(10*time.Minute, 10*o.Timeout), p.kill)
	e := &exchange{lib: l, conn: p.conn, log: l.log.With("script", o.File), left: 2 * maxCommandBytes, tasks: newTaskReader()}
	err = e.converse(o)
	inTime, unhurried := guard.Stop(), leave()
	if e.ended && inTime && unhurried {
		processes.put(p)
		return &e.result, true, err
	}
	said := processes.drop(p)
	var failed *farm.Error
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !inTime:
		err = farm.Errorf(farm.Invalid, "%s", tookLong(o.File, o.Timeout))
	case !errors.As(err, &failed): // the connection broke
		err = farm.Errorf(farm.Invalid, "%s", whyEnded(o.File, said, o.Memory))
	}
	return &e.result, e.begun, err
}

// exchange is what is said about one order.
type exchange struct {
	lib    *Library
	conn   *conn
	log    *slog.Logger
	result result
	left   int // bytes that the plan may still have
	reads  int
	tasks  *taskReader
	begun  bool // the child took the order
	ended  bool // the child can take another one
}

// converse gives the order, and sees to what the child wants until it is done.
// An error that is no farm.Error is one of the connection.
func (e *exchange) converse(o order) error {
	if err := e.conn.sendJSON(frameOrder, o); err != nil {
		return err
	}
	for {
		kind, content, err := e.conn.receive(e.left)
		if err != nil {
			return err
		}
		e.begun = true
		switch kind {
		case frameRead:
			err = e.read(content)
		case frameLine:
			err = e.print(content)
		case frameCount:
			err = e.expect(content)
		case frameTasks:
			err = e.take(content)
		case frameDone:
			e.ended = true
			return json.Unmarshal(content, &e.result.outcome)
		case frameFailed:
			var f failure
			if err := json.Unmarshal(content, &f); err != nil {
				return err
			}
			e.ended = !f.Last
			return farm.Errorf(f.Kind, "%s", f.Message)
		}
		if err != nil {
			return err
		}
	}
}

// read answers the question which file there is.
func (e *exchange) read(content []byte) error {
	var names []string
	if err := json.Unmarshal(content, &names); err != nil {
		return err
	}
	if e.reads++; e.reads > maxReads {
		return e.conn.sendJSON(frameFile, file{Error: "the script requires modules more than 1000 times"})
	}
	for _, name := range names {
		t, err := e.lib.read(name)
		switch {
		case err == nil:
			e.result.modules = append(e.result.modules, dependency{name, t.sum})
			return e.conn.sendJSON(frameFile, file{Name: name, Text: t.body})
		case !errors.Is(err, fs.ErrNotExist):
			return e.conn.sendJSON(frameFile, file{Error: err.Error()})
		}
		e.result.modules = append(e.result.modules, dependency{name: name})
	}
	return e.conn.sendJSON(frameFile, file{})
}

// print keeps a line for the submitter, and puts it into the log.
func (e *exchange) print(content []byte) error {
	var l line
	if err := json.Unmarshal(content, &l); err != nil {
		return err
	}
	if l.Warning {
		e.log.Warn("script warns", "text", l.Text)
		e.result.warnings = append(e.result.warnings, l.Text)
	} else {
		e.log.Info("script prints", "text", l.Text)
		e.result.messages = append(e.result.messages, l.Text)
	}
	return nil
}

// expect makes room for the tasks to come.
func (e *exchange) expect(content []byte) error {
	if len(content) != 4 {
		return errFrame
	}
	e.result.tasks = make([]farm.PlannedTask, 0, min(maxTasks, binary.LittleEndian.Uint32(content)))
	return nil
}

// take takes tasks of the plan.
func (e *exchange) take(content []byte) error {
	e.left -= len(content)
	e.tasks.rest = content
	for len(e.tasks.rest) > 0 && e.tasks.err == nil {
		e.result.tasks = append(e.result.tasks, e.tasks.task())
	}
	return e.tasks.err
}

// tookLong is the error for a script that does not end.
func tookLong(script string, limit time.Duration) string {
	return script + " took longer than " + limit.String() + " and was stopped: look for a loop that does not end, or raise script_timeout"
}
