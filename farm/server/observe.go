package server

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm/metrics"
)

// headerRequestID names a request, in it, in its answer, and in what is logged about it.
const headerRequestID = "X-Request-Id"

// maxRequestID bounds an id that a client gives its request, in bytes.
const maxRequestID = 128

// requestID returns the id that the client gave its request, if that can be logged and
// sent without care, and a random one otherwise.
func requestID(given string) string {
	if given != "" && len(given) <= maxRequestID && strings.IndexFunc(given, foreignInID) < 0 {
		return given
	}
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], rand.Uint64()) // it need not be secret
	return hex.EncodeToString(random[:])
}

// foreignInID reports whether a character is not one of those that identifiers such as
// UUIDs, ULIDs, base64 and those of proxies are made of.
func foreignInID(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/+=@", r))
}

// requests counts the requests. Its zero value is ready for use.
type requests struct {
	under  atomic.Int64
	series sync.Map // of *requestSeries by requestKind
}

// A requestKind is what requests are told apart by: patterns of the table of routes
// and methods that have a meaning, of which there are few.
type requestKind struct{ method, route string }

// requestSeries is what is counted of one kind of requests.
type requestSeries struct {
	classes [len(classes)]atomic.Uint64
	took    metrics.Durations // of those that were not held on purpose
}

// classes are those of the statuses by their first digit. Class 0 is that of requests
// whose client left before it got an answer.
var classes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// kindOf returns the kind of a request that was routed.
func kindOf(r *http.Request) requestKind {
	k := requestKind{r.Method, chi.RouteContext(r.Context()).RoutePattern()}
	switch k.method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
	default:
		k.method = "other" // clients can send any word
	}
	if k.route == "" {
		k.route = "other"
	}
	return k
}

func (q *requests) of(k requestKind) *requestSeries {
	s, ok := q.series.Load(k)
	if !ok {
		s, _ = q.series.LoadOrStore(k, &requestSeries{})
	}
	return s.(*requestSeries)
}

// observed is the outermost handler: it names the request, counts it, and logs it if it
// took the manager long.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := requestID(r.Header.Get(headerRequestID))
		w.Header().Set(headerRequestID, id)
		o := &observedAnswer{ResponseWriter: w, began: began}
		r.Body = &observedBody{ReadCloser: r.Body, o: o}
		s.requests.under.Add(1)
		defer func() {
			s.requests.under.Add(-1)
			s.tell(o, r, id)
		}()
		next.ServeHTTP(o, r)
	})
}

// tell counts and logs a request that was answered. Requests that were held because
// their client asked for it say nothing about the manager's speed.
func (s *Server) tell(o *observedAnswer, r *http.Request, id string) {
	kind, took := kindOf(r), time.Since(o.began)
	series := s.requests.of(kind)
	status := o.status
	if status == 0 && r.Context().Err() == nil {
		status = http.StatusOK // what net/http sends for a handler that writes nothing
	}
	series.classes[min(status/100, len(classes)-1)].Add(1)
	held := o.Header().Get("Preference-Applied") != "" || o.Header().Get("Content-Type") == "text/event-stream"
	if !held {
		series.took.Observe(took)
	}
	waited := time.Duration(o.waited.Load())
	attrs := []any{"request", id, "method", kind.method, "route", kind.route, "path", short(r.URL.Path), "status", status,
		"took", took, "client", waited, "address", address(r)}
	if least := time.Duration(s.m.Config().LogSlowRequests); least > 0 && took-waited >= least && !held {
		s.log.Warn("slow request", attrs...)
		return
	}
	s.log.Debug("request", attrs...)
}

// An observedAnswer notes the status of an answer, and for how long the request was
// waiting for its client.
type observedAnswer struct {
	http.ResponseWriter
	began  time.Time
	status int
	waited atomic.Int64 // nanoseconds
}

// WriteHeader notes the status.
func (o *observedAnswer) WriteHeader(status int) {
	if o.status < http.StatusOK { // an interim answer is followed by another one
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write notes how long the client took to take what is written.
func (o *observedAnswer) Write(p []byte) (int, error) {
	o.begin()
	defer o.wait(time.Now())
	return o.ResponseWriter.Write(p)
}

// ReadFrom is Write for a file, which the system sends by itself if it can.
func (o *observedAnswer) ReadFrom(from io.Reader) (int64, error) {
	o.begin()
	defer o.wait(time.Now())
	return io.Copy(o.ResponseWriter, from)
}

// FlushError sends what was written.
func (o *observedAnswer) FlushError() error {
	o.begin()
	defer o.wait(time.Now())
	return http.NewResponseController(o.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (o *observedAnswer) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *observedAnswer) begin() {
	if o.status == 0 {
		o.status = http.StatusOK
	}
}

func (o *observedAnswer) wait(since time.Time) { o.waited.Add(int64(time.Since(since))) }

// An observedBody notes for how long a request waits for its body.
type observedBody struct {
	io.ReadCloser
	o *observedAnswer
}

func (b *observedBody) Read(p []byte) (int, error) {
	defer b.o.wait(time.Now())
	return b.ReadCloser.Read(p)
}
