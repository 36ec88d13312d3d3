package socketio

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/v3events"
)

const job, task = farm.JobID("11111111-2222-4333-8444-555555555555"), farm.TaskID("11111111-2222-4333-8444-666666666666")

// A bench is the endpoint and a client of it.
type bench struct {
	t    *testing.T
	log  *events.Log
	conn *websocket.Conn
	end  context.CancelFunc // of the server
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	b := &bench{t: t, log: events.NewLog(64, 0), end: end}
	source := Source{b.log, v3events.Source{TaskName: func(farm.TaskID) string { return "render" }, PreviewPath: func(farm.JobID) (string, []string) { return "job", []string{"tiny.jpg"} }}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Serve(ctx, w, r, source) }))
	t.Cleanup(server.Close)
	t.Cleanup(end)
	conn, _, err := websocket.Dial(t.Context(), server.URL+"/socket.io/?EIO=3&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	b.conn = conn
	t.Cleanup(func() { conn.CloseNow() })
	if hello := b.hear(); !strings.HasPrefix(hello, `0{"sid":"`) || !strings.HasSuffix(hello, `","upgrades":[],"pingInterval":30000,"pingTimeout":60000}`) {
		t.Fatalf("hello: %s", hello)
	}
	b.wants("40")
	return b
}

func (b *bench) hear() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	_, text, err := b.conn.Read(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func (b *bench) wants(text string) {
	b.t.Helper()
	if got := b.hear(); got != text {
		b.t.Fatalf("heard %s\nwanted %s", got, text)
	}
}

func (b *bench) say(text string) {
	b.t.Helper()
	if err := b.conn.Write(b.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		b.t.Fatal(err)
	}
}

// A client is told of what it asked for, and of the farm's status always.
func TestSubscriptions(t *testing.T) {
	b := newBench(t)
	b.say("2")
	b.wants("3")
	b.say("2probe")
	b.wants("3probe")
	b.log.Publish(events.Event{Data: events.JobDeleted{Job: job}}, events.Event{Data: events.FarmChanged{Status: farm.FarmIdle}})
	b.wants(`42["/status",{"status":"idle"}]`) // and not of the job
	b.say(`421["/subscription",{"op":"subscribe","type":"allJobs"}]`)
	b.wants(`431["ok"]`)
	b.log.Publish(events.Event{Data: events.JobDeleted{Job: job}})
	if got := b.hear(); !strings.HasPrefix(got, `42["/jobs",{"id":"`+string(job)) || !strings.Contains(got, `"was_deleted":true`) {
		t.Errorf("a job: %s", got)
	}
	b.say(`422["/subscription",{"op":"subscribe","type":"job","uuid":"` + string(job) + `"}]`)
	b.wants(`432["ok"]`)
	b.log.Publish(events.Event{Data: events.TaskChanged{Job: job, Task: task, Status: farm.TaskActive}})
	if got := b.hear(); !strings.HasPrefix(got, `42["/task",{"id":"`+string(task)) {
		t.Errorf("a task: %s", got)
	}
	b.say(`423["/subscription",{"op":"subscribe","type":"allLastRendered"}]`)
	b.wants(`433["ok"]`)
	b.log.Publish(events.Event{Data: events.PreviewMade{Job: job}})
	for range 2 { // it is in both rooms
		b.wants(`42["/last-rendered",{"job_id":"` + string(job) + `","thumbnail":{"base":"/job-files/job","suffixes":["tiny.jpg"]}}]`)
	}
	b.say(`424["/subscription",{"op":"subscribe","type":"tasklog","uuid":"` + string(task) + `"}]`)
	b.wants(`434["ok"]`)
	b.log.PublishLog(task, "a line\n")
	b.wants(`42["/tasklog",{"task_id":"` + string(task) + `","log":"a line\n"}]`)
	b.say(`425["/subscription",{"op":"unsubscribe","type":"allJobs"}]`)
	b.wants(`435["ok"]`)
	b.log.Publish(events.Event{Data: events.JobDeleted{Job: job}}, events.Event{Data: events.FarmChanged{Status: farm.FarmActive}})
	b.wants(`42["/status",{"status":"active"}]`)
	b.end()
	b.wants(`42["/lifecycle",{"type":"manager-shutdown"}]`)
}

// What is no request does no harm, and what cannot be done is said in the words that clients know.
func TestBadRequests(t *testing.T) {
	b := newBench(t)
	for _, nothing := range []string{"42", "429", `42["/chat",{"name":"a","text":"b"}]`, `42[`, `42{}`, "", "x", `42["/subscription"]`} {
		b.say(nothing)
	}
	for i, c := range []struct{ request, answer string }{
		{`{"op":"subscribe","type":"moon"}`, "unknown subscription type, ignoring request"},
		{`{"op":"subscribe","type":"job"}`, "operation on job requires a UUID"},
		{`{"op":"subscribe","type":"tasklog"}`, "operation on task requires a UUID"},
		{`{"op":"subscribe","type":"job","uuid":"../../x"}`, "invalid UUID, ignoring request"},
		{`{"op":"dance","type":"allJobs"}`, `unable to perform subscription operation: \"dance\" is none`},
	} {
		b.say(fmt.Sprintf(`42%d["/subscription",%s]`, i, c.request))
		b.wants(fmt.Sprintf(`43%d["%s"]`, i, c.answer))
	}
}

// A client follows so many things, and is dropped if it asks for more than people do, or
// falls behind.
func TestBoundsOfAClient(t *testing.T) {
	b := newBench(t)
	for i := range maxRequests * 3 {
		if b.conn.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `42["/subscription",{"op":"subscribe","type":"tasklog","uuid":"%08d-2222-4333-8444-555555555555"}]`, i)) != nil {
			break
		}
	}
	if _, _, err := b.conn.Read(t.Context()); err == nil {
		t.Error("a client that floods the manager goes on")
	}

	c := &client{source: Source{Events: events.NewLog(8, 0)}, rooms: map[string]func(){}}
	for i := range maxRooms {
		if err := c.subscribe(subscription{"subscribe", "tasklog", fmt.Sprintf("%08d-2222-4333-8444-555555555555", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.subscribe(subscription{"subscribe", "allJobs", ""}); err == nil {
		t.Error("a client follows more than it may")
	}
	c.leaveAll()
	if c.source.Events.PublishLog("00000000-2222-4333-8444-555555555555", "x"); c.source.Events.Published() != 0 {
		t.Error("a client that left watches a log")
	}
	// What it sent last may be read when it has left already.
	if err := c.subscribe(subscription{"subscribe", "tasklog", string(task)}); err == nil {
		t.Error("a client that left follows a log")
	}
}

// Other ways than WebSocket, and other versions, are refused with a sentence.
func TestOtherWays(t *testing.T) {
	for _, c := range []struct {
		query, upgrade string
		status         int
	}{{"?EIO=3&transport=polling", "", 503}, {"?EIO=4&transport=websocket", "websocket", 400}, {"", "", 503}} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/socket.io/"+c.query, nil)
		r.Header.Set("Upgrade", c.upgrade)
		Serve(t.Context(), w, r, Source{})
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
		}
	}
}

// A page of another site is not told anything.
func TestOtherSites(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Serve(r.Context(), w, r, Source{Events: events.NewLog(8, 0)})
	}))
	defer server.Close()
	_, answer, err := websocket.Dial(t.Context(), server.URL+"/socket.io/?EIO=3&transport=websocket", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
	if err == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("%v, %v", answer, err)
	}
}
