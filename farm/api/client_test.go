package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/api/apitest"
)

// serve starts a server and returns a client of it, signed as a worker.
func serve(t *testing.T, handler http.HandlerFunc) *api.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := api.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c.WithCredentials(worker, "secret")
}

// reply writes a status, a content type and a body.
func reply(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	io.WriteString(w, body)
}

const jsonKind = "application/json"

func TestScheduleTask(t *testing.T) {
	assigned := string(encode(t, full("AssignedTask")))
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   string // Task.Name, StatusRequested, error status, error text
	}{
		{"task", 200, jsonKind, assigned, "render-1-10  0 "},
		{"nothing to do", 204, "", "", "  0 "},
		{"another status first", 423, jsonKind, `{"status_requested":"asleep"}`, " asleep 0 "},
		{"locked for another reason", 423, jsonKind, `{"message":"no"}`, "  423 no"},
		{"not awake", 409, jsonKind, `{"code":409,"message":"you are asleep"}`, "  409 you are asleep"},
		{"not known", 403, jsonKind, `{"message":"no such worker"}`, "  403 no such worker"},
		{"a bare string", 404, jsonKind, `"Task does not exist"`, "  404 Task does not exist"},
		{"a page of a proxy", 502, "text/html", "<h1>Bad\n\n Gateway</h1>", "  502 the manager answered 502 Bad Gateway: Bad Gateway"},
		{"a page with a title", 404, "text/html", "<!doctype html><html><head><title>Not &amp; found</title><style>h1{color:red}</style></head><body><h1>nginx</h1></body></html>", "  404 the manager answered 404 Not Found: Not & found"},
		{"a page without a title", 503, "text/html", "<!-- x --><style>a{}</style><p>1 < 2</p><script>alert(1)</script>", "  503 the manager answered 503 Service Unavailable: 1 < 2"},
		{"no body", 500, "", "", "  500 the manager answered 500 Internal Server Error"},
		{"another program", 200, "text/html", "<html>", `  0 answered with "text/html" where a manager answers with JSON`},
		{"half a task", 200, jsonKind, assigned[:50], "  0 cannot be understood"},
		{"task without an id", 200, jsonKind, "{}", "  0 without an id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) { reply(w, test.status, test.kind, test.body) })
			a, err := c.ScheduleTask(t.Context(), 0)
			name, text := "", ""
			if a.Task != nil {
				name = a.Task.Name
			}
			if err != nil {
				text = err.Error()
			}
			got := fmt.Sprintf("%s %s %d ", name, a.StatusRequested, api.StatusOf(err))
			if want, rest := test.want[:len(got)], test.want[len(got):]; got != want || !strings.Contains(text, rest) {
				t.Errorf("got %q %q, want %q", got, text, test.want)
			}
		})
	}
}

// TestNoAnswer makes sure that 204 is not taken for an answer where there has
// to be one: a worker must not end its task because of it.
func TestNoAnswer(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if _, err := c.MayWorkerRun(t.Context(), task, 0); err == nil {
		t.Error("204 was taken for a no")
	}
	if _, ok, err := c.FetchTaskLogTail(t.Context(), task); ok || err != nil {
		t.Errorf("the log of a task without one: %v, %v", ok, err)
	}
	if _, ok, err := c.FetchJobLastRenderedInfo(t.Context(), job); ok || err != nil {
		t.Errorf("the image of a job without one: %v, %v", ok, err)
	}
}

func TestRequestHeaders(t *testing.T) {
	var got http.Header
	var user, password string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		user, password, _ = r.BasicAuth()
		if d := api.PreferWait(r.Header); d > 0 {
			api.SetPreferenceApplied(w.Header())
		}
		w.WriteHeader(http.StatusNoContent)
	})
	c.UserAgent = "Farm/1.0"
	a, err := c.ScheduleTask(t.Context(), 1500*time.Millisecond)
	if err != nil || !a.Waited {
		t.Errorf("%+v, %v", a, err)
	}
	if got.Get("Prefer") != "wait=2" || got.Get("User-Agent") != "Farm/1.0" || user != worker || password != "secret" {
		t.Errorf("the request had %v", got)
	}
	if a, err := c.ScheduleTask(t.Context(), 0); err != nil || a.Waited || got.Get("Prefer") != "" {
		t.Errorf("without a wish to wait: %+v, %v, %v", a, err, got)
	}
	c.User = ""
	if _, err := c.ScheduleTask(t.Context(), 0); err != nil || got.Get("Authorization") != "" {
		t.Errorf("without credentials: %v, %v", err, got)
	}
}

func TestOversized(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonKind)
		if r.URL.Path == "/api/v3/version" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		chunk := make([]byte, 1<<20)
		for range 65 {
			if _, err := w.Write(chunk); err != nil {
				return // the client has read enough
			}
		}
	})
	if _, err := c.FetchJobs(t.Context(), api.JobsQuery{}); farm.KindOf(err) != farm.TooLarge {
		t.Errorf("an answer of 65 MB: %v", err)
	}
	if _, err := c.GetVersion(t.Context()); api.StatusOf(err) != 500 || len(err.Error()) > 1000 {
		t.Errorf("an error of 65 MB: %v", err)
	}
	if err := c.TaskOutputProduced(t.Context(), task, "image/png", make([]byte, api.MaxOutput+1)); farm.KindOf(err) != farm.TooLarge {
		t.Errorf("an image of more than 25 MiB: %v", err)
	}
}

func TestCancel(t *testing.T) {
	cause := errors.New("the worker ends")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})
	if _, err := c.ScheduleTask(ctx, time.Minute); !errors.Is(err, cause) {
		t.Errorf("the error of a canceled call is %v", err)
	}
}

// TestTimeout checks in virtual time that a call ends, and that a long wait
// is not taken for a dead manager.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := 59 * time.Second
		c := &api.Client{Base: "http://farm.test", HTTP: &http.Client{Transport: apitest.Over(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(hold):
				w.WriteHeader(http.StatusNoContent)
			case <-r.Context().Done():
			}
		}))}}
		if _, err := c.ScheduleTask(t.Context(), time.Minute); err != nil {
			t.Errorf("a wait of a minute: %v", err)
		}
		start := time.Now()
		if _, err := c.ScheduleTask(t.Context(), 0); farm.KindOf(err) != farm.Busy || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no answer: %v", err)
		}
		if d := time.Since(start); d != api.DefaultTimeout {
			t.Errorf("it took %s to give up", d)
		}
		hold = 2 * time.Minute
		if err := c.SubmitJobCheck(t.Context(), api.SubmittedJob{}); err != nil {
			t.Errorf("planning a large job: %v", err)
		}
	})
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := api.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetVersion(t.Context())
	if farm.KindOf(err) != farm.Unavailable || strings.Count(err.Error(), server.URL) != 1 || api.StatusOf(err) != 0 {
		t.Errorf("the error is %v", err)
	}
	if _, err := c.Open(t.Context(), "/job-files/x"); farm.KindOf(err) != farm.Unavailable {
		t.Errorf("the error is %v", err)
	}
}

func TestRedirect(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://farm.test/", http.StatusMovedPermanently)
	})
	if err := c.SignOff(t.Context()); api.StatusOf(err) != 301 || !strings.Contains(err.Error(), "https://farm.test/") {
		t.Errorf("the error is %v", err)
	}
}

func TestOpen(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/farm/job-files/log.txt" {
			reply(w, 404, jsonKind, `{"code":404,"message":"no log"}`)
			return
		}
		io.WriteString(w, "Fra:1")
	})
	c.Base += "/farm"
	f, err := c.Open(t.Context(), "/job-files/log.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != "Fra:1" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := c.Open(t.Context(), "/job-files/other"); api.StatusOf(err) != 404 {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, path := range []string{"", "x", "//evil.test/x", "http://evil.test/"} {
		if _, err := c.Open(t.Context(), path); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestPathsEscaped makes sure that names cannot reach into another path.
func TestPathsEscaped(t *testing.T) {
	var got string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.RequestURI; reply(w, 404, jsonKind, `{}`) })
	c.GetJobType(t.Context(), "a/../b?c#d e")
	if want := "/api/v3/jobs/type/a%2F..%2Fb%3Fc%23d%20e"; got != want {
		t.Errorf("the path is %s, want %s", got, want)
	}
}

// TestJobTasks reads a job of 2500 tasks from a manager that has pages, and
// from one that has not.
func TestJobTasks(t *testing.T) {
	const tasks = 2500
	for _, size := range []int{tasks, 1000} {
		for _, paging := range []bool{true, false} {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				after, limit := 0, size
				if paging {
					fmt.Sscan(r.FormValue("after"), &after)
					fmt.Sscan(r.FormValue("limit"), &limit)
				}
				var page api.JobTasksSummary
				for i := after + 1; i <= min(size, after+limit); i++ {
					page.Tasks = append(page.Tasks, api.TaskSummary{IndexInJob: i})
				}
				w.Header().Set("Content-Type", jsonKind)
				json.NewEncoder(w).Encode(page)
			})
			next := 1
			for got, err := range c.JobTasks(t.Context(), job) {
				if err != nil || got.IndexInJob != next {
					t.Fatalf("task %d is %d, %v", next, got.IndexInJob, err)
				}
				next++
			}
			if next != size+1 {
				t.Errorf("%d tasks came (pages: %v)", next-1, paging)
			}
		}
	}
}

func TestJobTasksError(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { reply(w, 400, jsonKind, `{"code":400,"message":"no"}`) })
	n := 0
	for _, err := range c.JobTasks(t.Context(), job) {
		if n++; api.StatusOf(err) != 400 {
			t.Errorf("the error is %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}
