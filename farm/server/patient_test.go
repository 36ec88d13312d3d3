package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// onePipe is a listener with one connection.
type onePipe struct {
	conn chan net.Conn
	net.Listener
}

func (l onePipe) Accept() (net.Conn, error) {
	c, ok := <-l.conn
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l onePipe) Close() error { return nil }

// TestPatience sends bodies at many paces: slow ones may go on for hours, and those
// that only want to be in the way end.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		waits time.Duration // for its turn
		every time.Duration
		bytes int
		ends  error
		after time.Duration // its turn, if it ends
	}{
		"a slow line":             {0, 10 * time.Second, slowest / 2, nil, 0},
		"just enough":             {0, uploadStuck - time.Second, slowest, nil, 0},
		"after a wait":            {time.Minute, time.Second, slowest, nil, 0},
		"a byte now and then":     {0, time.Second, 1, os.ErrDeadlineExceeded, uploadStuck},
		"nothing":                 {0, time.Hour, 1, os.ErrDeadlineExceeded, uploadStuck},
		"nothing, after a wait":   {time.Minute, time.Hour, 1, os.ErrDeadlineExceeded, uploadBegins},
		"nothing, after a little": {10 * time.Second, time.Hour, 1, os.ErrDeadlineExceeded, uploadStuck - 10*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				began := time.Now()
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body := newPatientBody(r.Body, w)
					time.Sleep(c.waits)
					_, err := io.Copy(io.Discard, body)
					ended <- err
				})}
				client, far := net.Pipe()
				l := onePipe{conn: make(chan net.Conn, 1)}
				l.conn <- far
				go server.Serve(l)
				const times = 100
				var sender sync.WaitGroup
				sender.Go(func() {
					io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
					go io.Copy(io.Discard, client)
					body := httputil.NewChunkedWriter(client)
					for range times {
						time.Sleep(c.every)
						if _, err := body.Write(make([]byte, c.bytes)); err != nil {
							return
						}
					}
					body.Close()
					io.WriteString(client, "\r\n")
				})
				err := <-ended
				if !errors.Is(err, c.ends) {
					t.Errorf("it ended with %v, want %v", err, c.ends)
				}
				if took := time.Since(began); c.ends != nil && took != c.waits+c.after {
					t.Errorf("it ended after %s", took)
				}
				client.Close()
				sender.Wait()
				close(l.conn)
				server.Close()
			})
		})
	}
}
