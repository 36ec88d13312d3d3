package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/outbox"
)

// A report is what the outbox holds: an update about a task, and the run of the
// task it belongs to. The same task can come back to the same worker, so its
// id alone would not tell its runs apart.
type report struct {
	Task   farm.TaskID    `json:"task"`
	Run    string         `json:"run"`
	Update api.TaskUpdate `json:"update"`
	Wrong  bool           `json:"wrong,omitempty"` // Update.WrongWorker
}

// sender delivers the outbox in order. A report stays in it until the manager
// has it, or has said that it will never take it.
type sender struct {
	outbox  *outbox.Outbox
	manager func() Manager
	log     *slog.Logger

	// mu guards what follows. It is held for moments only, and before the
	// outbox's own lock.
	mu      sync.Mutex
	running map[string]context.CancelCauseFunc // by run: ends it, when the manager says it is not ours
	revoked map[string]bool                    // runs of which only the log is still of interest
	started chan struct{}                      // closed by begin
	moved   chan struct{}                      // closed and replaced when the outbox got shorter
}

func newSender(box *outbox.Outbox, manager func() Manager, log *slog.Logger) *sender {
	return &sender{outbox: box, manager: manager, log: log, running: map[string]context.CancelCauseFunc{},
		revoked: map[string]bool{}, started: make(chan struct{}), moved: make(chan struct{})}
}

// begin lets the sender start: the worker has signed on. It may be called again.
func (s *sender) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.started:
	default:
		close(s.started)
	}
}

// run delivers until ctx is canceled.
func (s *sender) run(ctx context.Context) {
	select {
	case <-s.started:
	case <-ctx.Done():
		return
	}
	for {
		text, ok := s.outbox.Peek()
		if !ok {
			s.forgetRuns()
			select {
			case <-s.outbox.Ready():
				continue
			case <-ctx.Done():
				return
			}
		}
		if !s.deliver(ctx, text) {
			return
		}
		if err := s.outbox.Done(); err != nil {
			// The report is delivered and will be again, which does no harm.
			s.log.Error("the outbox cannot be written", "error", err)
		}
		s.signal()
	}
}

// deliver sends one report, for as long as it takes. It returns false if ctx
// was canceled before that.
func (s *sender) deliver(ctx context.Context, text []byte) bool {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		s.log.Error("a report in the outbox is invalid, and is dropped", "error", err)
		return true
	}
	trouble := complaints{log: s.log, what: "cannot deliver reports"}
	var retry backoff
	for {
		update, wanted := s.wanted(&r)
		if !wanted {
			return true
		}
		manager := s.manager()
		if manager != nil { // nil while the worker registers anew
			err := manager.TaskUpdate(ctx, r.Task, update)
			if err == nil {
				trouble.over()
				return true
			}
			if ctx.Err() != nil {
				return false
			}
			if !api.Transient(err) {
				s.refused(&r, err)
				return true
			}
			trouble.about(err)
		}
		if !retry.pause(ctx) {
			return false
		}
	}
}

// wanted returns the part of a report that shall still be sent. Of a revoked
// run that is the log: the task may be somebody else's by now.
func (s *sender) wanted(r *report) (api.TaskUpdate, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.revoked[r.Run] {
		update := r.Update
		update.WrongWorker = r.Wrong
		return update, true
	}
	return api.TaskUpdate{Log: r.Update.Log}, r.Update.Log != ""
}

// refused drops a report that the manager will never take. If it says that the
// task is gone or somebody else's, the run of it ends.
func (s *sender) refused(r *report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.revoked[r.Run] && r.Update.TaskStatus != farm.TaskQueued.String() { // what is given back may have been taken
		s.log.Warn("the manager refused a report, which is dropped", "task", r.Task, "error", err)
	}
	if status := api.StatusOf(err); status != http.StatusNotFound && status != http.StatusConflict {
		return
	}
	s.revoked[r.Run] = true
	if stop := s.running[r.Run]; stop != nil {
		stop(farm.Errorf(farm.Conflict, "the task was taken from this worker: %w", err))
	}
}

// watch names the function that ends a run; nil when it has ended.
func (s *sender) watch(run string, stop context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop == nil {
		delete(s.running, run)
		return
	}
	s.running[run] = stop
}

// revoke drops all that is not delivered yet of a run, but its log. Not kept
// over a restart of the worker: then the manager has returned the task, and
// answers 409 to what is left of it.
func (s *sender) revoke(run string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[run] = true
}

// forgetRuns forgets revoked runs that no report can belong to any more.
func (s *sender) forgetRuns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for run := range s.revoked {
		if s.running[run] == nil {
			delete(s.revoked, run)
		}
	}
}

func (s *sender) signal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.moved)
	s.moved = make(chan struct{})
}

// flushed returns nil when everything is delivered, or an error if ctx is
// canceled before.
func (s *sender) flushed(ctx context.Context) error {
	for {
		s.mu.Lock()
		moved := s.moved
		s.mu.Unlock()
		if s.outbox.Len() == 0 {
			return ctx.Err()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
