package server_test

import (
	"bytes"
	"encoding/json"
	"image"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/api/apitest"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/notify"
	"renderfarm/farm/server"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
)

// TestMain lets the test's own executable be the child that runs job types.
func TestMain(m *testing.M) {
	if !jsjobs.RunChild(os.Args) {
		os.Exit(m.Run())
	}
}

// testServer is a whole manager behind real HTTP. Every call to the API is held
// to the OpenAPI document.
type testServer struct {
	docsMade  atomic.Int32 // how often the documentation was made
	t         testing.TB
	home, url string
	base      string // by which other computers reach it; "" if none does
	contract  *apitest.Contract
	client    *http.Client
	server    *server.Server
	manager   *manager.Manager
	events    *events.Log
	user      string            // credentials of the worker, once there is one
	logged    logged            // what the manager and the server log
	ids       map[string]string // of what there is, by the names of the document's parameters
	key       string            // of the farm; set before the first request
	keyError  error
	host      testHost
}

const secret = "a long and random secret"

func newServer(t testing.TB) *testServer {
	t.Helper()
	home := t.TempDir()
	s := &testServer{t: t, home: home}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), &s.logged), nil))
	st, err := store.Open(store.Options{Path: filepath.Join(home, "farm.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	fl, err := files.Open(filepath.Join(home, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	timeline := events.NewLog(0, 0)
	config := farm.DefaultConfig()
	config.TaskTimeout, config.WorkerTimeout = 0, 0 // a loaded computer loses nobody; the test of time-outs sets them
	m, err := manager.New(manager.Options{Store: st, Files: fl, Events: timeline, Config: config, Home: home, Version: "1.2.3", Log: log,
		Types:      jsjobs.New(jsjobs.Options{Dir: filepath.Join(home, "scripts"), Timeout: 10 * time.Second, Log: log}),
		SaveConfig: func(_, _ farm.Config) error { return s.saved() }, ConfigPath: filepath.Join(home, "farm.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	pages := fstest.MapFS{
		"app/index.html": {Data: []byte("<!doctype html><title>Farm</title>")}, "app/app.css": {Data: []byte("body{}")},
		"app/icon.png":                 {Data: []byte("\x89PNG")},
		"vendor/swagger-ui/index.html": {Data: []byte("<!doctype html><title>API</title>")},
	}
	s.manager, s.events, s.contract = m, timeline, apitest.New(t)
	docs := func() (map[string][]byte, error) {
		s.docsMade.Add(1)
		return map[string][]byte{"index.html": []byte("<h1>Docs</h1>")}, nil
	}
	description := func() ([]byte, error) { return []byte(`{"openapi":"3.0.3"}`), nil }
	notifier, err := notify.Open(notify.Options{Manager: m, Events: timeline, Home: home, Web: "http://farm.test", Agent: "Farm/1", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	self, desk := newDesk(t, home, m)
	s.server = server.New(server.Options{Manager: m, Notifier: notifier, Events: timeline, UI: pages, Docs: docs, OpenAPI: description, Addon: func(manager string) ([]byte, error) { return addon.Zip(manager, "") }, Log: log,
		Submissions: desk, Host: &s.host, Key: func() (string, error) { return s.key, s.keyError }, Join: s.joining()})
	hs := httptest.NewServer(s.server)
	self.Base = hs.URL
	s.url, s.client = hs.URL, s.contract.Client(nil)
	t.Cleanup(func() {
		s.server.EndStreams()
		hs.Close()
		m.Close()
		for _, err := range st.Check() {
			t.Errorf("the store is not sound: %v", err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		fl.Close()
	})
	return s
}

// answer is the status and the body of an answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get returns a value of a JSON body by its path of keys: "job.id".
func (a answer) get(path string) any {
	var value any
	json.Unmarshal(a.body, &value)
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			value = v[0]
		}
	}
	return value
}

func (a answer) text(path string) string { s, _ := a.get(path).(string); return s }

// call sends a request; body is JSON text, or "" for none.
func (s *testServer) call(method, path, body string, header ...string) answer {
	s.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, content)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if (strings.HasPrefix(path, "/api/v3/worker/") || strings.HasPrefix(path, "/api/farm/worker/")) && s.user != "" {
		req.SetBasicAuth(s.user, secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, got}
}

// want calls and fails the test unless the status is as wanted.
func (s *testServer) want(status int, method, path, body string, header ...string) answer {
	s.t.Helper()
	a := s.call(method, path, body, header...)
	if a.status != status {
		s.t.Fatalf("%s %s answered %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

// worker registers a worker that is awake, and makes later calls to worker
// operations in its name.
func (s *testServer) worker() (id string) {
	s.t.Helper()
	reg := s.want(200, "POST", "/api/v3/worker/register-worker", `{"secret":"`+secret+`","platform":"linux","supported_task_types":["misc","blender"],"name":"w1"}`)
	s.user = reg.text("uuid")
	on := s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w1","supported_task_types":["misc"],"software_version":"1","can_restart":true}`)
	if on.text("status_requested") != "awake" {
		s.t.Fatalf("sign-on: %s", on.body)
	}
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	return s.user
}

const echoJob = `{"name":"a job","type":"echo-sleep-test","priority":50,"submitter_platform":"linux",
	"settings":{"message":"hi <b>","sleep_duration_seconds":1,"sleep_repeats":2},"metadata":{"project":"X"}}`

func (s *testServer) submit() (id string) {
	s.t.Helper()
	return s.want(200, "POST", "/api/v3/jobs", echoJob).text("id")
}

// TestEveryOperation calls every operation that works with a success.
func TestEveryOperation(t *testing.T) {
	s := newServer(t)
	s.metaCalls()
	s.setUpCalls()
	s.notificationCalls()
	w := s.worker()
	job := s.submit()
	s.workerCalls(job)
	s.unableCalls(w)
	s.updateCalls(w)
	s.frameCalls(w)
	s.mirrorCalls()
	s.workerMgtCalls(w)
	s.jobCalls(job)
	s.shamanCalls()
	s.submissionCalls()
	s.computerCalls()
	s.contract.Require("reloadConfiguration") // there is no file in these tests
}

func (s *testServer) metaCalls() {
	if v := s.want(200, "GET", "/api/v3/version", ""); v.text("shortversion") != "3.8.5" || v.text("version") != "1.2.3" {
		s.t.Errorf("version: %s", v.body)
	}
	for agent, want := range map[string]string{
		"Flamenco/3.9-beta1 (Blender add-on)": "3.9-beta1", "Flamenco/3.6 (Blender add-on) x": "3.6",
		"Flamenco/3.9 (a1b2c3d)": "3.8.5", "Flamenco/ (Blender add-on)": "3.8.5", "Flamenco/3.9\"x (Blender add-on)": "3.8.5", "curl/8": "3.8.5",
		"Flamenco/3" + strings.Repeat("9", 50) + " (Blender add-on)": "3.8.5",
	} {
		if v := s.want(200, "GET", "/api/v3/version", "", "User-Agent", agent); v.text("shortversion") != want {
			s.t.Errorf("for %q: %s", agent, v.body)
		}
	}
	s.want(200, "GET", "/api/v3/configuration", "")
	s.want(200, "GET", "/api/farm/configuration", "")
	s.want(200, "POST", "/api/farm/configuration", `{"changes":{"max_workers":4000}}`)
	file := s.want(200, "GET", "/api/v3/configuration/file", "")
	s.want(204, "PUT", "/api/v3/configuration/file", strings.Replace(string(file.body), `"Farm"`, `"Studio"`, 1))
	if v := s.want(200, "GET", "/api/v3/version", ""); v.text("name") != "Studio" {
		s.t.Errorf("after renaming: %s", v.body)
	}
	if v := s.want(200, "GET", "/api/v3/configuration/variables/workers/linux", ""); v.text("blender.value") != "blender" {
		s.t.Errorf("variables: %s", v.body)
	}
	s.want(200, "GET", "/api/v3/configuration/variables/nobody/linux", "")
	s.want(200, "GET", "/api/v3/configuration/shared-storage/users/linux", "")
	s.want(200, "GET", "/api/v3/status", "")
	s.want(200, "GET", "/api/v3/jobs/types", "")
	s.want(200, "GET", "/api/v3/jobs/type/simple-blender-render", "")
	s.want(200, "GET", "/api/farm/jobtypes/broken", "")
}

func (s *testServer) workerCalls(job string) {
	s.want(204, "GET", "/api/v3/worker/state", "")
	task := s.want(200, "POST", "/api/v3/worker/task", "")
	id := task.text("uuid")
	if task.text("job") != job || !strings.Contains(string(task.body), `hi \u003cb\u003e`) {
		s.t.Errorf("task: %s", task.body)
	}
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"taskStatus":"active","activity":"Started"}`)
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"log":"hello log"}`)
	if may := s.want(200, "GET", "/api/v3/worker/task/"+id+"/may-i-run", ""); may.get("mayKeepRunning") != true {
		s.t.Errorf("may-i-run: %s", may.body)
	}
	stream := s.follow("/api/farm/events") // the job's files are there a moment before it is the last one
	s.want(202, "POST", "/api/v3/worker/task/"+id+"/output-produced", picture(s.t), "Content-Type", "image/png")
	stream.await("last-rendered", job)
	s.previews(job)
	s.want(200, "GET", "/api/v3/jobs/last-rendered", "")
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"taskStatus":"completed","activity":"Completed"}`)
	s.want(200, "GET", "/api/v3/tasks/"+id, "")
	log := s.want(200, "GET", "/api/v3/tasks/"+id+"/log", "")
	if text := s.want(200, "GET", log.text("url"), ""); !strings.Contains(string(text.body), "hello log\n") || int(log.get("size").(float64)) != len(text.body) {
		s.t.Errorf("log %s: %s", log.body, text.body)
	}
	if tail := s.want(200, "GET", "/api/v3/tasks/"+id+"/logtail", ""); !strings.Contains(string(tail.body), "hello log") {
		s.t.Errorf("tail: %s", tail.body)
	}
	s.want(204, "POST", "/api/v3/tasks/"+id+"/setstatus", `{"status":"queued","reason":"again"}`)
	s.want(204, "GET", "/api/v3/tasks/"+s.tasks(job)[2]+"/log", "")
	s.want(204, "GET", "/api/v3/tasks/"+s.tasks(job)[2]+"/logtail", "")
}

func (s *testServer) tasks(job string) (ids []string) {
	var list struct {
		Tasks []struct{ ID string }
	}
	if err := json.Unmarshal(s.want(200, "GET", "/api/v3/jobs/"+job+"/tasks", "").body, &list); err != nil {
		s.t.Fatal(err)
	}
	for _, t := range list.Tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

// previews looks at the job's previews.
func (s *testServer) previews(job string) {
	s.t.Helper()
	info := s.want(200, "GET", "/api/v3/jobs/"+job+"/last-rendered", "")
	for _, suffix := range info.get("suffixes").([]any) {
		img := s.want(200, "GET", info.text("base")+"/"+suffix.(string), "")
		if _, _, err := image.Decode(bytes.NewReader(img.body)); err != nil || img.header.Get("Content-Type") != "image/jpeg" {
			s.t.Errorf("%s is %s: %v", suffix, img.header.Get("Content-Type"), err)
		}
	}
}

func (s *testServer) workerMgtCalls(w string) {
	s.want(200, "GET", "/api/v3/worker-mgt/workers", "")
	tag := s.want(200, "POST", "/api/v3/worker-mgt/tags", `{"name":"gpu","description":"fast ones"}`).text("id")
	s.want(409, "POST", "/api/v3/worker-mgt/tags", `{"name":"gpu"}`)
	s.want(204, "PUT", "/api/v3/worker-mgt/tag/"+tag, `{"name":"GPU"}`)
	if got := s.want(200, "GET", "/api/v3/worker-mgt/tag/"+tag, ""); got.text("description") != "fast ones" || got.text("name") != "GPU" {
		s.t.Errorf("tag: %s", got.body)
	}
	s.want(200, "GET", "/api/v3/worker-mgt/tags", "")
	s.want(204, "POST", "/api/v3/worker-mgt/workers/"+w+"/settags", `{"tag_ids":["`+tag+`","11111111-1111-4111-8111-111111111111"]}`)
	if got := s.want(200, "GET", "/api/v3/worker-mgt/workers/"+w, ""); got.text("tags.0.name") != "GPU" && !strings.Contains(string(got.body), `"GPU"`) {
		s.t.Errorf("worker: %s", got.body)
	}
	s.scheduleCalls(w)
	s.want(200, "GET", "/api/farm/workers/"+w+"/why", "")
	s.want(204, "POST", "/api/v3/worker-mgt/workers/"+w+"/setstatus", `{"status":"asleep","is_lazy":true}`)
	if got := s.want(423, "POST", "/api/v3/worker/task", ""); got.text("status_requested") != "asleep" {
		s.t.Errorf("asked: %s", got.body)
	}
	if got := s.want(200, "GET", "/api/v3/worker/state", ""); got.text("status_requested") != "asleep" {
		s.t.Errorf("asked: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"asleep"}`)
	s.want(409, "POST", "/api/v3/worker/task", "")
	s.want(204, "DELETE", "/api/v3/worker-mgt/tag/"+tag, "")
	s.want(204, "POST", "/api/v3/worker/sign-off", "")
	s.want(204, "POST", "/api/farm/workers/"+w+"/approve", "")
	s.want(204, "DELETE", "/api/v3/worker-mgt/workers/"+w, "")
	s.want(404, "GET", "/api/v3/worker-mgt/workers/"+w, "")
	if got := s.want(200, "GET", "/api/farm/workers/"+w+"/audit", ""); !strings.Contains(string(got.body), `"what":"Deleted"`) ||
		!strings.Contains(string(got.body), `Asked to be asleep after its task`) {
		s.t.Errorf("audit: %s", got.body)
	}
	s.want(403, "POST", "/api/v3/worker/sign-off", "")
	s.want(403, "GET", "/api/farm/worker/needs", "")
	s.want(403, "PUT", "/api/farm/worker/unable", `{"unable":[]}`)
	s.want(403, "PUT", "/api/farm/worker/in-use", `{"in_use":""}`)
	s.want(403, "PUT", "/api/farm/worker/facts", `{}`)
	s.want(403, "GET", "/api/farm/worker/blenders", "")
	s.want(403, "GET", "/api/farm/worker/blenders/f00d", "")
}

func (s *testServer) jobCalls(job string) {
	s.want(204, "POST", "/api/v3/jobs/check", echoJob)
	s.want(200, "GET", "/api/v3/jobs", "")
	s.want(200, "GET", "/api/v3/jobs/"+job, "")
	s.want(200, "GET", "/api/v3/jobs/"+job+"/what-would-delete-do", "")
	s.want(200, "GET", "/api/v3/jobs/"+job+"/blocklist", "")
	s.want(200, "GET", "/api/farm/jobs/"+job+"/why", "")
	s.want(200, "GET", "/api/farm/tasks/"+s.tasks(job)[0]+"/why", "")
	s.want(204, "DELETE", "/api/v3/jobs/"+job+"/blocklist", `[{"worker_id":"`+job+`","task_type":"misc"}]`)
	s.want(204, "POST", "/api/v3/jobs/"+job+"/setpriority", `{"priority":70}`)
	s.want(204, "POST", "/api/v3/jobs/"+job+"/settag", `{}`)
	s.want(204, "POST", "/api/v3/jobs/"+job+"/setstatus", `{"status":"pause-requested","reason":"lunch"}`)
	if got := s.want(200, "GET", "/api/v3/jobs/"+job, ""); got.text("status") != "paused" || got.text("settings.message") != "hi <b>" || got.text("metadata.project") != "X" {
		s.t.Errorf("job: %s", got.body)
	}
	s.want(204, "POST", "/api/farm/jobs/"+job+"/requeue", `{"reason":"after lunch"}`)
	if got := s.want(200, "GET", "/api/farm/jobs/"+job+"/audit", ""); !strings.Contains(string(got.body), `"what":"Paused: lunch"`) ||
		!strings.Contains(string(got.body), `"what":"Priority changed from 50 to 70"`) || got.text("changes.0.what") != "Submitted" {
		s.t.Errorf("audit: %s", got.body)
	}
	s.want(200, "GET", "/api/farm/jobs?sort=name", "")
	s.want(200, "GET", "/api/farm/workers", "")
	s.demandCalls()
	s.want(409, "POST", "/api/farm/jobs/"+job+"/requeue", `{"tasks":"failed","reason":"none did"}`)
	s.want(400, "POST", "/api/farm/jobs/"+job+"/requeue", `{"tasks":"some","reason":""}`)
	s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
	s.submit()
	s.want(204, "DELETE", "/api/v3/jobs/mass-delete", `{"last_updated_max":"2999-01-01T00:00:00+02:00"}`)
}

// awaitGone waits for a job to be deleted.
func (s *testServer) awaitGone(job string) {
	s.t.Helper()
	for r := s.events.Follow(); s.call("GET", "/api/v3/jobs/"+job, "").status != http.StatusNotFound; {
		if _, err := r.Next(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}
