package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"renderfarm/farm"
)

// Client calls a manager. There is a method per operation, with the name that
// the OpenAPI document gives it. Errors are
//
//   - an *Error when the manager answered with a status that is one;
//   - the context's error, or its cause, when the caller ended the call;
//   - a farm.Error when the manager could not be reached, took too long, or
//     answered what a manager would not.
//
// A Client may be used by many goroutines; its fields may not change meanwhile.
type Client struct {
	Base      string        // URL of the manager without a slash at its end
	HTTP      *http.Client  // must not have a Timeout, which would cut long waits
	User      string        // worker id; "" sends no credentials
	Password  string        // its secret
	Key       string        // the farm key; "" sends none
	JoinCode  string        // for RegisterWorker, see JoinCodeHeader; "" sends none
	Session   string        // of the worker, another one each time it starts; "" sends none
	Seconds   bool          // the worker knows second runs
	Temporary bool          // the worker does not come back when it has signed off
	Ends      time.Time     // when the worker ends; zero: it does not
	Whole     time.Duration // from its beginning to Ends
	UserAgent string        // "" sends Go's own
	Name      string        // of the user on whose behalf it calls; "" sends none
	Timeout   time.Duration // of a call, on top of the time it may wait; 0 means DefaultTimeout

	// Load returns how busy the worker's computer is, nil if it is not known; it is called for
	// each request. nil: that is told to nobody.
	Load func() *WorkerLoad
}

const (
	// DefaultTimeout bounds a call whose Client says nothing else.
	DefaultTimeout = 30 * time.Second
	// slowTimeout bounds what plans a job or carries an image.
	slowTimeout = 5 * time.Minute
	// maxAnswer bounds an answer that is read as a whole, in bytes. Longer
	// lists are read page by page.
	maxAnswer = 64 << 20
	// maxErrorBody bounds the part of an error answer that is read.
	maxErrorBody = 64 << 10
)

// New returns a client of the manager at the address: a full URL, host,
// host:port, an IP address, or [v6]:port. A path in front of /api is kept.
func New(address string) (*Client, error) {
	base, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	return &Client{Base: base, HTTP: &http.Client{Transport: newTransport(), CheckRedirect: noRedirects}}, nil
}

// newTransport returns a transport for the many small calls of one program to
// one manager: connections are kept, and a dead one is found out.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          16,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// noRedirects keeps a redirect from turning a POST into a GET; it is reported
// instead, with the address to use.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// WithCredentials returns a client that shares the connections and signs its
// calls as the worker: that needs no farm key.
func (c *Client) WithCredentials(id farm.WorkerID, secret string) *Client {
	signed := *c
	signed.User, signed.Password, signed.Key = string(id), secret, ""
	return &signed
}

// call is one request. The zero value of a field asks for nothing.
type call struct {
	method  string // "" means GET
	path    string // below Base, escaped; see at
	query   url.Values
	in      any           // body, as JSON
	raw     []byte        // body as it is, with kind
	kind    string        // content type of raw
	out     any           // filled from the answer's JSON
	empty   bool          // 204 is an answer as well, and leaves out alone
	also    int           // a status above 299 whose answer has the form of out
	wait    time.Duration // how long the manager may hold the answer back
	zone    string        // where the caller's clock hangs
	wrong   bool          // the caller is the wrong worker for a task
	timeout time.Duration // instead of the client's
	headers map[string]string
}

// reply is what is left of an answer once its body was read.
type reply struct {
	status int
	waited bool // the manager respected the wish to wait
	header http.Header
	body   []byte
}

// at joins the parts of a path of the protocol and escapes each of them.
func at(parts ...string) string { return path("/api/v3", parts) }

// atFarm is at for what only Farm has.
func atFarm(parts ...string) string { return path("/api/farm", parts) }

func path(prefix string, parts []string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// do makes the call and reads its answer.
func (c *Client) do(ctx context.Context, k call) (reply, error) {
	limit := c.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	wait := max(0, min(k.wait, MaxWait))
	limit = max(limit, k.timeout) + wait
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := c.request(bounded, k)
	if err != nil {
		return reply{}, err
	}
	SetPreferWait(req.Header, wait)
	res, err := c.HTTP.Do(req)
	if err != nil {
		return reply{}, c.unreachable(ctx, bounded, limit, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode != k.also {
		return reply{}, failure(res)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return reply{}, c.unreachable(ctx, bounded, limit, err)
	}
	if len(body) > maxAnswer {
		return reply{}, farm.Errorf(farm.TooLarge, "the answer to %s %s has more than %d MB: ask for it in pages", req.Method, req.URL.Path, maxAnswer>>20)
	}
	r := reply{status: res.StatusCode, waited: waited(res.Header), header: res.Header, body: body}
	if k.out == nil || k.empty && r.status == http.StatusNoContent {
		return r, nil
	}
	return r, decodeAnswer(res, body, k.out)
}

// request makes the HTTP request of a call.
func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	body, kind := k.raw, k.kind
	if k.in != nil {
		text, err := json.Marshal(k.in)
		if err != nil {
			return nil, farm.Errorf(farm.Invalid, "the request cannot be written as JSON: %w", err)
		}
		body, kind = text, "application/json"
	}
	address := c.Base + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	method := k.method
	if method == "" {
		method = http.MethodGet
	}
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(body) // NewRequest sets the length, and can repeat it on a dead connection
	}
	req, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return nil, badAddress(c.Base, "it cannot be used")
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.Name != "" {
		req.Header.Set(UserHeader, c.Name)
	}
	if c.Key != "" {
		req.Header.Set(KeyHeader, c.Key)
	}
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	if k.zone != "" {
		req.Header.Set(headerZone, k.zone)
	}
	if k.wrong {
		req.Header.Set(headerWrongWorker, "yes")
	}
	for name, value := range k.headers {
		req.Header.Set(name, value)
	}
	c.tellOfWorker(req.Header)
	if c.User != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
	return req, nil
}

// tellOfWorker tells what all requests of a worker do.
func (c *Client) tellOfWorker(h http.Header) {
	if c.Session != "" {
		h.Set(headerSession, c.Session)
	}
	if c.Seconds {
		h.Set(headerSecondRuns, "yes")
		h.Set(headerShares, "yes")
	}
	if !c.Ends.IsZero() {
		setWorkTime(h, c.Ends, c.Whole)
	}
	if c.Load != nil {
		setLoad(h, c.Load())
	}
}

// unreachable says why there is no answer. The caller's own cancellation is
// reported as such.
func (c *Client) unreachable(caller, bounded context.Context, limit time.Duration, err error) error {
	if caller.Err() != nil {
		return context.Cause(caller)
	}
	if bounded.Err() != nil {
		return farm.Errorf(farm.Busy, "the manager at %s did not answer within %s: %w", c.Base, limit, bounded.Err())
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without it, the address would be said twice
	}
	return farm.Errorf(farm.Unavailable, "cannot reach the manager at %s: %w. Is it running, and is this its address?", c.Base, err)
}

// failure makes the error of an answer with a status that is one.
func failure(res *http.Response) error {
	if to := res.Header.Get("Location"); to != "" && res.StatusCode < 400 {
		return &Error{Status: res.StatusCode, Message: "the manager is not here but at " + to + ": use that address"}
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // what was read of it will do
	e := readError(res.StatusCode, body)
	e.Deleted = res.Header.Get(headerDeleted) == "true"
	e.Taken = res.Header.Get(headerTaken) == "true"
	return e
}

// errStranger is in the error for an answer that no manager gives.
var errStranger = errors.New("is this the manager's address?")

// IsStranger reports whether an error of a call says that what answers is not a manager, but
// another program at that address.
func IsStranger(err error) bool {
	var e *Error
	if errors.As(err, &e) { // managers, of others too, say why in JSON, and have all that is asked for
		return e.Code == 0 && (e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed || e.Status == http.StatusNotImplemented)
	}
	return errors.Is(err, errStranger)
}

// decodeAnswer reads an answer's JSON. Anything else comes from a program that
// is no manager: a proxy's log-in page, another service on that port.
func decodeAnswer(res *http.Response, body []byte, out any) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if !strings.Contains(kind, "json") {
		return farm.Errorf(farm.Unavailable, "%s answered with %q where a manager answers with JSON: %w", res.Request.URL.Host, kind, errStranger)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return farm.Errorf(farm.Unavailable, "the answer to %s %s cannot be understood: %w", res.Request.Method, res.Request.URL.Path, err)
	}
	return nil
}

// fetch makes a call whose answer is a T.
func fetch[T any](ctx context.Context, c *Client, k call) (T, error) {
	var out T
	k.out = &out
	if _, err := c.do(ctx, k); err != nil {
		var none T
		return none, err
	}
	return out, nil
}

// send makes a call whose answer has no body.
func (c *Client) send(ctx context.Context, k call) error {
	_, err := c.do(ctx, k)
	return err
}

// Open reads a file that the manager serves, such as TaskLogInfo.URL or an
// image of JobLastRenderedImageInfo, or a stream. The path starts with a slash
// and is below Base. Only the context bounds how long it takes. The caller
// closes the reader.
func (c *Client) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, farm.Errorf(farm.Invalid, "%q is not a path on the manager", path)
	}
	req, err := c.request(ctx, call{path: path})
	if err != nil {
		return nil, err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, ctx, 0, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, failure(res)
	}
	return res.Body, nil
}
