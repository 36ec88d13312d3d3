package apitest

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
)

// Over returns a RoundTripper that calls the handler in the caller's
// goroutine. It needs no socket, so it also works in a bubble of
// testing/synctest. Answers arrive whole; streams need a real server.
func Over(handler http.Handler) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		in := req.Clone(req.Context())
		// What a server fills in, and a client's request lacks.
		in.RequestURI = req.URL.RequestURI()
		in.RemoteAddr = "192.0.2.1:1234"
		in.Host = cmp.Or(req.Host, req.URL.Host)
		if in.Body == nil {
			in.Body = http.NoBody
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, in)
		io.Copy(io.Discard, in.Body) // as a server does, so that nobody waits to be read
		in.Body.Close()
		if req.Context().Err() != nil {
			return nil, context.Cause(req.Context()) // the client has hung up
		}
		res := w.Result()
		res.Request = req
		return res, nil
	})
}
