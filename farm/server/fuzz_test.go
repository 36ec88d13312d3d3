package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"renderfarm/farm/api"
)

// fuzzedHeaders are the headers that the server reads, Prefer left out, for which it would wait.
var fuzzedHeaders = []string{"X-Request-Id", "Content-Type", "Upload-Offset", "Origin", "Sec-Fetch-Site", "Host", "Authorization", "If-None-Match", "Range", "Farm-Time-Zone", "Farm-Session", "Accept-Encoding", "User-Agent"}

// FuzzRequests looks for a request, to any operation of the document, for which the
// manager blames itself, or with whose error nobody can do anything.
func FuzzRequests(f *testing.F) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		f.Fatal(err)
	}
	ops := operationsOf(doc)
	s := newServer(f)
	for i, op := range ops {
		f.Add(i, "", "", uint8(0), "", []byte(op.sample()))
		f.Add(i, "%2e%2e", "limit=-1&after=x", uint8(i), "bytes=0-", []byte("{}"))
	}
	calls := 0
	f.Fuzz(func(t *testing.T, n int, id, query string, header uint8, value string, body []byte) {
		if calls%50 == 0 {
			s.t = t
			s.populate()
		}
		calls++
		op := ops[uint(n)%uint(len(ops))]
		values := map[string]string{}
		for name, right := range s.ids {
			if values[name] = right; id != "" {
				values[name] = id
			}
		}
		h := hostile{"path", op.method, pathOf(op.path, values, ""), http.Header{"Fuzzed": {query, value}}, string(body)}
		if problem := s.inProcess(op, h, query, fuzzedHeaders[int(header)%len(fuzzedHeaders)], value); problem != "" {
			t.Errorf("%s %s?%s with the body %q: %s", h.method, h.target, query, body, problem)
		}
	})
}

// inProcess has the server answer without a network in between, and says what is wrong
// with the answer, "" for nothing.
func (s *testServer) inProcess(op operation, h hostile, query, header, value string) string {
	target, err := url.Parse(s.url + h.target)
	if err != nil {
		return "" // net/http would refuse it
	}
	target.RawQuery = query
	req, err := http.NewRequestWithContext(s.t.Context(), h.method, target.String(), strings.NewReader(h.body))
	if err != nil {
		return ""
	}
	req.RemoteAddr = "192.0.2.1:1234"
	req.Header.Set("Content-Type", op.media())
	if op.signed {
		req.SetBasicAuth(s.user, secret)
	}
	if req.Header.Set(header, value); header == "Host" {
		req.Host = value
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, req)
	body, err := io.ReadAll(io.LimitReader(bytes.NewReader(w.Body.Bytes()), 64<<20))
	if err != nil {
		return err.Error()
	}
	return op.judge(h, w.Result(), body)
}
