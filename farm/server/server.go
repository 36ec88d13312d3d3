// Package server maps HTTP to the manager's methods: a handler decodes the
// request, calls one method, and encodes the answer. It also serves the pages,
// the jobs' files and the stream of events.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/notify"
	"renderfarm/farm/setup"
	"renderfarm/farm/slots"
)

// Options are what a server is made of. All are required but those that say otherwise.
type Options struct {
	Manager *manager.Manager
	Events  *events.Log
	UI      fs.FS                             // the web pages, with app/ and vendor/swagger-ui/
	Docs    func() (map[string][]byte, error) // makes the documentation as HTML pages, by name, once somebody reads it; optional
	OpenAPI func() ([]byte, error)            // makes the API's description as JSON, once somebody reads it
	// Addon returns the Blender add-on as a zip that knows the manager's address, or an error if that is not a valid one.
	Addon func(manager string) ([]byte, error)
	Log   *slog.Logger
	// Notifier tells people what happens; nil if nobody is told.
	Notifier *notify.Notifier
	Join     *Joining // nil: no computer joins by a code
	// Description describes the manager to programs that found it by SSDP; nil if it is not announced.
	Description []byte
	// Submissions takes in jobs from browsers; optional.
	Submissions Submissions
	// Host is the program around the server; nil if the farm cannot be set up here.
	Host Host
	// Key returns the farm's key, "" if it has none; optional. With an error nobody is let in.
	Key func() (string, error)
}

// Server answers HTTP requests.
type Server struct {
	m       *manager.Manager
	events  *events.Log
	log     *slog.Logger
	openAPI func() ([]byte, error)
	addon   func(manager string) ([]byte, error)
	routes  http.Handler
	key     func() (string, error)
	notify  *notify.Notifier // nil: nobody is told of anything
	join    *Joining

	host     Host
	computer *setup.Computer

	bodies        bodies
	board         *board
	requests      requests
	wrongKeys     *slots.Rate  // of each client
	registrations *slots.Rate  // of new workers; nil: no limit
	followers     *slots.Slots // of the stream of events
	pictures      *slots.Slots // of frames, that are made at a time
	archives      *slots.Slots // of frames, that are downloaded
	reads         *slots.Slots // of files that jobs made
	submissions   Submissions
	sending       *slots.Slots    // files of submissions that come at a time
	streams       context.Context // ends with EndStreams
	endStreams    context.CancelFunc
}

// maxSending is how many files of submissions may come at a time, and maxSendingOfAClient
// how many of them from one client.
const maxSending, maxSendingOfAClient = 16, 4

// New returns a server.
func New(o Options) *Server {
	s := &Server{m: o.Manager, events: o.Events, log: o.Log, openAPI: sync.OnceValues(o.OpenAPI), addon: o.Addon, key: o.Key, notify: o.Notifier, join: o.Join, host: o.Host, computer: setup.New(o.Manager.Home(), runtime.GOOS), bodies: newBodies(), followers: slots.New(maxFollowers, maxFollowersOfAClient), pictures: slots.New(2, 2),
		archives: slots.New(maxArchives, maxArchivesOfAClient), reads: slots.New(maxReads, maxReadsOfAClient), sending: slots.New(maxSending, maxSendingOfAClient),
		wrongKeys: slots.NewRate(wrongKeysInAll, wrongKeys, wrongKeysIn)}
	if s.submissions = o.Submissions; s.submissions == nil {
		s.submissions = noSubmissions{}
	}
	if s.key == nil {
		s.key = func() (string, error) { return "", nil }
	}
	if n := o.Manager.Config().RegistrationsPerMinute; n > 0 {
		s.registrations = slots.NewRate(10*n, n, time.Minute)
	}
	s.streams, s.endStreams = context.WithCancel(context.Background())
	s.board = &board{m: o.Manager, log: o.Events}
	s.routes = s.router(o)
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun(r)
	s.routes.ServeHTTP(w, r)
}

// EndStreams answers the requests that wait and ends the streams of events, so
// that a shutdown does not have to wait for them.
func (s *Server) EndStreams() { s.endStreams() }

// waiting returns the request's context, ended early by EndStreams.
func (s *Server) waiting(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(s.streams, cancel)
	return ctx, func() { stop(); cancel() }
}

// workerWaiting is waiting for a request of a worker, which also ends early when
// the worker is to give a sign of life.
func (s *Server) workerWaiting(r *http.Request, id farm.WorkerID) (context.Context, context.CancelFunc) {
	ctx, cancel := s.waiting(r)
	stop := context.AfterFunc(s.m.Challenged(id), cancel)
	return ctx, func() { stop(); cancel() }
}

// statuses says which HTTP status each kind of error has. An error of no kind is
// a fault of ours and gets 500. Workers and add-ons of the compatible system act
// on these numbers, so a change is one of the protocol.
var statuses = map[farm.Kind]int{
	farm.Invalid:            http.StatusBadRequest,
	farm.NotFound:           http.StatusNotFound,
	farm.Conflict:           http.StatusConflict,
	farm.Forbidden:          http.StatusForbidden,
	farm.NoKey:              http.StatusUnauthorized,
	farm.PreconditionFailed: http.StatusPreconditionFailed,
	farm.UnknownTag:         http.StatusNotAcceptable, // what stock managers answer
	farm.NothingDone:        http.StatusRequestedRangeNotSatisfiable,
	farm.TooLarge:           http.StatusRequestEntityTooLarge,
	farm.Busy:               http.StatusTooManyRequests,
	farm.Unavailable:        http.StatusNotImplemented,
	farm.NotDurable:         http.StatusServiceUnavailable,
	farm.Unsupported:        http.StatusUnsupportedMediaType,
	farm.Mismatch:           http.StatusExpectationFailed,
	farm.Missing:            http.StatusFailedDependency,
	farm.NoRoom:             http.StatusInsufficientStorage,
	farm.Off:                http.StatusServiceUnavailable,
}

// handler is a handler that can fail. It has written nothing if it returns an
// error, and everything if it returns nil.
type handler func(w http.ResponseWriter, r *http.Request) error

// handle answers with what h writes, or with its error.
func (s *Server) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// fail answers with an error. What is not meant for users is logged, and they
// are told that it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, ok := statuses[farm.KindOf(err)]
	var known *farm.Error
	switch {
	case ok && errors.As(err, &known):
		if status == http.StatusUnauthorized { // which needs one (RFC 9110 §11.6.1); browsers ask nobody for a scheme that they do not know
			w.Header().Set("WWW-Authenticate", "FarmKey")
		}
		// Clients that know Retry-After, in seconds, try again by themselves.
		if status == http.StatusTooManyRequests || known.Kind == farm.NotDurable {
			w.Header().Set("Retry-After", "1")
		}
		writeError(w, status, known.Msg)
	case r.Context().Err() != nil:
		s.log.Debug("the client left", "request", w.Header().Get(headerRequestID), "method", r.Method, "path", r.URL.Path)
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		s.log.Error("request failed", "request", w.Header().Get(headerRequestID), "method", r.Method, "path", r.URL.Path, "error", err)
		writeError(w, http.StatusServiceUnavailable, "the manager has no file handle left for this. Try again, and let it have more open files, for example with LimitNOFILE of its service")
	default:
		s.log.Error("request failed", "request", w.Header().Get(headerRequestID), "method", r.Method, "path", r.URL.Path, "error", err)
		ourFault(w)
	}
}

// ourFault answers a request that failed because of a fault in the manager, or of its
// computer. What it is stands in the log, under the request's id.
func ourFault(w http.ResponseWriter) {
	writeError(w, http.StatusInternalServerError, "the manager failed to do this; its log says why, at request "+w.Header().Get(headerRequestID))
}

// writeError answers with an error in the form that every client of the protocol knows.
func writeError(w http.ResponseWriter, status int, message string) error {
	return writeJSON(w, status, api.Error{Code: status, Message: withoutMiddle(message)})
}

// maxMessage is how long the message of an error may be, in bytes.
const maxMessage = 2000

// withoutMiddle bounds a message. Those that are too long quote what a client sent; what
// is wrong with it stands before that, and the next step behind it.
func withoutMiddle(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	end := message[len(message)-maxMessage/2:]
	return farm.CutText(message, maxMessage/2-len(" … ")) + " … " + strings.ToValidUTF8(end, "")
}

// writeJSON answers with JSON. An answer that cannot be written any more has
// nobody left to tell.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
	return nil
}

// noContent answers 204: done, and nothing to tell.
func noContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// address returns the IP address that a request came from. Headers that proxies
// add are not looked at, as anybody can send them: behind a proxy all requests
// have its address.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// recovered turns a panic into an answer, so that a fault in one request does
// not end the farm.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			s.log.Error("panic in a request", "request", w.Header().Get(headerRequestID), "method", r.Method, "path", r.URL.Path, "panic", fault, "stack", string(debug.Stack()))
			ourFault(w)
		}()
		next.ServeHTTP(w, r)
	})
}

// methods are those that the routes use.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

// wrongMethod answers a method that a path does not take, and says which it does.
func wrongMethod(w http.ResponseWriter, r *http.Request) {
	routes := chi.RouteContext(r.Context()).Routes
	allowed := slices.DeleteFunc(slices.Clone(methods), func(method string) bool {
		return !routes.Match(chi.NewRouteContext(), method, r.URL.Path)
	})
	allow := strings.Join(allowed, ", ")
	w.Header().Set("Allow", allow)
	writeError(w, http.StatusMethodNotAllowed, r.Method+" is not possible here: use "+allow)
}

// notFound answers for paths that no route has.
func notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, "nothing is at "+r.URL.Path+": see /api/v3/swagger-ui/ for what there is")
}
