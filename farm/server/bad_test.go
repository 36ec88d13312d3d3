package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const nobody = "11111111-1111-4111-8111-111111111111" // a valid id of nothing

func TestBadRequests(t *testing.T) {
	s := newServer(t)
	s.worker()
	job := s.submit()
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	post := func(path, body string) [3]string { return [3]string{"POST", "/api/v3/" + path, body} }
	get := func(path string) [3]string { return [3]string{"GET", "/api/v3/" + path, ""} }
	tests := []struct {
		call   [3]string
		status int
		says   string // part of the message
	}{
		{post("jobs", `{"name":`), 400, "line 1"},
		{post("jobs", `[]`), 400, "must be an object"},
		{post("jobs", `{"name":"x","type":7,"submitter_platform":"linux"}`), 400, `"type" must be a string`},
		{post("jobs", `{"name":"x","submitter_platform":"linux"}`), 400, `"type" is missing`},
		{post("jobs", `{"name":"x","type":null,"submitter_platform":"linux"}`), 400, `"type" is null`},
		{post("jobs", `{"name":"x","type":"nothing","submitter_platform":"linux"}`), 400, "nothing"},
		{post("jobs", `{"name":" ","type":"echo-sleep-test","submitter_platform":"linux"}`), 400, "name"},
		{post("jobs", `{"name":"x","type":"echo-sleep-test","submitter_platform":"linux","settings":{}}`), 400, "message"},
		{post("jobs", strings.Replace(echoJob, `"priority":50`, `"priority":50,"type_etag":"old"`, 1)), 412, "refresh"},
		{post("jobs", strings.Replace(echoJob, `"priority":50`, `"priority":50,"worker_tag":"`+nobody+`"`, 1)), 400, "no such worker tag"},
		{post("jobs", strings.Replace(echoJob, `"priority":50`, `"priority":50,"initial_status":"completed"`, 1)), 400, "initial_status"},
		{post("jobs", strings.Replace(echoJob, `"X"`, `7`, 1)), 400, "metadata"},
		{post("jobs/check", `{}`), 400, "is missing"},
		{get("jobs/none"), 400, "not a valid UUID"},
		{get("jobs/" + nobody), 404, "no such job"},
		{get("jobs?status=busy"), 400, "busy"},
		{get("jobs?limit=-1"), 400, "limit"},
		{get("jobs/" + nobody + "/last-rendered"), 404, "no such job"},
		{get("jobs/type/none"), 404, "none"},
		{post("jobs/"+job+"/setstatus", `{"status":"completed","reason":""}`), 400, "by itself"},
		{post("jobs/"+job+"/setstatus", `{"status":"fine","reason":""}`), 400, "not a valid job status"},
		{post("jobs/"+job+"/setstatus", `{"status":"paused"}`), 400, `"reason" is missing`},
		{post("jobs/"+nobody+"/setstatus", `{"status":"paused","reason":""}`), 404, "no such job"},
		{post("jobs/"+job+"/setpriority", `{"priority":101}`), 400, "between 0 and 100"},
		{post("jobs/"+job+"/setpriority", `{"priority":1.5}`), 400, "whole number"},
		{post("jobs/"+job+"/settag", `{"name":"none"}`), 406, "none"},
		{[3]string{"DELETE", "/api/v3/jobs/" + job + "/blocklist", `[]`}, 400, "empty"},
		{[3]string{"DELETE", "/api/v3/jobs/mass-delete", `{"last_updated_max":"2001-01-01T00:00:00Z"}`}, 416, "no job"},
		{[3]string{"DELETE", "/api/v3/jobs/mass-delete", `{"last_updated_max":"yesterday"}`}, 400, ""},
		{get("tasks/none"), 400, "not a valid UUID"},
		{get("tasks/" + nobody), 404, "no such task"},
		{post("tasks/"+task+"/setstatus", `{"status":"completed","reason":""}`), 400, "cancel a task"},
		{get("worker-mgt/workers/" + nobody), 404, "no such worker"},
		{post("worker-mgt/workers/"+s.user+"/setstatus", `{"status":"error","is_lazy":false}`), 400, "error"},
		{post("worker-mgt/workers/"+s.user+"/setstatus", `{"status":"awake"}`), 400, `"is_lazy" is missing`},
		{get("worker-mgt/tag/" + nobody), 404, "tag"},
		{post("worker-mgt/tags", `{"name":" "}`), 400, "name"},
		{post("worker/task/none", `{}`), 400, "not a valid UUID"},
		{post("worker/task/"+nobody, `{}`), 404, "no such task"},
		{post("worker/task/"+task, `{"taskStatus":"soft-failed"}`), 400, "soft-failed"},
		{post("worker/task/"+task, `{"steps_completed":-1}`), 400, "negative"},
		{post("worker/state-changed", `{"status":"drunk"}`), 400, "drunk"},
		{post("worker/register-worker", `{"secret":"","platform":"linux","supported_task_types":[],"name":"x"}`), 400, "secret"},
		{[3]string{"PUT", "/api/v3/configuration/file", `{"_meta":{"version":2}}`}, 400, "version"},
		{[3]string{"PUT", "/api/v3/configuration/file", `{"_meta":{"version":3},"task_timeout":"soon"}`}, 400, "soon"},
		{post("configuration/setup-assistant", `{"storageLocation":"x","blenderExecutable":{"input":"","path":"","source":"default","is_usable":true,"cause":""}}`), 400, "storageLocation"},
		{get("nothing/here"), 404, "nothing is at"},
		{get("jobs/"), 404, ""},
	}
	for _, test := range tests {
		t.Run(test.call[0]+" "+test.call[1]+" "+test.call[2], func(t *testing.T) {
			s.t = t
			a := s.call(test.call[0], test.call[1], test.call[2])
			if a.status != test.status || !strings.Contains(a.text("message"), test.says) || a.get("code") != float64(test.status) {
				t.Errorf("answered %d %s, want %d with %q", a.status, a.body, test.status, test.says)
			}
		})
	}
	s.t = t
	if a := s.want(200, "GET", "/api/v3/jobs/"+job, ""); a.text("status") != "active" {
		t.Errorf("bad requests changed the job: %s", a.body)
	}
	if n := len(s.want(200, "GET", "/api/v3/jobs", "").get("jobs").([]any)); n != 1 {
		t.Errorf("there are %d jobs, want the one that was right", n)
	}
}

func TestCredentials(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	for _, op := range []string{"POST task", "POST sign-on", "POST sign-off", "GET state", "POST state-changed", "POST task/" + nobody,
		"GET task/" + nobody + "/may-i-run", "POST task/" + nobody + "/output-produced"} {
		method, path, _ := strings.Cut(op, " ")
		for _, credentials := range [][2]string{{"", ""}, {w, "wrong"}, {nobody, secret}} {
			req, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/v3/worker/"+path, strings.NewReader("{bad body"))
			if err != nil {
				t.Fatal(err)
			}
			if credentials[0] != "" {
				req.SetBasicAuth(credentials[0], credentials[1])
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || resp.Header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s as %q answered %d", op, credentials[0], resp.StatusCode)
			}
		}
	}
}

func TestWrongMethodsAndBodies(t *testing.T) {
	s := newServer(t)
	a := s.want(405, "PUT", "/api/v3/jobs", `{}`)
	if a.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow is %q", a.header.Get("Allow"))
	}
	s.want(405, "PATCH", "/api/v3/version", "")
	s.want(400, "POST", "/api/v3/jobs", echoJob, "Content-Type", "text/plain")
	huge := fmt.Sprintf(`{"name":"x","type":"echo-sleep-test","submitter_platform":"linux","settings":{"message":%q}}`, strings.Repeat("x", 33<<20))
	s.want(413, "POST", "/api/v3/jobs", huge)
	s.worker()
	job := s.submit()
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	output := "/api/v3/worker/task/" + task + "/output-produced"
	s.want(415, "POST", output, "text", "Content-Type", "text/plain")
	s.want(400, "POST", output, "", "Content-Type", "image/png")
	s.want(413, "POST", output, strings.Repeat("x", 26<<20), "Content-Type", "image/png")
	s.want(202, "POST", output, "no image", "Content-Type", "image/png")
	s.want(204, "GET", "/api/v3/jobs/"+job+"/last-rendered", "")
}

func TestFilesAreConfined(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.submit()
	s.want(200, "POST", "/api/v3/worker/task", "")
	for _, path := range []string{"/job-files/", "/job-files/..", "/job-files/../farm.db", "/job-files/%2e%2e/farm.db", "/job-files/%2fetc/passwd", "/job-files/job-1111", "/job-files/x\x00y"} {
		req, err := http.NewRequest("GET", s.url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = strings.ReplaceAll(path, "\x00", "%00")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Errorf("%q was served", path)
		}
	}
}

func TestPages(t *testing.T) {
	s := newServer(t)
	s.call("GET", "/app/", "")
	if n := s.docsMade.Load(); n != 0 {
		t.Error("the documentation was made before somebody read it")
	}
	for path, want := range map[string]int{
		"/": 307, "/app": 307, "/app/": 200, "/app/app.css": 200, "/app/none.js": 404, "/app/jobs/" + nobody: 200, "/favicon.ico": 200,
		"/api/v3/openapi3.json": 200, "/api/v3/swagger-ui/": 200, "/api/v3/swagger-ui": 307, "/api/farm/jobtypes/broken": 200, "/docs": 307, "/docs/": 200, "/docs/index.html": 200, "/docs/none.html": 404, "/none": 404,
	} {
		a := s.call("GET", path, "")
		if a.status != want {
			t.Errorf("%s answered %d, want %d", path, a.status, want)
		}
		if etag := a.header.Get("ETag"); etag != "" {
			s.want(304, "GET", path, "", "If-None-Match", etag)
		}
	}
	if n := s.docsMade.Load(); n != 1 {
		t.Errorf("the documentation was made %d times", n)
	}
}
