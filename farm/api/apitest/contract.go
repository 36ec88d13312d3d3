// Package apitest holds a server to the OpenAPI document of package api. Only
// tests import it.
//
// A Contract stands between a client and the server under test, as a
// RoundTripper. It checks every request and every answer below /api/v3, and those
// of our additions below /api/farm that the document describes, fails
// the test when one is not as the document says, and remembers what it saw, so
// that the test can ask at its end whether every operation was called:
//
//	contract := apitest.New(t)
//	client.HTTP = contract.Client(apitest.Over(handler))
//	… use the client …
//	contract.Require("shamanCheckout", …) // all but these
package apitest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"renderfarm/farm/api"
)

// prefix is where the protocol lives.
const prefix = "/api/v3/"

// additions are the paths of what Farm has besides.
const additions = "/api/farm/"

// Contract checks what passes through it. It may be used by many goroutines.
type Contract struct {
	t testing.TB
	rules

	mu   sync.Mutex // guards seen; nothing is called while it is held
	seen map[Seen]int
}

// Seen is an operation and the status of an answer to it.
type Seen struct {
	Operation string // operationId
	Status    int
}

// rules is the document, read once for all contracts of a process, and the
// router made of it. Neither changes once it is made.
type rules struct {
	doc    *openapi3.T
	router routers.Router
}

var load = sync.OnceValues(func() (rules, error) {
	openapi3filter.RegisterBodyDecoder("image/jpeg", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("image/png", openapi3filter.FileBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		return rules{}, err
	}
	doc.Servers = nil // paths are complete; the host is the test's
	router, err := legacy.NewRouter(doc)
	return rules{doc, router}, err
})

// New returns a Contract that reports to t.
func New(t testing.TB) *Contract {
	t.Helper()
	r, err := load()
	if err != nil {
		t.Fatalf("the OpenAPI document is not valid: %v", err)
	}
	return &Contract{t: t, rules: r, seen: map[Seen]int{}}
}

// Client returns an HTTP client whose calls go through the contract and then
// to next; nil means the network.
func (c *Contract) Client(next http.RoundTripper) *http.Client {
	return &http.Client{Transport: c.Transport(next), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Transport returns a RoundTripper that checks and passes on to next; nil
// means the network.
func (c *Contract) Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return roundTrip(func(req *http.Request) (*http.Response, error) { return c.check(next, req) })
}

// roundTrip makes a RoundTripper of a function.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// check makes one call and checks both its sides.
func (c *Contract) check(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	if !c.covers(req) {
		return next.RoundTrip(req)
	}
	sent, err := readAll(req.Body)
	if err != nil {
		return nil, err
	}
	onward := req.Clone(req.Context())
	if req.Body != nil {
		onward.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := next.RoundTrip(onward)
	if err != nil {
		return nil, err
	}
	got, err := readAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(got))
	for _, problem := range c.problems(req, sent, res, got) {
		c.t.Errorf("%s %s answered %d: %v\nrequest: %s\nanswer:  %s", req.Method, req.URL.Path, res.StatusCode, problem, shown(sent), shown(got))
	}
	return res, nil
}

// covers reports whether a call is checked: all of the protocol and of our additions to
// it, and what the document describes of the rest. The stream of events, which has no
// end, is not described.
func (c *Contract) covers(req *http.Request) bool {
	if path := req.URL.Path; strings.HasPrefix(path, prefix) || strings.HasPrefix(path, additions) && path != additions+"events" {
		return true
	}
	_, _, err := c.router.FindRoute(req)
	return err == nil
}

// problems returns what is wrong with a call and its answer.
func (c *Contract) problems(req *http.Request, sent []byte, res *http.Response, got []byte) []error {
	var all []error
	if err := errorBody(res, got); err != nil {
		all = append(all, err)
	}
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		return append(all, c.unknown(req, res)...)
	}
	c.remember(Seen{route.Operation.OperationID, res.StatusCode})
	ctx := context.WithoutCancel(req.Context()) // what came in time is checked in any case
	again := req.Clone(ctx)
	again.Body = io.NopCloser(bytes.NewReader(sent))
	input := &openapi3filter.RequestValidationInput{Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{SkipSettingDefaults: true, AuthenticationFunc: signed, IncludeResponseStatus: true,
			ExcludeResponseBody: res.Header.Get("Content-Encoding") != ""}}
	if err := openapi3filter.ValidateRequest(ctx, input); err != nil && res.StatusCode < 400 {
		all = append(all, fmt.Errorf("the request is not as the document says, but was taken: %w", err))
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: res.StatusCode, Header: res.Header, Options: input.Options}
	answer.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(ctx, answer); err != nil {
		all = append(all, err)
	}
	if described := route.Operation.Responses.Status(res.StatusCode); described != nil && len(described.Value.Content) == 0 && len(got) > 0 {
		all = append(all, errors.New("the answer has a body, and the document describes none"))
	}
	return all
}

// unknown returns what is wrong with the answer to a call that the document
// does not know. The document itself and its explorer are not calls.
func (c *Contract) unknown(req *http.Request, res *http.Response) []error {
	path := req.URL.Path
	if path == prefix+"openapi3.json" || strings.HasPrefix(path, prefix+"swagger-ui") {
		return nil
	}
	switch {
	case res.StatusCode == http.StatusMethodNotAllowed && res.Header.Get("Allow") == "":
		return []error{errors.New("405 without an Allow header")}
	case res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed:
		return []error{errors.New("the document does not know this call")}
	}
	return nil
}

// signed accepts any credentials: whether they are right is the server's to say.
func signed(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if _, _, ok := in.RequestValidationInput.Request.BasicAuth(); !ok {
		return errors.New("no credentials")
	}
	return nil
}

// errorBody checks the body of an error beyond what its schema can say. The
// 423 of scheduleTask is an answer and no error. Whether there may be no body
// is for the document to say.
func errorBody(res *http.Response, body []byte) error {
	if res.StatusCode < 400 || res.StatusCode == http.StatusLocked || len(body) == 0 {
		return nil
	}
	var e api.Error
	switch err := json.Unmarshal(body, &e); {
	case err != nil:
		return fmt.Errorf("the body of the error cannot be read: %w", err)
	case e.Code != res.StatusCode:
		return fmt.Errorf("the error has code %d", e.Code)
	case strings.TrimSpace(e.Message) == "":
		return errors.New("the error has no message")
	}
	return nil
}

func (c *Contract) remember(s Seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[s]++
}

// Count returns how often an operation was answered with a status.
func (c *Contract) Count(operation string, status int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[Seen{operation, status}]
}

// Seen returns every pair that was seen, in order.
func (c *Contract) Seen() []Seen {
	c.mu.Lock()
	all := slices.Collect(maps.Keys(c.seen))
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b Seen) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Status, b.Status))
	})
	return all
}

// Missing returns the operations that were not answered with a success, save
// those that are named.
func (c *Contract) Missing(except ...string) []string {
	done := slices.Clone(except)
	for _, s := range c.Seen() {
		if s.Status < 300 {
			done = append(done, s.Operation)
		}
	}
	var missing []string
	for _, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			if !slices.Contains(done, op.OperationID) {
				missing = append(missing, op.OperationID)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// Require fails the test when an operation was not answered with a success,
// save those that are named.
func (c *Contract) Require(except ...string) {
	c.t.Helper()
	if missing := c.Missing(except...); len(missing) > 0 {
		c.t.Errorf("no success of these operations was seen: %s", strings.Join(missing, ", "))
	}
}

// readAll reads and closes a body, which may be nil.
func readAll(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// shown returns the beginning of a body for a message.
func shown(body []byte) string {
	const most = 1000
	if len(body) > most {
		return fmt.Sprintf("%q…", body[:most])
	}
	return string(body)
}
