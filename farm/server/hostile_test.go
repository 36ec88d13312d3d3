package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"renderfarm/farm/api"
)

// A hostile request is one that a client of the protocol would not send.
type hostile struct {
	what, method, target string // target as it is sent, query included
	header               http.Header
	body                 string
}

// TestHostileRequests sends to every operation of the OpenAPI document what its parameters,
// header and body do not allow: each answer comes, none blames the manager, and
// each error says in a sentence what is wrong.
func TestHostileRequests(t *testing.T) {
	s := newServer(t)
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	peak := heap(func() {
		for _, op := range operationsOf(doc) {
			s.populate()
			all := op.hostile(s)
			sent += len(all)
			s.sendHostile(op, all)
		}
	})
	t.Logf("%d requests took at most %d MiB", sent, peak)
	if sent < 3000 {
		t.Errorf("only %d requests were made of the document", sent)
	}
	if peak > 300 {
		t.Errorf("the requests took %d MiB", peak)
	}
	for _, text := range []string{"panic in a request", "request failed"} {
		if lines := s.logged.lines(text); len(lines) > 0 {
			t.Errorf("%d times in the log, such as %.2000s", len(lines), lines[0])
		}
	}
	s.want(200, "GET", "/api/v3/version", "")
}

// populate has a job, a task that a worker holds, and a tag, whatever was deleted.
func (s *testServer) populate() {
	s.t.Helper()
	if s.user == "" || s.call("GET", "/api/v3/worker/state", "").status >= 400 {
		s.user = ""
		s.worker()
	}
	if s.ids["job_id"] == "" || s.call("GET", "/api/v3/jobs/"+s.ids["job_id"], "").status != 200 {
		s.ids = map[string]string{"job_id": s.submit()}
		s.ids["task_id"] = s.tasks(s.ids["job_id"])[0]
		if got := s.call("POST", "/api/v3/worker/task", ""); got.status == 200 && got.text("job") == s.ids["job_id"] {
			s.want(204, "POST", "/api/v3/worker/task/"+s.ids["task_id"], `{"log":"begun"}`)
		}
		s.ids["tag_id"] = s.want(200, "POST", "/api/v3/worker-mgt/tags", fmt.Sprintf(`{"name":"tag of %s"}`, s.ids["job_id"])).text("id")
	}
	s.ids["worker_id"] = s.user
	for name, value := range map[string]string{"audience": "users", "platform": "linux", "typeName": "echo-sleep-test", "checksum": strings.Repeat("ab", 32), "filesize": "3", "sha256": strings.Repeat("cd", 32)} {
		s.ids[name] = value
	}
}

// sendHostile sends requests to one operation, some at a time.
func (s *testServer) sendHostile(op operation, all []hostile) {
	s.t.Helper()
	todo := make(chan hostile)
	var senders sync.WaitGroup
	for range 6 {
		senders.Go(func() {
			for h := range todo {
				if problem := s.problemWith(op, h); problem != "" {
					s.t.Errorf("%s, %s: %s %.200s\n\theader %.200v\n\tbody %.200q\n\t%s", op.id, h.what, h.method, h.target, h.header, h.body, problem)
				}
			}
		})
	}
	for _, h := range all {
		todo <- h
	}
	close(todo)
	senders.Wait()
}

// problemWith sends a request and says what is wrong with its answer, "" for nothing.
func (s *testServer) problemWith(op operation, h hostile) string {
	// Nothing may take for ever; how long it takes depends on the computer.
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, h.method, s.url, strings.NewReader(h.body))
	if err != nil {
		return err.Error()
	}
	req.URL.Opaque = h.target // as it is, escapes and all
	req.URL.RawQuery, req.URL.ForceQuery = "", false
	for name, values := range h.header {
		req.Header[name] = values
	}
	if op.signed {
		req.SetBasicAuth(s.user, secret)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err.Error()
	}
	return op.judge(h, res, body)
}

// inside are words that belong into the program and not into messages to users.
var inside = regexp.MustCompile(`\b(?:api|farm|json|strconv|http|manager|store|reflect|url)\.[A-Z]\w+|goroutine|runtime error|strconv|unmarshal|0x[0-9a-f]{6}|<nil>|%!`)

// longestMessage is more than a helpful sentence needs, in bytes.
const longestMessage = 2000

// judge says what is wrong with an answer, "" for nothing.
func (op operation) judge(h hostile, res *http.Response, body []byte) string {
	status := res.StatusCode
	known := op.Operation.Responses.Status(status) != nil
	fromNetHTTP := res.Header.Get("X-Request-Id") == "" // refused before any handler: 400 and 431
	switch {
	case fromNetHTTP && (status == http.StatusBadRequest || status == http.StatusRequestHeaderFieldsTooLarge):
		return ""
	case status >= 500 && !(status == http.StatusNotImplemented && known):
		return fmt.Sprintf("%d %s", status, body)
	case !known && !h.elsewhere(status):
		return fmt.Sprintf("%d, which the document does not have: %s", status, body)
	case status < 400 || status == http.StatusLocked || h.method == http.MethodHead:
		return ""
	}
	var e api.Error
	if err := json.Unmarshal(body, &e); err != nil || e.Code != status || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		return fmt.Sprintf("%d with the body %.300q: %v", status, body, err)
	}
	foreign := inside.MatchString(e.Message) && !inside.MatchString(h.target+h.body+fmt.Sprint(h.header)) // else it quotes the client
	if m := e.Message; len(m) < 10 || len(m) > longestMessage || !utf8.ValidString(m) || foreign {
		return fmt.Sprintf("%d with the message %.1500q", status, m)
	}
	return ""
}

// elsewhere reports whether the request leads away from the operation: to no route, to
// that of another method, or with its path to another place.
func (h hostile) elsewhere(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed ||
		strings.HasPrefix(h.what, "path") || strings.HasPrefix(h.what, "method")
}

// pathOf puts values into a path of the document, escaped unless they are raw.
func pathOf(template string, values map[string]string, raw string) string {
	return regexp.MustCompile(`\{(\w+)\}`).ReplaceAllStringFunc(template, func(name string) string {
		if name = strings.Trim(name, "{}"); name == raw {
			return values[name]
		}
		return url.PathEscape(values[name])
	})
}
