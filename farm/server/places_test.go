package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestHostilePlaces asks for pages, files and streams at places that are none, and for
// parts of them in ways that make no sense.
func TestHostilePlaces(t *testing.T) {
	s := newServer(t)
	s.populate()
	log := strings.TrimPrefix(s.want(200, "GET", "/api/v3/tasks/"+s.ids["task_id"]+"/log", "").text("url"), s.url)
	any := operation{Operation: &openapi3.Operation{Responses: openapi3.NewResponses()}, id: "a place"}
	var all []hostile
	add := func(target string, header ...string) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		all = append(all, hostile{"path", "GET", target, h, ""})
	}
	for _, folder := range []string{"/app/", "/docs/", "/api/v3/swagger-ui/", "/job-files/", "/job-files/job-1111/", "/", "/metrics/", "/api/v3/", "/api/farm/"} {
		for _, raw := range []string{"..", "%2e%2e/farm.db", "..%2f..%2fetc%2fpasswd", "%00", "a%00b", "%ff%fe", "%5c..%5cfarm.db", "C:%5cwindows", "//etc/passwd", ".", "con", "a:b", strings.Repeat("x", 20_000), strings.Repeat("x/", 10_000), "%u0041", "%", "%zz", "*"} {
			add(folder + raw)
		}
	}
	for _, text := range wrongTexts() {
		if !strings.ContainsAny(text, "\x00\n") {
			for _, name := range []string{"Range", "If-None-Match", "If-Modified-Since", "If-Range", "Accept-Encoding", "Accept"} {
				add(log, name, text)
				add("/app/", name, text)
			}
			add("/farm-addon.zip", "X-Forwarded-Host", text)
		}
		add("/api/farm/events/?job=" + url.QueryEscape(text))
	}
	for _, ranges := range []string{"bytes=" + strings.Repeat("0-0,", 5000) + "0-0", "bytes=9-1", "bytes=-99999999999999999999", "bytes=99999999999-", "lines=1-2"} {
		add(log, "Range", ranges)
		add("/app/app.css", "Range", ranges)
	}
	for _, h := range all {
		problem := s.problemWith(any, h)
		if strings.HasPrefix(problem, "416 with the body \"invalid range") {
			continue // net/http's words, for clients that know of ranges
		}
		if problem != "" {
			t.Errorf("%.100s %.200v: %.500s", h.target, h.header, problem)
		}
	}
	if lines := s.logged.lines("panic"); len(lines) > 0 {
		t.Errorf("in the log: %.2000s", lines[0])
	}
}

// TestHostileFollowers follows the events with what is no id, and no place among them.
func TestHostileFollowers(t *testing.T) {
	s := newServer(t)
	for what, text := range wrongTexts() {
		if strings.ContainsAny(text, "\x00\n") {
			continue
		}
		stream := s.follow("/api/farm/events?job="+url.QueryEscape(text)+"&log="+url.QueryEscape(text), "Last-Event-ID", text)
		if name, _ := stream.next(); name != "hello" && name != "reset" && name != "status" {
			t.Errorf("%s: the stream begins with %q", what, name)
		}
		stream.close()
	}
}
