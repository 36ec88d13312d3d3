package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// The writer is one goroutine that owns the index and all writing. It takes
// whatever operations are queued, without waiting for more, runs them one after
// the other against the index, writes what they want written in one synced
// commit, and then answers them. While it syncs, the next group queues up.
//
// Whatever goes wrong in it ends the store: after a failed sync neither memory
// nor a later commit can be trusted (bbolt shows data that it could not sync), and
// a panic may have left an operation half done. The file is always whole; the
// next start is the repair.

const (
	maxQueued = 4096 // operations waiting; more wait in Update
	maxGroup  = 1024 // operations in one commit
)

// An op is one call of Update, or of Check.
type op struct {
	fn    func(*Tx) error
	alone func() // instead of fn: runs between groups
	err   error
	after []func()
	done  chan struct{}
}

// write is the writer goroutine.
func (s *Store) write() {
	defer close(s.ended)
	clean := false
	defer func() {
		if !clean {
			s.fail(recover())
		}
	}()
	group := make([]*op, 0, maxGroup)
	var next *op // taken from the queue, but to run by itself
	for {
		if next == nil {
			var ok bool
			if next, ok = <-s.queue; !ok {
				clean = true
				return
			}
		}
		group, next = append(group[:0], next), nil
		if group[0].alone == nil {
			group, next = s.drain(group)
		}
		s.run(group)
	}
}

// drain adds what is queued to the group, up to an operation that must run alone.
func (s *Store) drain(group []*op) ([]*op, *op) {
	for len(group) < maxGroup {
		select {
		case o, ok := <-s.queue:
			switch {
			case !ok:
				return group, nil
			case o.alone != nil:
				return group, o
			}
			group = append(group, o)
		default:
			return group, nil
		}
	}
	return group, nil
}

// run runs a group, commits what it wrote, and answers it. Operations that
// only read are answered at the same time: they may have read what the
// others wrote.
func (s *Store) run(group []*op) {
	s.work.operations.Add(uint64(len(group)))
	s.now = time.UnixMilli(s.clock().UnixMilli()).UTC()
	for _, o := range group {
		if o.alone != nil {
			o.alone()
			continue
		}
		s.apply(o)
	}
	if err := s.commit(); err != nil {
		panic(err)
	}
	for _, o := range group {
		for _, f := range o.after {
			f()
		}
		o.after = nil
		o.done <- struct{}{}
	}
	s.x.evict()
}

// apply runs one operation against the index.
func (s *Store) apply(o *op) {
	tx := &Tx{x: s.x, now: s.now, open: true}
	s.x.sched.OnWork(tx.noteWork)
	before := s.x.changes()
	o.err = o.fn(tx)
	tx.open = false
	if o.err != nil && s.x.changes() != before {
		panic(fmt.Errorf("an operation failed after it had begun to write: %w", o.err))
	}
	if o.err == nil {
		o.after = tx.after
	}
}

// commit writes and syncs what the group wants written, if anything. Readers
// that begin meanwhile wait: bbolt would show them data that a power cut could
// still take back.
func (s *Store) commit() error {
	x := s.x
	if !x.flush() {
		return x.endRead()
	}
	began := time.Now()
	tx := x.read()
	if err := x.writes.apply(tx); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	x.tx = nil
	s.gate.Lock()
	defer s.gate.Unlock()
	if err := tx.Commit(); err != nil {
		s.dead.Store(true) // before any reader can begin
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	s.work.commits.Observe(time.Since(began))
	return nil
}

// read returns the group's transaction, and begins it if there is none.
func (x *index) read() *bolt.Tx {
	if x.tx == nil {
		tx, err := x.db.Begin(true)
		if err != nil {
			panic(fmt.Errorf("%w: %w", errWrite, err))
		}
		x.tx = tx
	}
	return x.tx
}

// endRead ends the transaction of a group that wrote nothing.
func (x *index) endRead() error {
	if x.tx == nil {
		return nil
	}
	tx := x.tx
	x.tx = nil
	return tx.Rollback()
}

// fail ends the store for good. cause is what the writer panicked with, nil if
// an operation ended the goroutine.
func (s *Store) fail(cause any) {
	err, ok := cause.(error)
	var d *damage
	switch {
	case cause == nil:
		err = fmt.Errorf("%w: an operation ended the writer's goroutine", ErrFault)
	case !ok:
		err = fmt.Errorf("%w: %v\n%s", ErrFault, cause, debug.Stack())
	case !errors.As(err, &d) && !errors.Is(err, errWrite):
		err = fmt.Errorf("%w: %w\n%s", ErrFault, err, debug.Stack())
	}
	s.dead.Store(true)
	close(s.died)
	if s.x.tx != nil {
		func() {
			defer func() { recover() }() // bbolt may be what failed
			s.x.endRead()
		}()
	}
	s.fatal(err)
	panic(err) // Fatal must not return
}

// Update runs fn in the writer goroutine and returns when what it wrote is on
// the disk. If fn returns an error nothing was changed and Update returns that
// error: fn checks first, then writes; an error after a write, and a panic, end
// the manager through Options.Fatal. If fn wrote nothing, Update returns after
// the commits that what it read depends on. fn must be quick, must not call
// Update or View, and must keep nothing it was given.
//
// The error is farm.NotDurable if the store failed meanwhile; whether fn's
// changes are on the disk is unknown then.
func (s *Store) Update(fn func(*Tx) error) error {
	return s.explain(s.send(op{fn: fn}))
}

func (s *Store) send(what op) error {
	o := s.pool.Get().(*op)
	o.fn, o.alone, o.err = what.fn, what.alone, nil
	s.closing.RLock()
	if s.closed {
		s.closing.RUnlock()
		return errClosed
	}
	select {
	case s.queue <- o:
		s.closing.RUnlock()
	case <-s.died:
		s.closing.RUnlock()
		return errDead
	}
	select {
	case <-o.done:
		err := o.err
		s.pool.Put(o)
		return err
	case <-s.died:
		return errDead
	}
}

// ErrFault is what Options.Fatal is given if the program is to blame, and not
// the disk or the file: an operation panicked, or failed after it had begun to write.
var ErrFault = errors.New("a fault in the program")

var (
	errWrite  = errors.New("the database cannot be written")
	errClosed = farm.Errorf(farm.NotDurable, "the database is closed: the manager is ending")
	errDead   = farm.Errorf(farm.NotDurable, "the database cannot be written any more, and the manager ends: its log says why. Free disk space or replace the disk if that is it, then start it again")
)
