package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// sse is a client of the stream of events.
type sse struct {
	t     testing.TB
	lines *bufio.Scanner
	last  string // id of the last event
	close func()
}

func (s *testServer) follow(path string, header ...string) *sse {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		s.t.Fatalf("the stream is %s", kind)
	}
	stream := &sse{t: s.t, lines: bufio.NewScanner(resp.Body), close: func() { cancel(); resp.Body.Close() }}
	s.t.Cleanup(stream.close)
	return stream
}

// next returns the next event.
func (e *sse) next() (name string, data map[string]any) {
	e.t.Helper()
	for e.lines.Scan() {
		key, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch key {
		case "id":
			e.last = value
		case "event":
			name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &data); err != nil {
				e.t.Fatalf("event %s: %v", name, err)
			}
		case "":
			if name != "" {
				return name, data
			}
		}
	}
	e.t.Fatalf("the stream ended: %v", e.lines.Err())
	return "", nil
}

// await skips events until one of the name that mentions the text.
func (e *sse) await(name, text string) map[string]any {
	e.t.Helper()
	for {
		got, data := e.next()
		if got == name && strings.Contains(fmt.Sprint(data), text) {
			return data
		}
	}
}

func TestEventsFollowAJob(t *testing.T) {
	s := newServer(t)
	all := s.follow("/api/farm/events")
	if name, _ := all.next(); name != "hello" {
		t.Fatalf("the first event is %s", name)
	}
	w := s.worker()
	all.await("worker", "awake")
	job := s.submit()
	if data := all.await("job", job); data["status"] != "queued" || data["previous_status"] != nil {
		t.Errorf("submitted: %v", data)
	}
	tasks := s.follow("/api/farm/events?job=" + job)
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	if data := tasks.await("task", task); data["status"] != "active" || data["previous_status"] != "queued" || data["name"] != "echo" {
		t.Errorf("assigned: %v", data)
	}
	log := s.follow("/api/farm/events?log=" + task)
	log.next()
	s.want(204, "POST", "/api/v3/worker/task/"+task, `{"log":"a line\nanother"}`)
	if data := log.await("log", task); data["log"] != "a line\nanother" {
		t.Errorf("log: %v", data)
	}
	for try := range 3 { // all by the only worker of the farm
		if try > 0 {
			s.want(200, "POST", "/api/v3/worker/task", "")
		}
		s.want(204, "POST", "/api/v3/worker/task/"+task, `{"taskStatus":"failed","activity":"Failed: no"}`)
	}
	if data := all.await("job", " status:failed "); data["id"] != job || data["previous_status"] == nil {
		t.Errorf("failed: %v", data)
	}
	s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
	all.await("job", "was_deleted")
	s.want(204, "DELETE", "/api/v3/worker-mgt/workers/"+w, "")
	all.await("worker", "deleted_at")
}

func TestEventsContinueAfterABreak(t *testing.T) {
	s := newServer(t)
	first := s.follow("/api/farm/events")
	first.next()
	job := s.submit()
	first.await("job", job)
	first.close()
	other := s.submit()
	second := s.follow("/api/farm/events", "Last-Event-ID", first.last)
	if data := second.await("job", ""); data["id"] != other {
		t.Errorf("continued with %v, want the job submitted meanwhile", data)
	}
	third := s.follow("/api/farm/events", "Last-Event-ID", "123456789")
	if name, _ := third.next(); name != "reset" {
		t.Errorf("after a number that is not kept came %s, want reset", name)
	}
}

func TestWaitingCallsEndWithTheStreams(t *testing.T) {
	s := newServer(t)
	s.worker()
	done := make(chan answer)
	go func() { done <- s.call("POST", "/api/v3/worker/task", "", "Prefer", "wait=60") }()
	s.server.EndStreams()
	if a := <-done; a.status != 204 || a.header.Get("Preference-Applied") != "wait" {
		t.Errorf("answered %d, %v", a.status, a.header)
	}
}

func TestPreferWait(t *testing.T) {
	s := newServer(t)
	s.worker()
	done := make(chan answer)
	go func() { done <- s.call("POST", "/api/v3/worker/task", "", "Prefer", "wait=60") }()
	s.submit()
	if a := <-done; a.status != 200 {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// What happens to a job in quick succession is told together, and the status that it had before
// all of it is told, too: pages ask for their lists anew when it changes.
func TestEventsToldTogether(t *testing.T) {
	s := newServer(t)
	stream := s.follow("/api/farm/events")
	id := s.submit()
	stream.await("job", id)
	s.worker() // after which the stream pauses for a moment
	var task struct{ UUID string }
	if err := json.Unmarshal([]byte(s.want(200, "POST", "/api/v3/worker/task", "").body), &task); err != nil {
		t.Fatal(err)
	}
	for steps := range 3 {
		s.want(204, "POST", "/api/v3/worker/task/"+task.UUID, fmt.Sprintf(`{"taskStatus":"active","activity":"step %d"}`, steps))
	}
	s.want(204, "POST", "/api/v3/worker/task/"+task.UUID, `{"taskStatus":"completed"}`)
	for {
		data := stream.await("job", id)
		if status := data["status"]; status == "queued" {
			continue
		} else if data["previous_status"] != "queued" {
			t.Errorf("the job is %v, and it is not told that it was queued: %v", status, data)
		}
		return
	}
}
