package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/socketio"
	"renderfarm/farm/v3events"
)

// Bounds on the stream of events. Between two writes, changes of the same thing
// are put together, so that a fast farm does not flood browsers.
const (
	streamPause = 100 * time.Millisecond
	streamAlive = 15 * time.Second // a comment is sent when nothing else was
	streamRetry = time.Second      // browsers connect again after this
	streamStuck = 20 * time.Second // a client that takes nothing for so long is dropped

	maxFollowers, maxFollowersOfAClient = 400, 200 // at a time; many of a client may be behind one proxy
)

// followEvents streams the farm's events as server-sent events (WHATWG HTML
// §9.2). Names: hello (the stream begins), reset (events were missed: fetch
// everything again), status, job, worker, loads (of workers' computers), tag, last-rendered; with ?job=ID also
// task and comments, for that job; with ?log=ID also log, for that task. The data is that of
// the v3 protocol. Last-Event-ID continues a stream that broke off.
func (s *Server) followEvents(w http.ResponseWriter, r *http.Request) error {
	giveBack, ok := s.followers.TryTake(client(r))
	if !ok {
		return farm.Errorf(farm.Busy, "%d pages and programs follow this farm at present, which is as many as it can serve: close some, or try again later", s.followers.Taken())
	}
	defer giveBack()
	st := &stream{s: s, w: w, flow: http.NewResponseController(w),
		job: farm.JobID(r.URL.Query().Get("job")), log: farm.TaskID(r.URL.Query().Get("log"))}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not hold events back
	ctx, cancel := s.waiting(r)
	defer cancel()

	st.print(fmt.Sprintf("retry: %d\n\n", streamRetry.Milliseconds()))
	if st.log != "" {
		defer s.events.WatchLog(st.log)()
	}
	reader := st.begin(r.Header.Get("Last-Event-ID"))
	pause := time.NewTimer(0)
	defer pause.Stop()
	batches := make(chan batch)
	go follow(ctx, reader, s.events, batches)
	alive := time.NewTicker(streamAlive)
	defer alive.Stop()
	for st.err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-alive.C:
			st.print(": still here\n\n")
		case b := <-batches:
			st.batch(b)
			pause.Reset(streamPause)
			select {
			case <-pause.C:
			case <-ctx.Done():
				return nil
			}
		}
	}
	return nil // the client left: there is nobody to tell
}

// socketIO tells pages of compatible systems what changes; see package socketio.
func (s *Server) socketIO(w http.ResponseWriter, r *http.Request) error {
	giveBack, ok := s.followers.TryTake(client(r))
	if !ok {
		return farm.Errorf(farm.Busy, "%d pages and programs follow this farm at present, which is as many as it can serve: close some, or try again later", s.followers.Taken())
	}
	defer giveBack()
	ctx, cancel := s.waiting(r)
	defer cancel()
	socketio.Serve(ctx, w, r, socketio.Source{Events: s.events, Source: s.eventSource()})
	return nil
}

// batch is what happened since the last one.
type batch struct {
	events []events.Event
	behind bool // some events were missed
}

// follow hands on what a reader reads until the context ends.
func follow(ctx context.Context, reader *events.Reader, log *events.Log, to chan<- batch) {
	for {
		got, err := reader.Next(ctx)
		b := batch{events: got, behind: errors.Is(err, events.ErrBehind)}
		if b.behind {
			reader = log.Follow()
		} else if err != nil {
			return
		}
		select {
		case to <- b:
		case <-ctx.Done():
			return
		}
	}
}

// stream is one client that follows the events.
type stream struct {
	s    *Server
	w    http.ResponseWriter
	flow *http.ResponseController
	job  farm.JobID  // tell of this job's tasks
	log  farm.TaskID // tell of this task's log
	err  error       // the first error of writing

	loads time.Time // until when this client was told how busy workers are; zero: it was not
}

// begin finds the client's place among the events, and says hello or reset.
func (st *stream) begin(lastID string) *events.Reader {
	if lastID != "" {
		number, err := strconv.ParseUint(lastID, 10, 64)
		if err == nil {
			if reader, err := st.s.events.FollowAfter(number); err == nil {
				// Events without a number of their own may be missed; the status
				// of the farm is the one that matters.
				st.send(number, "status", api.EventFarmStatus{Status: st.s.m.FarmStatus()})
				return reader
			}
		}
		reader := st.s.events.Follow()
		st.send(st.s.events.Last(), "reset", struct{}{})
		return reader
	}
	reader := st.s.events.Follow()
	st.send(st.s.events.Last(), "hello", api.FarmStatus{Status: st.s.m.FarmStatus()})
	return reader
}

// batch sends events, of those about the same thing only the last.
func (st *stream) batch(b batch) {
	if b.behind {
		st.send(st.s.events.Last(), "reset", struct{}{})
		return
	}
	last := map[any]int{}
	for i, e := range b.events {
		if key := st.subject(e.Data); key != nil {
			if before, ok := last[key]; ok {
				b.events[i].Data = since(b.events[before].Data, e.Data)
			}
			last[key] = i
		}
	}
	for i, e := range b.events {
		key := st.subject(e.Data)
		if log, ok := e.Data.(events.TaskLogged); ok && log.Task == st.log {
			st.send(e.Number, "log", v3events.TaskLog(log))
		} else if key != nil && last[key] == i {
			st.event(e)
		}
	}
}

// since is the later of two events about the same thing, as those see it who did not hear of
// the earlier: what it was before is what it was before both.
func since(earlier, later any) any {
	switch l := later.(type) {
	case events.JobChanged:
		if e, ok := earlier.(events.JobChanged); ok {
			l.RefreshTasks = l.RefreshTasks || e.RefreshTasks
			if e.Previous != l.Status { // else it is what it was, and was something else in between
				l.Previous = e.Previous
			}
		}
		return l
	case events.TaskChanged:
		if e, ok := earlier.(events.TaskChanged); ok && e.Previous != l.Status {
			l.Previous = e.Previous
		}
		return l
	case events.WorkerChanged:
		if e, ok := earlier.(events.WorkerChanged); ok && e.Previous != l.Worker.Status {
			l.Previous = e.Previous
		}
		return l
	}
	return later
}

// subject returns what an event is about, or nil if this client is not told.
func (st *stream) subject(data any) any {
	switch e := data.(type) {
	case events.JobChanged:
		return e.Job.ID
	case events.JobDeleted:
		return e.Job
	case events.TaskChanged:
		if e.Job == st.job {
			return e.Task
		}
	case events.WorkerChanged:
		return e.Worker.ID
	case events.TagChanged:
		return e.Tag.ID
	case events.PreviewMade:
		return "preview " + e.Job
	case events.CommentsChanged:
		if e.Job == st.job {
			return "comments"
		}
	case events.FarmChanged:
		return "farm"
	case events.LoadsTold:
		return "loads"
	}
	return nil
}

// event sends one event under its name of the protocol.
func (st *stream) event(e events.Event) {
	switch data := e.Data.(type) {
	case events.JobChanged:
		st.send(e.Number, "job", v3events.Job(data))
	case events.JobDeleted:
		st.send(e.Number, "job", v3events.DeletedJob(data))
	case events.TaskChanged:
		st.send(e.Number, "task", st.s.eventSource().Task(data))
	case events.WorkerChanged:
		st.send(e.Number, "worker", v3events.Worker(data))
	case events.TagChanged:
		st.send(e.Number, "tag", api.EventWorkerTagUpdate{Tag: apiTag(data.Tag), WasDeleted: data.Deleted})
	case events.PreviewMade:
		st.send(e.Number, "last-rendered", st.s.eventSource().Preview(data))
	case events.CommentsChanged:
		st.send(e.Number, "comments", api.EventComments{JobID: data.Job})
	case events.FarmChanged:
		st.send(e.Number, "status", v3events.Farm(data))
	case events.LoadsTold:
		st.sendLoads(e.Number)
	}
}

// sendLoads tells how busy those workers are that told it since the last time.
func (st *stream) sendLoads(number uint64) {
	since := st.loads
	st.loads = time.Now()
	var list api.EventWorkerLoads
	for _, w := range st.s.m.LoadsSince(since) {
		list.Workers = append(list.Workers, api.EventWorkerLoad{ID: w.Worker, LastSeen: w.Seen, Load: w.Load})
	}
	if len(list.Workers) > 0 {
		st.send(number, "loads", list)
	}
}

// send sends one event. The number is what the client sends back as
// Last-Event-ID when it comes again.
func (st *stream) send(number uint64, name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		st.err = err
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n\n", number, name, text)
	st.print(b.String())
}

// print writes and flushes, within streamStuck. After the first error it does
// nothing: the stream ends with it.
func (st *stream) print(text string) {
	if st.err != nil {
		return
	}
	// Not every connection has deadlines; one without is closed by its peer.
	st.flow.SetWriteDeadline(time.Now().Add(streamStuck))
	if _, st.err = st.w.Write([]byte(text)); st.err == nil {
		st.err = st.flow.Flush()
	}
}
