// Package events keeps the last events of the farm in order and lets readers
// follow without slowing anyone.
//
// There is one timeline. A reader holds a number, not a queue: it asks for what
// came after that number, and waits when there is nothing yet. The log keeps a
// bounded number of events; a reader that fell further behind is told so
// (ErrBehind), reads the present state, and follows from Last. Publishing never
// waits for readers.
//
// Events are published after the change they tell of is on the disk, in the
// order of the changes. Their numbers grow over restarts of the manager too, so
// a number from before a restart is recognised as too old rather than taken for
// another event.
package events

import (
	"context"
	"errors"
	"sort"
	"sync"
	"time"

	"renderfarm/farm"
)

// Event is one change of the farm.
type Event struct {
	// Number orders the events. An event that changes nothing in the store (a
	// task wrote to its log) has the number of the event before it.
	Number uint64
	Time   time.Time
	Data   any // one of the types below
}

// JobChanged tells that a job was submitted or changed.
type JobChanged struct {
	Job          farm.Job
	Status       farm.JobStatus
	Previous     farm.JobStatus // equal to Status unless the status changed
	Submitted    bool           // the job is new
	RefreshTasks bool           // many of its tasks changed without events of their own
}

// JobDeleted tells that a job is gone.
type JobDeleted struct{ Job farm.JobID }

// TaskChanged tells that a task changed.
type TaskChanged struct {
	Job        farm.JobID
	Task       farm.TaskID
	Index      int
	State      farm.TaskState
	StepsTotal int
	Status     farm.TaskStatus // as shown to people, see farm.ShownStatus
	Previous   farm.TaskStatus
	WorkerName string
}

// TaskLogged tells that a task's log grew.
type TaskLogged struct {
	Task farm.TaskID
	Text string // what was appended, at most MaxLogText bytes of it
}

// MaxLogText bounds the text an event carries, in bytes. Longer additions are
// read from the log file.
const MaxLogText = 16 << 10

// WorkerChanged tells that a worker signed on or off, or changed in another way.
type WorkerChanged struct {
	Worker   farm.Worker
	Previous farm.WorkerStatus
}

// TagChanged tells that a tag was made or changed.
type TagChanged struct {
	Tag     farm.Tag
	Deleted bool
}

// PreviewMade tells that a job has a new last-rendered image.
type PreviewMade struct{ Job farm.JobID }

// FarmChanged tells that the farm's status changed.
type FarmChanged struct{ Status farm.FarmStatus }

// ErrBehind tells a reader that events it has not read are no longer kept.
var ErrBehind = errors.New("events: the reader fell behind")

// DefaultSize is the number of events a log keeps unless told otherwise.
const DefaultSize = 8192

// Log keeps the last events. Its methods may be called from any goroutine.
type Log struct {
	mu   sync.Mutex    // guards everything below; held for copying only
	ring []Event       // event at position p is ring[p % len(ring)]
	next int           // position of the next event, from 0
	last uint64        // number of the newest event, or the start number
	wait chan struct{} // closed at the next Publish; nil while nobody waits
}

// NewLog returns a log that keeps size events (0: DefaultSize) and continues
// after the number last.
func NewLog(size int, last uint64) *Log {
	if size <= 0 {
		size = DefaultSize
	}
	return &Log{ring: make([]Event, size), last: last}
}

// Publish appends events. An event whose Number is 0 gets the number of the
// newest before it; other numbers must grow.
func (l *Log) Publish(events ...Event) {
	if len(events) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if e.Number == 0 {
			e.Number = l.last
		}
		l.last = e.Number
		l.ring[l.next%len(l.ring)] = e
		l.next++
	}
	if l.wait != nil {
		close(l.wait)
		l.wait = nil
	}
}

// Last returns the number of the newest event.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Reader follows a log. It is for one goroutine.
type Reader struct {
	log *Log
	at  int // position of the next event to read
}

// Follow returns a reader of the events from now on.
func (l *Log) Follow() *Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Reader{log: l, at: l.next}
}

// FollowAfter returns a reader of the events after a number that an earlier
// reader had reached, or ErrBehind if some of them are no longer kept.
func (l *Log) FollowAfter(number uint64) (*Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number == l.last {
		return &Reader{log: l, at: l.next}, nil
	}
	oldest := max(0, l.next-len(l.ring))
	if number > l.last || oldest == l.next || number < l.ring[oldest%len(l.ring)].Number {
		return nil, ErrBehind
	}
	kept := l.next - oldest
	i := sort.Search(kept, func(i int) bool { return l.ring[(oldest+i)%len(l.ring)].Number > number })
	return &Reader{log: l, at: oldest + i}, nil
}

// Next returns the events since the last call, waiting for one if there are
// none. It fails with ErrBehind, or with the context's cause.
func (r *Reader) Next(ctx context.Context) ([]Event, error) {
	for {
		events, wait, err := r.log.since(r.at)
		if err != nil {
			return nil, err
		}
		if len(events) > 0 {
			r.at += len(events)
			return events, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// since copies the events from a position, or returns a channel that is closed
// when there are some.
func (l *Log) since(at int) ([]Event, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next-at > len(l.ring) {
		return nil, nil, ErrBehind
	}
	if at == l.next {
		if l.wait == nil {
			l.wait = make(chan struct{})
		}
		return nil, l.wait, nil
	}
	events := make([]Event, 0, l.next-at)
	for p := at; p < l.next; p++ {
		events = append(events, l.ring[p%len(l.ring)])
	}
	return events, nil, nil
}
