package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// A simulated worker sends what a stock worker sends, and does no work.
type simulated struct {
	*conn
	take    []byte   // the whole request for a task
	wait    []byte   // the same, but the manager may wait
	path    []byte   // a report up to the task's id
	reports [][]byte // each report from there to its end
	buf     []byte

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
	s := &simulated{conn: c}
	s.prepare(address, base64.StdEncoding.EncodeToString([]byte(string(registered.UUID)+":"+secret)))
	return s, nil
}

// prepare writes the requests once, as Go's HTTP client writes those of a stock worker.
func (s *simulated) prepare(address, credentials string) {
	const path = "/api/v3/worker/task"
	head := " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: Flamenco/3.8.5 (linux; amd64)\r\nContent-Length: "
	rest := "\r\nAuthorization: Basic " + credentials + "\r\n"
	const gzip = "Accept-Encoding: gzip\r\n\r\n"
	s.take = []byte("POST " + path + head + "0" + rest + gzip)
	s.wait = []byte("POST " + path + head + "0" + rest + "Prefer: wait=60\r\n" + gzip)
	s.path = []byte("POST " + path + "/")
	for _, body := range reports {
		s.reports = append(s.reports, []byte(head+strconv.Itoa(len(body))+rest+"Content-Type: application/json\r\n"+gzip+body))
	}
}

// task asks for a task and returns its id, which is valid until the next request.
func (s *simulated) task() ([]byte, error) {
	status, err := s.do(s.take)
	if err != nil {
		return nil, err
	}
	const key = `"uuid":"`
	at := bytes.Index(s.body, []byte(key))
	if status != 200 || at < 0 || len(s.body) < at+len(key)+36 {
		return nil, fmt.Errorf("asked for a task, and the manager answered %d %s", status, s.body)
	}
	return s.body[at+len(key):][:36], nil
}

// report sends one of the reports about a task. The first overwrites s.body,
// where the task's id comes from: the id is put into s.buf before that.
func (s *simulated) report(task []byte, i int) error {
	s.buf = append(append(append(s.buf[:0], s.path...), task...), s.reports[i]...)
	status, err := s.do(s.buf)
	if err == nil && status != 204 {
		err = fmt.Errorf("reported %s, and the manager answered %d %s", reports[i], status, s.body)
	}
	return err
}

// work takes tasks and reports them done until the load has no more tickets.
func (s *simulated) work(l *load) error {
	var id [36]byte
	for l.ticket() {
		began := time.Now()
		task, err := s.task()
		if err != nil {
			return err
		}
		took := time.Since(began)
		copy(id[:], task)
		for i := range reports {
			if err := s.report(id[:], i); err != nil {
				return err
			}
		}
		if l.keep {
			s.acked = append(s.acked, string(id[:]))
		}
		if l.done() {
			s.takes = append(s.takes, took)
		}
	}
	return nil
}
