// Package outbox is a durable queue of reports, first in, first out, in one
// folder of plain files. It guarantees that a report for which Put returned nil
// is seen by Peek until Done, also after the program was killed or the power
// failed at any moment. A report may be seen again after a crash, never lost:
// receivers must take repeats.
//
//	outbox/
//	  0000000001.reports   records, oldest first; see segment.go
//	  0000000002.reports   written to; the next begins when this one is long
//	  position             how far the oldest file was read; see position.go
package outbox

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"renderfarm/farm"
)

const (
	// MaxReport bounds one report, in bytes.
	MaxReport = 1 << 20
	// maxSize bounds the reports that wait, in bytes: days of output of a busy
	// worker whose manager is away.
	maxSize = 256 << 20
	// maxHeld bounds the reports that are held in memory, in bytes.
	maxHeld = 64 << 10
	// segmentSize is when a new file is begun, in bytes. Files are removed
	// whole, so it is also how much of what was delivered may still be stored.
	segmentSize = 4 << 20
)

// Outbox is the queue. Any goroutine may put; one goroutine at a time reads.
type Outbox struct {
	dir   string
	log   *slog.Logger
	ready chan struct{} // has room for one; see Ready
	most  int64         // maxSize, or less in tests
	each  int64         // segmentSize, or less in tests

	// mu guards everything below, and the files. It is never held while
	// anything but the disk is waited for.
	mu       sync.Mutex
	segments []*segment // oldest first; the last is written to; never empty
	pos      position   // of the oldest record in segments[0]
	posFile  *os.File
	waiting  int   // records from pos to the end
	size     int64 // their bytes
	broken   error // why nothing can be put any more, until the next Open
	full     bool  // the disk had no room at the last try
	held     [][]byte
}

// Open opens the queue in dir, and makes it if there is none. What a crash left
// unfinished at the end of a file is cut off, with a log line. The folder is
// for one process at a time; keeping others out is the caller's affair.
func Open(dir string, log *slog.Logger) (*Outbox, error) {
	return open(dir, log, maxSize, segmentSize)
}

func open(dir string, log *slog.Logger, most, each int64) (_ *Outbox, err error) {
	o := &Outbox{dir: dir, log: log, ready: make(chan struct{}, 1), most: most, each: each}
	defer func() {
		if err != nil {
			o.Close()
			err = fmt.Errorf("open outbox %s: %w", dir, err)
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	numbers, err := segmentNumbers(dir)
	if err != nil {
		return nil, err
	}
	if o.pos, o.posFile, err = openPosition(filepath.Join(dir, "position")); err != nil {
		return nil, err
	}
	for _, number := range numbers {
		if err := o.load(number); err != nil {
			return nil, err
		}
	}
	if len(o.segments) == 0 {
		// Never a number that was used: an old position must not apply to it.
		if err := o.grow(o.pos.segment + 1); err != nil {
			return nil, err
		}
	}
	o.settle()
	o.signal()
	return o, nil
}

// load opens one file of an earlier run, or removes it if it was all delivered.
func (o *Outbox) load(number uint64) error {
	if number < o.pos.segment {
		return os.Remove(segmentPath(o.dir, number))
	}
	from := int64(0)
	if number == o.pos.segment {
		from = o.pos.offset
	}
	s, cut, err := openSegment(o.dir, number)
	if err != nil {
		return err
	}
	o.segments = append(o.segments, s)
	if cut > 0 {
		o.log.Warn("outbox: cut off an unfinished report, as a crash leaves it", "file", s.file.Name(), "bytes", cut)
	}
	count, at := 0, int64(0)
	for _, end := range s.ends {
		if at >= from {
			count++
			o.size += end - at
		}
		at = end
	}
	s.ends = nil
	o.waiting += count
	return nil
}

// settle puts the position into the oldest file there is.
func (o *Outbox) settle() {
	first := o.segments[0]
	if o.pos.segment != first.number || o.pos.offset > first.end {
		o.pos.segment, o.pos.offset = first.number, 0
		if o.waiting == 0 {
			o.pos.offset = first.end
		}
	}
}

// grow begins a new file.
func (o *Outbox) grow(number uint64) error {
	s, err := newSegment(o.dir, number)
	if err == nil {
		o.segments = append(o.segments, s)
	}
	return err
}

// Put adds a report and returns once it is on the disk. The error is a
// farm.Error if there is no room: of kind TooLarge if the report could never be
// put, Unavailable if it can be once others were taken out. Nothing was added
// then.
func (o *Outbox) Put(report []byte) error {
	if len(report) > MaxReport {
		return farm.Errorf(farm.TooLarge, "a report of %d bytes is too large for the outbox: at most %d", len(report), MaxReport)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.storeHeld(); err != nil {
		return err
	}
	return o.put(report)
}

// put is Put while mu is held.
func (o *Outbox) put(report []byte) error {
	if o.broken != nil {
		return o.broken
	}
	if o.size+recordSize(report) > o.most {
		return farm.Errorf(farm.Unavailable, "the outbox %s is full: %d reports (%d MiB) wait for the manager. Check that the manager can be reached",
			o.dir, o.waiting, o.size>>20)
	}
	last := o.segments[len(o.segments)-1]
	if last.end >= o.each {
		if err := o.grow(last.number + 1); err != nil {
			return fmt.Errorf("put report: %w", err)
		}
		last = o.segments[len(o.segments)-1]
	}
	err := last.write(report)
	if err != nil && o.waiting == 0 && o.reuse(last) {
		err = last.write(report)
	}
	if o.full = err != nil; o.full {
		if errors.Is(err, errUncertain) {
			o.broken = fmt.Errorf("put report: %w", err)
		}
		return fmt.Errorf("put report: %w", err)
	}
	o.waiting++
	o.size += recordSize(report)
	o.signal()
	return nil
}

// reuse gives back the room of what was delivered from the last file, when nothing
// else is in it. The position is on the disk first: after a crash in between the
// reports are delivered again, and none that is put later is skipped.
func (o *Outbox) reuse(last *segment) bool {
	if last.end == 0 {
		return false
	}
	o.pos.segment, o.pos.offset = last.number, 0
	if err := errors.Join(o.pos.save(o.posFile), o.posFile.Sync()); err != nil {
		o.pos.offset = last.end
		return false
	}
	if err := errors.Join(last.file.Truncate(0), last.file.Sync()); err != nil {
		// Delivered once more, which is allowed.
		o.log.Error("outbox: the room of delivered reports cannot be given back", "file", last.file.Name(), "error", err)
		o.pos.offset = last.end
		return false
	}
	last.end = 0
	return true
}

// Hold takes a report for which Put had no room on the disk. It is seen by Peek like
// any other, and is lost if the program ends before it was delivered: better than
// never to tell how a task ended. It is stored when there is room again.
func (o *Outbox) Hold(report []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := len(report)
	for _, h := range o.held {
		size += len(h)
	}
	if size > maxHeld {
		return farm.Errorf(farm.Unavailable, "%d reports wait in memory, as the disk has no room: make room on it", len(o.held))
	}
	o.held = append(o.held, report)
	o.signal()
	return nil
}

// storeHeld stores what is held in memory, so that the order stays.
func (o *Outbox) storeHeld() error {
	for len(o.held) > 0 {
		first := o.held[0]
		if err := o.put(first); err != nil {
			return err
		}
		o.held = o.held[1:]
	}
	return nil
}

// Room says that the disk had no room for a report and has none now. It looks at
// the disk only after that has happened.
func (o *Outbox) Room() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.full {
		return nil
	}
	probe, err := os.CreateTemp(o.dir, "room-*.tmp")
	if err == nil {
		_, err = probe.Write(make([]byte, maxHeld))
		err = errors.Join(err, probe.Sync(), probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return farm.Errorf(farm.NoRoom, "the disk with the worker's home has no room, and reports cannot be stored: %w. Make room on it; until then no task is taken", err)
	}
	o.full = false
	return o.storeHeld()
}

// Peek returns the oldest report, or false if none waits. It stays there until
// Done. The bytes are the caller's.
func (o *Outbox) Peek() ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.waiting > 0 {
		o.dropRead()
		report, err := o.segments[0].read(o.pos.offset)
		if err == nil {
			return report, true
		}
		// It was whole when the file was opened: the disk lost it, or somebody
		// changed the file. What follows in this file cannot be found any more.
		o.log.Error("outbox: reports were lost, the file cannot be read", "file", o.segments[0].file.Name(), "error", err)
		o.abandon()
	}
	if len(o.held) > 0 {
		return o.held[0], true
	}
	return nil, false
}

// abandon skips the rest of the oldest file.
func (o *Outbox) abandon() {
	first := o.segments[0]
	if len(o.segments) == 1 {
		if err := o.grow(first.number + 1); err != nil {
			o.broken = fmt.Errorf("outbox: %w", err)
			o.waiting, o.size = 0, 0
			return
		}
	}
	o.pos.offset = first.end
	o.waiting, o.size = 0, 0
	for _, s := range o.segments[1:] {
		n, err := s.count()
		if err != nil {
			o.log.Error("outbox: a file cannot be read", "file", s.file.Name(), "error", err)
		}
		o.waiting += n
		o.size += s.end
		s.ends = nil
	}
	o.dropRead()
}

// Done takes out the report that Peek returned.
func (o *Outbox) Done() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.waiting > 0:
	case len(o.held) > 0: // nothing is stored, so Peek returned this one
		o.held = o.held[1:]
		return nil
	default:
		return errors.New("outbox: done with a report, but none waits")
	}
	o.dropRead()
	n, err := o.segments[0].length(o.pos.offset)
	if err != nil {
		return fmt.Errorf("outbox: done: %w", err)
	}
	o.pos.offset += n
	o.size -= n
	o.waiting--
	o.dropRead()
	// Not synced: after a power cut the report may be delivered again, which
	// is allowed, and a sync per report would halve the speed.
	if err := o.pos.save(o.posFile); err != nil {
		return fmt.Errorf("outbox: done: %w", err)
	}
	return nil
}

// dropRead removes files that were read to their end. The last one, to which
// reports are added, is emptied by taking its place with a new one.
func (o *Outbox) dropRead() {
	for o.pos.offset >= o.segments[0].end {
		first := o.segments[0]
		if len(o.segments) == 1 {
			if first.end < o.each || o.grow(first.number+1) != nil {
				return // short, or no room for another now: goes on being written to
			}
		}
		first.remove()
		o.segments = o.segments[1:]
		o.pos.segment, o.pos.offset = o.segments[0].number, 0
	}
}

// Len returns how many reports wait.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting + len(o.held)
}

// Ready returns a channel that gets a value when reports may wait. The reader
// empties the queue, then receives: a Put in between is not missed.
func (o *Outbox) Ready() <-chan struct{} { return o.ready }

func (o *Outbox) signal() {
	if o.waiting+len(o.held) == 0 {
		return
	}
	select {
	case o.ready <- struct{}{}:
	default: // a value waits there already
	}
}

// Close closes the files. What waits is there at the next Open.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, s := range o.segments {
		errs = append(errs, s.file.Close())
	}
	if o.posFile != nil {
		errs = append(errs, o.posFile.Close())
	}
	if o.broken == nil {
		o.broken = errors.New("the outbox is closed")
	}
	o.waiting, o.held = 0, nil
	return errors.Join(errs...)
}
