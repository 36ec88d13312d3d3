package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/api/apitest"
)

const id = "0b7a2e1c-5a34-4b6f-9a51-3f5f1d0c9e01"

// judge is a testing.TB that keeps what it is told instead of failing.
type judge struct {
	testing.TB
	said []string
}

func (j *judge) Helper() {}

func (j *judge) Errorf(format string, args ...any) {
	j.said = append(j.said, fmt.Sprintf(format, args...))
}

// answer is a server that says the same to every call.
func answer(status int, kind, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func TestContract(t *testing.T) {
	const kind = "application/json"
	const version = `{"version":"1","shortversion":"1","name":"Farm","git":""}`
	tests := []struct {
		name    string
		request string // "METHOD path body"
		answer  http.Handler
		problem string // "": none
	}{
		{"good", "GET /api/v3/version", answer(200, kind+"; charset=UTF-8", version), ""},
		{"additions are allowed", "GET /api/v3/version", answer(200, kind, strings.Replace(version, "{", `{"more":1,`, 1)), ""},
		{"missing key", "GET /api/v3/version", answer(200, kind, `{"version":"1"}`), "shortversion"},
		{"null", "GET /api/v3/jobs", answer(200, kind, `{"jobs":null}`), "nullable"},
		{"no content type", "GET /api/v3/version", answer(200, "text/html", version), "text/html"},
		{"unknown status", "GET /api/v3/version", answer(202, "", ""), "status is not supported"},
		{"body of nothing", "DELETE /api/v3/jobs/" + id, answer(204, "", "x"), "describes none"},
		{"error", "GET /api/v3/jobs/" + id, answer(404, kind, `{"code":404,"message":"no such job"}`), ""},
		{"error with another code", "GET /api/v3/jobs/" + id, answer(404, kind, `{"code":400,"message":"no such job"}`), "code 400"},
		{"error without words", "GET /api/v3/jobs/" + id, answer(404, kind, `{"code":404,"message":" "}`), "no message"},
		{"bad request refused", "POST /api/v3/jobs/" + id + `/setpriority {"priority":101}`, answer(400, kind, `{"code":400,"message":"no"}`), ""},
		{"bad request taken", "POST /api/v3/jobs/" + id + `/setpriority {"priority":101}`, answer(204, "", ""), "was taken"},
		{"defaults are filled in", `POST /api/v3/jobs/check {"name":"a","type":"b","submitter_platform":"linux"}`, answer(204, "", ""), ""},
		{"no credentials taken", "POST /api/v3/worker/sign-off", answer(204, "", ""), "was taken"},
		{"no credentials refused", "POST /api/v3/worker/sign-off", answer(403, kind, `{"code":403,"message":"no"}`), ""},
		{"a name that looks like an id", "GET /api/v3/jobs/types", answer(200, kind, `{"job_types":[]}`), ""},
		{"several statuses", "GET /api/v3/jobs?limit=3&status=active&status=queued&after=" + id, answer(200, kind, `{"jobs":[]}`), ""},
		{"no such status", "GET /api/v3/jobs?status=busy", answer(200, kind, `{"jobs":[]}`), "was taken"},
		{"unknown path", "GET /api/v3/nothing", answer(404, kind, `{"code":404,"message":"no"}`), ""},
		{"unknown path taken", "GET /api/v3/nothing", answer(200, "", ""), "does not know"},
		{"unknown addition taken", "GET /api/farm/nothing", answer(200, kind, `{}`), "does not know"},
		{"stream", "GET /api/farm/events", answer(200, "text/event-stream", ""), ""},
		{"wrong method", "PUT /api/v3/jobs", answer(405, kind, `{"code":405,"message":"no"}`), "Allow"},
		{"document", "GET /api/v3/openapi3.json", answer(200, kind, `{}`), ""},
		{"elsewhere", "GET /app/", answer(200, "text/html", "<html>"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := &judge{TB: t}
			contract := apitest.New(j)
			send(t, contract.Client(apitest.Over(test.answer)), test.request)
			switch all := strings.Join(j.said, "\n"); {
			case test.problem == "" && all != "":
				t.Errorf("unexpected: %s", all)
			case !strings.Contains(all, test.problem):
				t.Errorf("said %q, want %q", all, test.problem)
			}
		})
	}
}

// send makes the call of a line "METHOD path body".
func send(t *testing.T, client *http.Client, line string) {
	t.Helper()
	part := strings.SplitN(line+"  ", " ", 3)
	body := strings.TrimSpace(part[2])
	req, err := http.NewRequestWithContext(t.Context(), part[0], "http://farm.test"+part[1], strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

func TestImages(t *testing.T) {
	contract := apitest.New(t)
	var got string
	client := contract.Client(apitest.Over(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(string(body), " ", r.ContentLength)
		w.WriteHeader(http.StatusAccepted)
	})))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://farm.test/api/v3/worker/task/"+id+"/output-produced", strings.NewReader("\xff\xd8"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "image/jpeg")
	req.SetBasicAuth(id, "secret")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got != "\xff\xd8 2" || contract.Count("taskOutputProduced", http.StatusAccepted) != 1 {
		t.Errorf("the server got %q; seen: %v", got, contract.Seen())
	}
}

func TestSeen(t *testing.T) {
	j := &judge{TB: t}
	contract := apitest.New(j)
	all := len(contract.Missing())
	if all < 57 {
		t.Errorf("%d operations are missing at first", all)
	}
	client := contract.Client(apitest.Over(answer(200, "application/json", `{"tags":[]}`)))
	send(t, client, "GET /api/v3/worker-mgt/tags")
	send(t, client, "GET /api/v3/worker-mgt/tags")
	send(t, contract.Client(apitest.Over(answer(500, "application/json", `{"code":500,"message":"no"}`))), "GET /api/v3/status")
	want := []apitest.Seen{{Operation: "fetchWorkerTags", Status: 200}, {Operation: "getFarmStatus", Status: 500}}
	if got := contract.Seen(); !slices.Equal(got, want) {
		t.Errorf("seen: %v", got)
	}
	if got := contract.Missing("getVersion"); len(got) != all-2 || !slices.Contains(got, "getFarmStatus") || slices.Contains(got, "getVersion") {
		t.Errorf("missing: %v", got)
	}
	if contract.Require(); len(j.said) != 1 || !strings.Contains(j.said[0], "getFarmStatus") {
		t.Errorf("said %q", j.said)
	}
}

// TestHangUp ends a call while the server holds it.
func TestHangUp(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	client := apitest.New(t).Client(apitest.Over(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://farm.test/api/v3/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(req); !errors.Is(err, cause) {
		t.Errorf("the error is %v", err)
	}
}
