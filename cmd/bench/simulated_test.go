package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A simulated worker sends what a stock worker sends, and does no work.
type simulated struct {
	*conn
	id      farm.WorkerID
	take    []byte   // the whole request for a task
	wait    []byte   // the same, but the manager may wait
	path    []byte   // a report up to the task's id
	reports [][]byte // each report from there to its end
	buf     []byte

	task  [36]byte      // id of the task it has
	said  int           // how many of the reports about it were sent
	began time.Time     // when it asked for it
	took  time.Duration // until it had it

	takes []time.Duration // how long each measured request for a task took
	acked []string        // tasks whose completion was acknowledged
}

// reports are what a worker says about each task, in order.
var reports = []string{
	`{"activity":"Started","taskStatus":"active"}`,
	`{"log":"2026-11-23T16:00:00+01:00 pid=4711 > Fra:17 Mem:44.91M (Peak 48.01M) | Time:00:01.93 | Mem:20.80M, Peak:20.80M | Scene, View Layer | Sample 128/128\n"}`,
	`{"activity":"Completed","taskStatus":"completed"}`,
}

// hire registers n workers for the task types, signs them on and has them
// awake, each with its connection.
func hire(tb testing.TB, p *process, n int, limit time.Duration, types ...string) []*simulated {
	tb.Helper()
	client := p.client()
	all := make([]*simulated, n)
	turns := make(chan struct{}, 16) // what the client keeps connections for
	errs := make(chan error, n)
	for i := range all {
		go func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			var err error
			all[i], err = newSimulated(tb.Context(), client, p.address, fmt.Sprintf("simulated-%03d", i), limit, types)
			errs <- err
		}()
	}
	for range all {
		if err := <-errs; err != nil {
			tb.Fatal(err)
		}
	}
	return all
}

// newSimulated returns a worker that is awake.
func newSimulated(ctx context.Context, client *api.Client, address, name string, limit time.Duration, types []string) (*simulated, error) {
	secret := strings.Repeat("0123456789abcdef", 4)
	registered, err := client.RegisterWorker(ctx, api.WorkerRegistration{Secret: secret, Platform: "linux", SupportedTaskTypes: types, Name: name})
	if err != nil {
		return nil, err
	}
	signed := client.WithCredentials(registered.UUID, secret)
	if _, err := signed.SignOn(ctx, api.WorkerSignOn{Name: name, SupportedTaskTypes: types, SoftwareVersion: "3.8.5"}); err != nil {
		return nil, err
	}
	if err := signed.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}); err != nil {
		return nil, err
	}
	c, err := dial(address, limit)
	if err != nil {
		return nil, err
	}
	s := &simulated{conn: c, id: registered.UUID}
	s.prepare(address, base64.StdEncoding.EncodeToString([]byte(string(registered.UUID)+":"+secret)))
	return s, nil
}

// takePath is where workers ask for tasks.
const takePath = "/api/v3/worker/task"

// prepare writes the requests once, as Go's HTTP client writes those of a stock worker.
func (s *simulated) prepare(address, credentials string) {
	head := " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: Flamenco/3.8.5 (linux; amd64)\r\nContent-Length: "
	rest := "\r\nAuthorization: Basic " + credentials + "\r\n"
	const gzip = "Accept-Encoding: gzip\r\n\r\n"
	s.take = []byte("POST " + takePath + head + "0" + rest + gzip)
	s.wait = []byte("POST " + takePath + head + "0" + rest + "Prefer: wait=60\r\n" + gzip)
	s.path = []byte("POST " + takePath + "/")
	for _, body := range reports {
		s.reports = append(s.reports, []byte(head+strconv.Itoa(len(body))+rest+"Content-Type: application/json\r\n"+gzip+body))
	}
}

// begin sends the worker's first request, if there is a ticket for it.
func (s *simulated) begin(l *load) (more bool, err error) {
	if !l.ticket() {
		return false, nil
	}
	s.said, s.began = 0, time.Now()
	_, err = s.Write(s.take)
	return true, err
}

// step reads the answer to the last request and sends the next: a request for a
// task is followed by the reports about it, and the last of them by a request
// for the next task, until the load has no more tickets.
func (s *simulated) step(l *load) (more bool, err error) {
	status, err := s.answer()
	if err != nil {
		return false, err
	}
	if s.said == 0 {
		s.took = time.Since(s.began)
		if err := s.taken(status); err != nil {
			return false, err
		}
	} else if status != http.StatusNoContent {
		return false, fmt.Errorf("reported %s, and the manager answered %d %s", reports[s.said-1], status, s.body)
	}
	if s.said == len(reports) {
		if l.keep {
			s.acked = append(s.acked, string(s.task[:]))
		}
		if l.done() {
			s.takes = append(s.takes, s.took)
		}
		return s.begin(l)
	}
	err = s.report(s.said)
	s.said++
	return true, err
}

// taken finds the task's id in the answer to a request for a task.
func (s *simulated) taken(status int) error {
	const key = `"uuid":"`
	at := bytes.Index(s.body, []byte(key))
	if status != http.StatusOK || at < 0 || len(s.body) < at+len(key)+len(s.task) {
		return fmt.Errorf("asked for a task, and the manager answered %d %s", status, s.body)
	}
	copy(s.task[:], s.body[at+len(key):])
	return nil
}

// report sends one of the reports about the task.
func (s *simulated) report(i int) error {
	s.buf = append(append(append(s.buf[:0], s.path...), s.task[:]...), s.reports[i]...)
	_, err := s.Write(s.buf)
	return err
}
