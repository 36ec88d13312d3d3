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
	"strings"
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
	Left         *farm.TimeLeft // nil: it cannot be told
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
	Text string // what was appended, at most MaxLogText bytes of it; "" when it is no longer kept
}

// Bounds on the texts that events carry, in bytes. Longer and older additions
// are read from the log file.
const (
	MaxLogText = 16 << 10 // of one event
	maxLogKept = 8 << 20  // of all that are kept
)

// WorkerChanged tells that a worker signed on or off, or changed in another way.
type WorkerChanged struct {
	Worker   farm.Worker
	Previous farm.WorkerStatus
}

// LoadsTold tells that workers told how busy their computers are. Readers ask for that:
// what was told is old soon, and not kept.
type LoadsTold struct{}

// TagChanged tells that a tag was made or changed.
type TagChanged struct {
	Tag     farm.Tag
	Deleted bool
}

// PreviewMade tells that a job has a new last-rendered image.
type PreviewMade struct{ Job farm.JobID }

// CommentsChanged tells that somebody commented on a frame of a job, or took it back.
type CommentsChanged struct{ Job farm.JobID }

// FarmChanged tells that the farm's status changed.
type FarmChanged struct{ Status farm.FarmStatus }

// ErrBehind tells a reader that events it has not read are no longer kept.
var ErrBehind = errors.New("events: the reader fell behind")

// maxBatch is how many events Next returns at most.
const maxBatch = 1024

// DefaultSize is the number of events a log keeps unless told otherwise.
const DefaultSize = 8192

// Log keeps the last events. Its methods may be called from any goroutine.
type Log struct {
	mu   sync.Mutex    // guards everything below; held for copying only
	ring []Event       // event at position p is ring[p % len(ring)]
	next int           // position of the next event, from 0
	last uint64        // number of the newest event, or the start number
	wait chan struct{} // closed at the next Publish; nil while nobody waits

	watched map[farm.TaskID]int // how many readers want a task's log
	logs    []keptText          // of TaskLogged events, oldest first
	logSize int                 // bytes of those texts
}

// keptText is the text of the event that was published at a position.
type keptText struct{ at, size int }

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
	l.publish(events)
}

// publish is Publish for a caller that holds the lock.
func (l *Log) publish(events []Event) {
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

// Published returns how many events were published since the log was made.
func (l *Log) Published() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
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

// since copies some events from a position, or returns a channel that is closed
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
	// Not all at once: a reader that is slow holds what it got.
	end := min(l.next, at+maxBatch)
	events := make([]Event, 0, end-at)
	for p := at; p < end; p++ {
		events = append(events, l.ring[p%len(l.ring)])
	}
	return events, nil, nil
}

// WatchLog asks for the TaskLogged events of a task, which are not made for
// tasks whose log nobody watches. The caller calls stop when it is done.
func (l *Log) WatchLog(task farm.TaskID) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched == nil {
		l.watched = map[farm.TaskID]int{}
	}
	l.watched[task]++
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.watched[task]--; l.watched[task] == 0 {
			delete(l.watched, task)
		}
	})
}

// PublishLog tells those who watch the log of a task that it grew.
func (l *Log) PublishLog(task farm.TaskID, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched[task] == 0 {
		return
	}
	// Cloned, because the rest of a long report must not be kept with it.
	text = strings.Clone(strings.ToValidUTF8(text[:min(len(text), MaxLogText)], ""))
	at := l.next
	l.publish([]Event{{Time: time.Now().UTC(), Data: TaskLogged{Task: task, Text: text}}})
	l.logs, l.logSize = append(l.logs, keptText{at, len(text)}), l.logSize+len(text)
	for l.logSize > maxLogKept {
		oldest := l.logs[0]
		l.logs, l.logSize = l.logs[1:], l.logSize-oldest.size
		if l.next-oldest.at <= len(l.ring) { // else it was overwritten meanwhile
			l.ring[oldest.at%len(l.ring)].Data = TaskLogged{}
		}
	}
}
