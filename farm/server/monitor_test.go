package server_test

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the lines that contain all of the texts.
func (l *logged) lines(texts ...string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for line := range strings.Lines(l.text.String()) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue next
			}
		}
		lines = append(lines, line)
	}
	return lines
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? (\S+)$`)
	metricName = regexp.MustCompile(`\b(?:farm|go|process)_[a-z_]+\b`)
)

// scrape reads the page of figures as Prometheus does, and returns the values by name
// and labels, and the kinds of the metrics by name.
func (s *testServer) scrape() (values map[string]float64, kinds map[string]string) {
	s.t.Helper()
	page := s.want(200, "GET", "/metrics", "")
	if kind := page.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		s.t.Errorf("the figures are %q", kind)
	}
	values, kinds = map[string]float64{}, map[string]string{}
	var family string
	for line := range strings.Lines(string(page.body)) {
		line = strings.TrimSuffix(line, "\n")
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, text, _ := strings.Cut(help, " ")
			if _, twice := kinds[name]; twice || !strings.HasSuffix(text, ".") {
				s.t.Errorf("%s is there twice, or not explained: %q", name, text)
			}
			family = name
			continue
		}
		if kind, ok := strings.CutPrefix(line, "# TYPE "+family+" "); ok {
			kinds[family] = kind
			if kind == "counter" != strings.HasSuffix(family, "_total") {
				s.t.Errorf("%s is a %s", family, kind)
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			s.t.Fatalf("not a sample: %q", line)
		}
		name := m[1]
		if kinds[family] == "histogram" {
			name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := values[m[1]+m[2]]; twice || err != nil || name != family {
			s.t.Errorf("a sample twice, in the wrong place, or wrong: %q", line)
		}
		values[m[1]+m[2]] = value
	}
	return values, kinds
}

func TestMetrics(t *testing.T) {
	s := newServer(t)
	worker := s.worker()
	job := s.submit()
	s.want(200, "POST", "/api/v3/worker/task", "")
	s.want(404, "GET", "/none", "")
	s.want(200, "POST", "/api/farm/backups", "")
	before, _ := s.scrape()
	s.want(200, "GET", "/api/v3/jobs/"+job, "")
	s.want(400, "GET", "/api/v3/jobs/none", "")
	s.want(405, "BREW", "/api/v3/jobs/none", "")
	stream := s.follow("/api/farm/events")
	stream.await("hello", "")
	got, _ := s.scrape()
	for name, want := range map[string]float64{
		`farm_jobs{status="active"}`: 1, `farm_jobs{status="queued"}`: 0, `farm_tasks{status="active"}`: 1, `farm_tasks{status="queued"}`: 2,
		`farm_workers{status="awake"}`: 1, `farm_tasks_assigned_total`: 1, `farm_tasks_ended_total{result="completed"}`: 0,
		`farm_workers_busy`: 1, `farm_workers_idle`: 0, `farm_workers_recommended`: 1,
		`farm_storage_up`: 1, `farm_slots_in_use{of="event_streams"}`: 1, `farm_slots{of="event_streams"}`: 400,
		`farm_http_requests_total{method="GET",route="/api/v3/jobs/{job_id}",status="2xx"}`:               1,
		`farm_http_requests_total{method="GET",route="/api/v3/jobs/{job_id}",status="4xx"}`:               1,
		`farm_http_request_duration_seconds_count{method="GET",route="/api/v3/jobs/{job_id}"}`:            2,
		`farm_http_request_duration_seconds_bucket{method="GET",route="/api/v3/jobs/{job_id}",le="+Inf"}`: 2,
		`farm_http_requests_total{method="GET",route="other",status="4xx"}`:                               1,
		`farm_http_requests_total{method="other",route="other",status="4xx"}`:                             1,
		`farm_http_requests_under_way`: 2,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
	for _, name := range []string{"farm_store_commit_duration_seconds_count", "farm_store_operations_total", "farm_store_size_bytes",
		"farm_backup_last_timestamp_seconds", "farm_events_published_total", `farm_disk_free_bytes{of="storage"}`, "go_goroutines"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	for name, value := range got {
		if strings.Contains(name, job) || strings.Contains(name, worker) {
			t.Errorf("a figure has the name of one job or worker: %s", name)
		}
		if old := before[name]; strings.HasPrefix(name, "farm_") && strings.Contains(name, "_total") && value < old {
			t.Errorf("%s went from %v to %v", name, old, value)
		}
	}
}

// TestMetricsAreDocumented compares the figures with the documentation and the
// dashboard: each is explained, and what these two name is there.
func TestMetricsAreDocumented(t *testing.T) {
	s := newServer(t)
	s.want(200, "POST", "/api/farm/backups", "")
	_, kinds := s.scrape()
	documented := map[string]bool{}
	for _, file := range []string{"../../docs/monitoring.md", "../../docs/grafana.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, name := range metricName.FindAllString(string(text), -1) {
			family := name
			if _, ok := kinds[name]; !ok {
				family = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			}
			if _, ok := kinds[family]; !ok && !onlyOnLinux(name) {
				t.Errorf("%s has %s, which is not there", file, name)
			}
			documented[name] = true
			found++
		}
		if found < 20 {
			t.Errorf("%s names only %d figures", file, found)
		}
	}
	for name := range kinds {
		if !documented[name] {
			t.Errorf("docs/monitoring.md does not have %s", name)
		}
	}
}

// onlyOnLinux reports whether a figure is told on Linux alone.
func onlyOnLinux(name string) bool { return strings.HasPrefix(name, "process_") }

func TestHealth(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		for _, method := range []string{"GET", "HEAD"} {
			s.want(200, method, path, "")
		}
	}
	if err := os.Rename(s.home+"/storage", s.home+"/away"); err != nil {
		t.Fatal(err)
	}
	s.want(200, "GET", "/healthz", "")
	if got := s.want(503, "GET", "/readyz", ""); !strings.Contains(got.text("message"), "shared storage is not there") {
		t.Errorf("without the shared storage: %s", got.body)
	}
	if got, _ := s.scrape(); got["farm_storage_up"] != 0 {
		t.Error("the figures say that the shared storage is there")
	}
}

// TestRequestIDs sends ids of all kinds: those that are fit to be logged come back, and
// instead of the others there are new ones.
func TestRequestIDs(t *testing.T) {
	s := newServer(t)
	made := map[string]bool{}
	for id, kept := range map[string]bool{
		"5f1d9a3e-2f9b-4c1e-8b55-0d3a1f2b4c5d": true, "01ARZ3NDEKTSV4RRFFQ69G5FAV": true, "proxy/1:2.3_4+5=@": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "a b": false, `a"b`: false, "a\tb": false, "ä": false,
	} {
		got := s.want(404, "GET", "/none", "", "X-Request-Id", id).header.Get("X-Request-Id")
		if (got == id) != kept || got == "" || made[got] {
			t.Errorf("for %q the answer has %q", id, got)
		}
		made[got] = true
	}
}

// TestSlowRequests logs every request as a slow one, and then none.
func TestSlowRequests(t *testing.T) {
	s := newServer(t)
	s.configure(map[string]string{"log_slow_requests": `"1ns"`})
	s.want(404, "GET", "/api/v3/jobs/"+nobody+"?token=secret", "", "X-Request-Id", "slow-1")
	lines := s.logged.lines("slow request", "request=slow-1", "method=GET", "route=/api/v3/jobs/{job_id}", "status=404", "took=")
	if len(lines) != 1 || strings.Contains(lines[0], "secret") {
		t.Errorf("logged: %q", lines)
	}
	s.configure(map[string]string{"log_slow_requests": `"0s"`})
	s.want(404, "GET", "/none", "", "X-Request-Id", "slow-2")
	if lines := s.logged.lines("slow-2"); len(lines) != 0 {
		t.Errorf("logged although it is switched off: %q", lines)
	}
}

// TestHeldRequestsAreNotSlow waits for a task until there is one: the time says nothing of the manager.
func TestHeldRequestsAreNotSlow(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.configure(map[string]string{"log_slow_requests": `"1ns"`})
	s.want(204, "POST", "/api/v3/worker/task", "", "Prefer", "wait=1", "X-Request-Id", "held")
	if lines := s.logged.lines("request=held"); len(lines) != 0 {
		t.Errorf("logged: %q", lines)
	}
	got, _ := s.scrape()
	if n := got[`farm_http_request_duration_seconds_count{method="POST",route="/api/v3/worker/task"}`]; n != 0 {
		t.Errorf("the duration of %v held requests was counted", n)
	}
	if n := got[`farm_http_requests_total{method="POST",route="/api/v3/worker/task",status="2xx"}`]; n != 1 {
		t.Errorf("%v held requests were counted", n)
	}
}

// TestTooLargeBodyClosesTheConnection: what is left of the body shall not be read.
func TestTooLargeBodyClosesTheConnection(t *testing.T) {
	s := newServer(t)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/v3/jobs/check", bytes.NewReader(make([]byte, 9<<20)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
		t.Errorf("answered %d, and the connection stays open: %v", res.StatusCode, !res.Close)
	}
}
