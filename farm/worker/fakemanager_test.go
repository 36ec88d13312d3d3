package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// fakeManager is the other side of the network: the worker's routes of the
// protocol over a few fields. Requests reach it through an in-memory
// RoundTripper, as sockets do not work in virtual time.
type fakeManager struct {
	mu          sync.Mutex // guards everything below
	changed     chan struct{}
	away        bool // requests fail as if nobody listened
	impatient   bool // does not know Prefer, as a stock manager
	workers     map[string]string
	status      string // that the worker reported last
	request     string // that it shall take; "" for none
	now         bool   // even if it works
	queue       []api.AssignedTask
	active      string // task handed out
	given       []string
	notBegun    []string // that were to be given back
	ahead       bool     // hands out next tasks
	back        bool     // next tasks shall be given back
	second      bool     // tasks are second runs
	theirs      bool     // whose frames were rendered by others meanwhile
	outrun      bool     // others have rendered the frames of all tasks
	ended       []api.SecondRun
	leave, left []int  // frames that are to be left to others, and were
	held        bool   // the last question for a task waits
	stopped     string // why the task must not go on; "" for it may
	answer      int    // status of all answers to updates; 0 for 204
	calls       []call
	updates     []sent
	previews    [][]byte
	deleted     map[string]bool
	inUse       []api.WorkerInUse // what it was told of its owner
	refuses     string            // route that is answered with 400; "" for none
}

type call struct {
	route string
	at    time.Time
}

// sent is an update as it arrived.
type sent struct {
	task string
	at   time.Time
	api.TaskUpdate
}

func newFakeManager() *fakeManager {
	return &fakeManager{changed: make(chan struct{}), workers: map[string]string{}}
}

// client returns a client whose requests the manager answers.
func (m *fakeManager) client() *api.Client {
	return &api.Client{Base: "http://manager.test", HTTP: &http.Client{Transport: m}}
}

// change runs f and wakes up whoever waits for a change.
func (m *fakeManager) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}

// RoundTrip answers a request, unless the client gives up first.
func (m *fakeManager) RoundTrip(req *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.calls = append(m.calls, call{req.Method + " " + req.URL.Path, time.Now()})
	away, refused := m.away, m.refuses == req.URL.Path
	m.mu.Unlock()
	if away {
		return nil, errors.New("connection refused")
	}
	res := httptest.NewRecorder()
	if refused {
		reply(res, 400, api.Error{Code: 400, Message: "not one like you"})
	} else {
		m.routes().ServeHTTP(res, req) // handlers that wait watch the request's context
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	answer := res.Result()
	answer.Request = req
	return answer, nil
}

func (m *fakeManager) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v3/worker/register-worker", m.register)
	for pattern, handle := range map[string]http.HandlerFunc{
		"POST /api/v3/worker/sign-on":                   m.signOn,
		"POST /api/v3/worker/sign-off":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"PUT /api/farm/worker/in-use":                   m.setInUse,
		"GET /api/v3/worker/state":                      m.state,
		"POST /api/v3/worker/state-changed":             m.stateChanged,
		"POST /api/v3/worker/task":                      m.schedule,
		"POST /api/v3/worker/task/{id}":                 m.update,
		"GET /api/v3/worker/task/{id}/may-i-run":        m.mayRun,
		"POST /api/farm/worker/task/{id}/second-run":    m.endSecond,
		"POST /api/v3/worker/task/{id}/output-produced": m.output,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			id, secret, _ := r.BasicAuth()
			m.mu.Lock()
			known, gone := secret != "" && m.workers[id] == secret, m.deleted[id]
			m.mu.Unlock()
			if gone {
				api.SetDeleted(w.Header())
				reply(w, 403, map[string]any{"message": "no such worker known"})
				return
			}
			if !known {
				reply(w, 403, map[string]any{"message": "no such worker known"})
				return
			}
			handle(w, r)
		})
	}
	return mux
}

// setInUse keeps what it is told. A stock manager knows no such route.
func (m *fakeManager) setInUse(w http.ResponseWriter, r *http.Request) {
	var in api.WorkerInUse
	if m.impatient || json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(404)
		return
	}
	m.change(func() {
		m.inUse = append(m.inUse, in)
		if in.GiveBack && m.active != "" {
			m.active = ""
		}
	})
	w.WriteHeader(204)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (m *fakeManager) register(w http.ResponseWriter, r *http.Request) {
	var in api.WorkerRegistration
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Secret) != 64 || in.Name == "" || in.Platform == "" {
		reply(w, 400, api.Error{Code: 400, Message: "bad registration"})
		return
	}
	id := farm.NewUUID().String()
	m.change(func() { m.workers[id] = in.Secret })
	reply(w, 200, api.RegisteredWorker{UUID: farm.WorkerID(id), Name: in.Name})
}

func (m *fakeManager) signOn(w http.ResponseWriter, r *http.Request) {
	wanted := "awake"
	m.change(func() {
		m.status = "starting"
		if m.request != "" {
			wanted = m.request
		}
	})
	reply(w, 200, api.WorkerStateChange{StatusRequested: wanted})
}

func (m *fakeManager) stateChanged(w http.ResponseWriter, r *http.Request) {
	var in api.WorkerStateChanged
	json.NewDecoder(r.Body).Decode(&in)
	m.change(func() {
		m.status = in.Status
		if m.request == in.Status {
			m.request, m.now = "", false
		}
		if in.Status != "awake" {
			m.active = ""
		}
	})
	w.WriteHeader(204)
}

// hold calls try until it has answered, for as long as the client wants to
// wait. The last call tells try that the time is over; a 204 is the answer then
// if try has none.
func (m *fakeManager) hold(w http.ResponseWriter, r *http.Request, try func(last bool) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := api.PreferWait(r.Header)
	if limit > 0 && !m.impatient {
		api.SetPreferenceApplied(w.Header())
	} else {
		limit = 0
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !try(limit == 0) {
		if limit == 0 {
			w.WriteHeader(204)
			return
		}
		changed := m.changed
		m.mu.Unlock()
		select {
		case <-changed:
			m.mu.Lock()
		case <-timer.C:
			m.mu.Lock()
			limit = 0
		case <-r.Context().Done():
			m.mu.Lock()
			return
		}
	}
}

func (m *fakeManager) state(w http.ResponseWriter, r *http.Request) {
	m.hold(w, r, func(bool) bool {
		if m.request == "" {
			return false
		}
		reply(w, 200, api.WorkerStateChange{StatusRequested: m.request})
		return true
	})
}

func (m *fakeManager) schedule(w http.ResponseWriter, r *http.Request) {
	m.hold(w, r, func(last bool) bool {
		current := string(api.WorkingOn(r.Header))
		switch {
		case current != "" && !m.ahead:
			reply(w, 400, api.Error{Code: 400, Message: "it did not say that it hands out next tasks"})
		case current != "" && m.open(current):
			reply(w, 400, api.Error{Code: 400, Message: "another task than " + current + " is not reported as over"})
		case m.request != "":
			reply(w, 423, api.WorkerStateChange{StatusRequested: m.request})
		case m.status != "awake":
			reply(w, 409, api.Error{Code: 409, Message: "worker is " + m.status})
		case len(m.queue) > 0:
			if m.ahead {
				api.SetNextTask(w.Header())
			}
			if m.second {
				api.SetSecondRun(w.Header())
			}
			m.active = string(m.queue[0].UUID)
			m.given = append(m.given, m.active)
			reply(w, 200, m.queue[0])
			m.queue = m.queue[1:]
		default:
			if m.held == last {
				m.held = !last
				close(m.changed)
				m.changed = make(chan struct{})
			}
			return false
		}
		return true
	})
}

// open reports whether any task but one was handed out and not reported as over.
func (m *fakeManager) open(but string) bool {
	over := map[string]bool{but: true}
	for _, s := range m.updates {
		over[s.task] = over[s.task] || s.TaskStatus != "" && s.TaskStatus != "active"
	}
	return slices.ContainsFunc(m.given, func(id string) bool { return !over[id] })
}

func (m *fakeManager) update(w http.ResponseWriter, r *http.Request) {
	s := sent{task: r.PathValue("id"), at: time.Now()}
	if err := json.NewDecoder(r.Body).Decode(&s.TaskUpdate); err != nil {
		reply(w, 400, api.Error{Code: 400, Message: err.Error()})
		return
	}
	s.WrongWorker = api.WrongWorker(r.Header)
	m.change(func() {
		if m.answer != 0 {
			reply(w, m.answer, api.Error{Code: m.answer, Message: "as the test wants"})
			return
		}
		m.updates = append(m.updates, s)
		w.WriteHeader(204)
	})
}

func (m *fakeManager) mayRun(w http.ResponseWriter, r *http.Request) {
	m.hold(w, r, func(last bool) bool {
		switch {
		case m.now:
			reply(w, 200, api.MayKeepRunning{Reason: "worker status change requested", StatusChangeRequested: true})
		case api.NotBegun(r.Header) && m.back:
			m.notBegun = append(m.notBegun, r.PathValue("id"))
			reply(w, 200, api.MayKeepRunning{Reason: "another worker has nothing to do"})
		case !slices.Equal(m.left, m.leave) && !api.NotBegun(r.Header):
			if m.left, _ = api.LeftOut(r.Header); !slices.Equal(m.left, m.leave) {
				api.SetLeaveOut(w.Header(), m.leave)
			}
			reply(w, 200, api.MayKeepRunning{MayKeepRunning: true})
		case m.outrun:
			api.SetGiveBack(w.Header())
			reply(w, 200, api.MayKeepRunning{Reason: "worker fast has rendered the frame meanwhile"})
		case m.stopped != "":
			reply(w, 200, api.MayKeepRunning{Reason: m.stopped})
		case last:
			reply(w, 200, api.MayKeepRunning{MayKeepRunning: true})
		default:
			return false
		}
		return true
	})
}

func (m *fakeManager) endSecond(w http.ResponseWriter, r *http.Request) {
	var in api.SecondRun
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		reply(w, 400, api.Error{Code: 400, Message: err.Error()})
		return
	}
	m.change(func() {
		m.ended = append(m.ended, in)
		reply(w, 200, api.SecondRunAnswer{Yours: in.Rendered && !m.theirs})
	})
}

func (m *fakeManager) output(w http.ResponseWriter, r *http.Request) {
	image, _ := io.ReadAll(r.Body)
	m.change(func() { m.previews = append(m.previews, image) })
	w.WriteHeader(202)
}

// add queues a task of the commands and returns its id.
func (m *fakeManager) add(commands ...farm.Command) string {
	id := farm.NewUUID().String()
	m.change(func() {
		m.queue = append(m.queue, api.AssignedTask{UUID: farm.TaskID(id), Job: "job", Name: "task", Status: "active",
			TaskType: "misc", Commands: api.Commands(commands)})
	})
	return id
}

// worker starts a worker in dir and returns how to stop it: stop cancels its
// context and returns what Run returned; ended is closed when it has ended.
func (m *fakeManager) worker(t *testing.T, dir string) (stop func() error, ended <-chan struct{}) {
	t.Helper()
	w, err := New(Options{Client: m.client(), Name: "tester", NoChecks: true, Dir: dir, Version: "1.0", RestartExitCode: 47, Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over, result := make(chan struct{}), error(nil)
	go func() {
		defer close(over)
		result = w.Run(ctx)
	}()
	stop = func() error {
		cancel()
		<-over
		return result
	}
	t.Cleanup(func() { stop() })
	return stop, over
}

// testLog writes to the test's output.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// cmd makes a command of name, value, name, value.
func cmd(name string, pairs ...any) farm.Command {
	c := farm.Command{Name: name, Parameters: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		c.Parameters[pairs[i].(string)] = pairs[i+1]
	}
	return c
}

func echo(message string) farm.Command { return cmd("echo", "message", message) }

func napping(seconds float64) farm.Command { return cmd("sleep", "duration_in_seconds", seconds) }
