package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/slots"
)

// A bodyKind bounds the JSON bodies of some requests.
type bodyKind struct {
	most int64 // bytes
	cost int64 // bytes of memory that a byte of it takes while the request is answered, measured
}

// The kinds. Files have a list of their paths, which is long for large projects.
var (
	bodyOfAny   = bodyKind{4 << 20, 10}
	bodyOfJob   = bodyKind{8 << 20, 10}
	bodyOfFiles = bodyKind{32 << 20, 3}
)

const (
	// smallBody is up to how many bytes a body is nothing to think about.
	smallBody = 128 << 10
	// bodyMemory is what all larger ones may take together, in bytes of memory. Those
	// for which none is left wait on the disk.
	bodyMemory = 96 << 20
	// maxLarge is how many larger ones may be under way, and maxLargeOfAClient
	// how many of them for one client.
	maxLarge, maxLargeOfAClient = 32, 8
)

// bodies are the larger bodies that are under way.
type bodies struct {
	coming *slots.Slots
	memory *semaphore.Weighted
}

func newBodies() bodies {
	return bodies{slots.New(maxLarge, maxLargeOfAClient), semaphore.NewWeighted(bodyMemory)}
}

// read decodes the JSON body of a request.
func (s *Server) read(w http.ResponseWriter, r *http.Request, into any) error {
	return s.readUpTo(w, r, bodyOfAny, into)
}

// readUpTo is read for a kind of bodies. One of another type than JSON is refused
// before it is read: a form of a foreign page cannot send JSON.
func (s *Server) readUpTo(w http.ResponseWriter, r *http.Request, kind bodyKind, into any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return farm.Errorf(farm.Invalid, "the request's Content-Type is %q: send application/json", kind)
	}
	body, err := s.readBody(w, r, kind)
	if err != nil {
		return bodyError(err, kind.most)
	}
	if kind.cost >= costOfValues && valuesIn(body) > maxValues {
		return farm.Errorf(farm.TooLarge, "the request has more than %d values: send fewer and longer ones", maxValues)
	}
	return api.Decode(body, into)
}

// costOfValues is from which cost on a body is read into values of any kind, each of
// which takes up to a hundred bytes however short it is; maxValues bounds their number,
// so that the cost holds.
const (
	costOfValues = 10
	maxValues    = 500_000
)

// valuesIn returns about how many values JSON has, keys included: what begins and ends
// with other signs than these is part of a text.
func valuesIn(body []byte) (n int) {
	if len(body) < maxValues {
		return 0
	}
	text := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			i++ // what follows is no end
		case !text && (c == ',' || c == ':' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// readBody reads a body. A larger one waits in a file until it is whole, so that
// it takes no memory for as long as its sender likes, and then for its share
// of the memory, which is given back when the request was answered.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, kind bodyKind) ([]byte, error) {
	patient := newPatientBody(http.MaxBytesReader(connection(w), r.Body, kind.most), w)
	defer patient.flow.SetReadDeadline(time.Time{})
	begin, err := io.ReadAll(io.LimitReader(patient, smallBody+1))
	if err != nil || len(begin) <= smallBody {
		return begin, err
	}
	giveBack, err := s.bodies.coming.Take(r.Context(), client(r))
	if err != nil {
		return nil, err
	}
	defer giveBack()
	file, err := os.CreateTemp("", "farm-request-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	size, err := io.Copy(file, io.MultiReader(bytes.NewReader(begin), patient))
	if err != nil {
		return nil, err
	}
	if err := s.bodies.memory.Acquire(r.Context(), size*kind.cost); err != nil {
		return nil, err
	}
	context.AfterFunc(r.Context(), func() { s.bodies.memory.Release(size * kind.cost) })
	body := make([]byte, size)
	_, err = file.ReadAt(body, 0)
	return body, err
}

// connection returns the innermost writer of an answer, that of net/http, which
// http.MaxBytesReader tells to close the connection of who sends too much.
func connection(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// bodyError tells a body that is too large from one that broke off.
func bodyError(err error, most int64) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return farm.Errorf(farm.TooLarge, "the request is larger than %d MiB", most>>20)
	}
	return farm.Errorf(farm.Invalid, "the request could not be read to its end: %w", err)
}
