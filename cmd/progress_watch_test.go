package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// A toldManager answers like a manager does of which the test decides when
// what happens.
type toldManager struct {
	status int                  // of the stream; 0 is OK
	lives  []func(send, change) // what each connection to the stream brings before it breaks
	opened int

	mu      sync.Mutex    // guards job
	job     api.Job       // what fetchJob answers
	fetched chan struct{} // gets a value for each answer
}

// send writes one server-sent event; change makes fetchJob answer something else from now on.
type (
	send   func(name string, data any)
	change func(status string, done int)
)

// ServeHTTP serves the job and the stream. A stream is silent until the job was
// fetched, as is done when it was opened.
func (m *toldManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/farm/events" {
		m.mu.Lock()
		job := m.job
		m.mu.Unlock()
		if job.Status == "" {
			http.Error(w, `{"code":404,"message":"no such job"}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(job)
		m.fetched <- struct{}{}
		return
	}
	if m.status != 0 {
		http.Error(w, `{"message":"Not Found"}`, m.status)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	<-m.fetched
	life := m.lives[min(m.opened, len(m.lives)-1)]
	m.opened++
	life(func(name string, data any) {
		text, _ := json.Marshal(data)
		fmt.Fprintf(w, "id: 1\nevent: %s\ndata: %s\n\n", name, text)
		w.(http.Flusher).Flush()
	}, func(status string, done int) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.job.Status, m.job.StepsCompleted = status, done
	})
}

// watched returns what a watcher is shown, "status done/failed" for each change.
func watched(t *testing.T, m *toldManager) (shown []string, end error) {
	t.Helper()
	m.fetched = make(chan struct{}, 16)
	srv := httptest.NewServer(m)
	defer srv.Close()
	client, err := api.New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	job := m.job
	job.ID = "11111111-2222-4333-8444-555555555555"
	m.job.ID = job.ID
	for v, err := range watchJob(t.Context(), client, job) {
		if err != nil {
			return shown, err
		}
		text := fmt.Sprintf("%s %d/%d", v.job.Status, v.job.StepsCompleted, len(v.failed))
		if len(shown) == 0 || shown[len(shown)-1] != text {
			shown = append(shown, text)
		}
	}
	return shown, nil
}

func event(status string, done int) api.EventJobUpdate {
	return api.EventJobUpdate{ID: "11111111-2222-4333-8444-555555555555", Status: status, StepsCompleted: done}
}

func TestWatch(t *testing.T) {
	task := func(id, status string) api.EventTaskUpdate {
		return api.EventTaskUpdate{ID: "task", JobID: event("", 0).ID, Status: status}
	}
	for name, c := range map[string]struct {
		m    *toldManager
		want string
		err  string
	}{
		"stream": {m: &toldManager{lives: []func(send, change){func(tell send, now change) {
			tell("hello", nil)
			tell("job", event("active", 1))
			tell("job", api.EventJobUpdate{ID: "another", Status: "completed"})
			tell("task", task("a", "failed"))
			tell("task", task("a", "queued"))
			tell("nonsense", 5)
			tell("job", "nonsense")
			now("completed", 3)
			tell("job", event("completed", 3))
		}}}, want: "queued 0/0, active 1/0, active 1/1, active 1/0, completed 3/0"},
		"broken stream": {m: &toldManager{lives: []func(send, change){
			func(tell send, now change) { tell("job", event("active", 1)); now("active", 2); tell("reset", nil) },
			func(tell send, now change) {
				now("completed", 3)
				tell("job", event("completed", 3))
			},
		}}, want: "queued 0/0, active 1/0, active 2/0, completed 3/0"},
		"over before it began": {m: &toldManager{job: api.Job{Status: "failed"}, lives: []func(send, change){func(send, change) {}}}, want: "failed 0/0"},
		"no stream":            {m: &toldManager{job: api.Job{Status: "completed", StepsCompleted: 3}, status: http.StatusNotFound}, want: "completed 3/0"},
		"deleted": {m: &toldManager{lives: []func(send, change){func(tell send, now change) {
			tell("hello", nil)
			now("", 0)
			tell("job", api.EventJobUpdate{ID: event("", 0).ID, WasDeleted: true})
		}}}, want: "queued 0/0", err: "no such job"},
	} {
		if c.m.job.Status == "" {
			c.m.job.Status = "queued"
		}
		shown, err := watched(t, c.m)
		if got := strings.Join(shown, ", "); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWatchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	m := &toldManager{job: api.Job{Status: "active"}, lives: []func(send, change){func(tell send, _ change) {
		tell("hello", nil)
		cancel(errInterrupted)
	}}}
	m.fetched = make(chan struct{}, 16)
	srv := httptest.NewServer(m)
	defer srv.Close()
	client, err := api.New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range watchJob(ctx, client, m.job) {
		last = err
	}
	if !errors.Is(last, errInterrupted) || exitStatus(last) != exitInterrupted {
		t.Error(last)
	}
}

// TestWaitFollowsTheStream: "jobs wait" is told that a job is over, and does not
// ask again and again.
func TestWaitFollowsTheStream(t *testing.T) {
	m := &toldManager{job: api.Job{ID: event("", 0).ID, Status: "active", StepsTotal: 3}, fetched: make(chan struct{}, 16)}
	m.lives = []func(send, change){func(tell send, now change) {
		<-m.fetched // once before the stream is opened, and once then
		tell("job", event("active", 1))
		now("completed", 3)
		tell("job", event("completed", 3))
	}}
	srv := httptest.NewServer(m)
	defer srv.Close()
	client, err := api.New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s := testSession(t, nil)
	var out bytes.Buffer
	s.out = &out
	job, err := s.waitForJob(ctx, client, m.job.ID)
	if err != nil || job.Status != "completed" {
		t.Errorf("%s: %v", job.Status, err)
	}
	short := shortID(string(m.job.ID))
	if want := "job " + short + " is active, 0% done\njob " + short + " is completed, 100% done\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}
