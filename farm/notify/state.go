package notify

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// What became of a delivery.
const (
	Waiting = "waiting"
	sent    = "sent"
	dropped = "dropped"
)

// A Recent is a delivery as people see it.
type Recent struct {
	ID       string     `json:"id"`
	Event    string     `json:"event"`
	Way      string     `json:"way"`
	Job      farm.JobID `json:"job,omitempty"`
	Title    string     `json:"title"`
	Time     time.Time  `json:"time"`  // of the event
	State    string     `json:"state"` // waiting, sent or dropped
	Attempts int        `json:"attempts"`
	Next     time.Time  `json:"next,omitzero"` // when it is tried again
	Error    string     `json:"error,omitempty"`
}

const (
	maxRecent = 200
	maxFirst  = 1000
)

// state is what is kept in one file beside the queue: what was sent, and what must
// not be told twice. If it is lost, something may be.
type state struct {
	path string
	log  *slog.Logger

	mu sync.Mutex // guards what follows, and the file
	kept
}

type kept struct {
	Digest time.Time    `json:"digest"` // when the last one was made
	First  []farm.JobID `json:"first"`  // jobs whose first failure was told, the newest last
	Recent []Recent     `json:"recent"` // the newest last
}

func openState(path string, log *slog.Logger) (*state, error) {
	s := &state{path: path, log: log}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.kept); err != nil {
		log.Warn("which messages were sent is not known any more", "file", path, "error", err)
		s.kept = kept{}
	}
	return s, nil
}

// save writes the file; the caller holds the lock.
func (s *state) save() {
	text, err := json.Marshal(s.kept)
	if err == nil {
		err = fsync.Replace(s.path, text)
	}
	if err != nil {
		s.log.Warn("which messages were sent cannot be noted", "error", err)
	}
}

// knowsFirst reports whether the first failure of a job was told.
func (s *state) knowsFirst(job farm.JobID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.First, job)
}

// toldFirst notes that the first failure of a job is in the queue.
func (s *state) toldFirst(job farm.JobID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.First = append(s.First, job)
	s.First = s.First[max(0, len(s.First)-maxFirst):]
	s.save()
}

// remember notes what became of a delivery.
func (s *state) remember(d *Delivery, what string, err error) {
	r := recent(d, what)
	r.Attempts++
	r.Next, r.Error = time.Time{}, ""
	if err != nil {
		r.Error = farm.CutText(err.Error(), 500)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Recent = append(s.Recent, r)
	s.Recent = s.Recent[max(0, len(s.Recent)-maxRecent):]
	s.save()
}

func recent(d *Delivery, what string) Recent {
	r := Recent{ID: d.Message.ID, Event: d.Message.Event, Way: d.To.Name, Title: d.Message.Title, Time: d.Message.Time,
		State: what, Attempts: d.Attempts, Next: d.Next, Error: d.Error}
	if d.Message.Job != nil {
		r.Job = d.Message.Job.ID
	}
	return r
}

// lastDigest returns when the last digest was made, zero if none was.
func (s *state) lastDigest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Digest
}

func (s *state) setDigest(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Digest = at
	s.save()
}

// Deliveries returns what waits and what was sent or dropped, the newest first, and how
// many wait.
func (n *Notifier) Deliveries() (list []Recent, waiting int) {
	queued := n.queue.list()
	for i := range queued {
		list = append(list, recent(&queued[i], Waiting))
	}
	n.state.mu.Lock()
	list = append(list, n.state.Recent...)
	n.state.mu.Unlock()
	slices.SortStableFunc(list, func(a, b Recent) int { return b.Time.Compare(a.Time) })
	return list[:min(len(list), maxRecent)], len(queued)
}
