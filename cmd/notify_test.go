package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
	"renderfarm/farm/notify"
)

// A sink is a webhook that fails at first.
type sink struct {
	*httptest.Server
	failed chan string         // ids of messages that it did not take
	taken  chan notify.Message // and those that it took
}

func newSink(t *testing.T, failures int) *sink {
	s := &sink{failed: make(chan string, 100), taken: make(chan notify.Message, 100)}
	left := make(chan struct{}, failures)
	for range failures {
		left <- struct{}{}
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var m notify.Message
		if err != nil || json.Unmarshal(body, &m) != nil || m.ID != r.Header.Get("Webhook-Id") {
			t.Errorf("%v: %v %s", err, r.Header, body)
		}
		select {
		case <-left:
			w.WriteHeader(http.StatusServiceUnavailable)
			s.failed <- m.ID
		default:
			s.taken <- m
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) next(t *testing.T) notify.Message {
	t.Helper()
	select {
	case m := <-s.taken:
		return m
	case <-time.After(patienceOfTests):
		t.Fatal("no message came")
		return notify.Message{}
	}
}

// TestNotifiedOnceAcrossKills has a webhook that fails twice, and a manager that is killed
// in between and right after jobs are completed: each job is told of, under one id.
func TestNotifiedOnceAcrossKills(t *testing.T) {
	t.Parallel()
	s := newSink(t, 2)
	f := newCrashedFarm(t)
	config := fmt.Sprintf("notifications:\n  ways:\n    - {name: page, kind: webhook, url: %q, secret: hush}\n  rules:\n    - {events: [job-completed], ways: [page]}\n", s.URL)
	if err := os.MkdirAll(f.home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.home, "farm.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	f.startManager(t, "127.0.0.1:0")
	address := strings.TrimPrefix(f.client.Base, "http://")
	f.start(t, "worker", "work", "--home", filepath.Join(f.dir, "worker"), "--manager", f.client.Base)
	kill := func() {
		t.Helper()
		if err := f.manager.kill(); err != nil {
			t.Fatal(err)
		}
	}
	var jobs []string
	run := func() {
		t.Helper()
		id := f.submit(t, api.SubmittedJob{Name: "told", Type: "echo-sleep-test", Priority: 50, SubmitterPlatform: "manager",
			Settings: map[string]any{"message": "hello", "sleep_duration_seconds": 0, "sleep_repeats": 0}})
		jobs = append(jobs, string(id))
		for j, err := range followJob(t.Context(), f.client, id) {
			if err != nil {
				t.Fatal(err)
			}
			if j.Status == "failed" {
				t.Fatal("the job failed")
			}
		}
	}
	run()
	first := <-s.failed
	if second := <-s.failed; second != first { // 5 s later
		t.Errorf("the same message has the ids %s and %s", first, second)
	}
	kill()
	f.startManager(t, address)
	if m := s.next(t); m.ID != first || string(m.Job.ID) != jobs[0] {
		t.Errorf("after the start came %s about job %s", m.ID, m.Job.ID)
	}
	const more = 4
	for range more {
		run()
		kill() // with the message committed, in the queue, on its way, or sent
		f.startManager(t, address)
	}
	ids := map[string][]string{}
	for len(ids) < more {
		m := s.next(t)
		if id := string(m.Job.ID); !slices.Contains(ids[id], m.ID) {
			ids[id] = append(ids[id], m.ID)
		}
	}
	for _, job := range jobs[1:] {
		if len(ids[job]) != 1 {
			t.Errorf("job %s was told of under the ids %q", job, ids[job])
		}
	}
}
