package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A conn is a persistent HTTP/1.1 connection that costs as little as possible:
// the simulated workers share the computer with the manager, and what they use
// is missing there. Requests are bytes, written at once. One goroutine uses it.
type conn struct {
	io.ReadWriteCloser
	r    *bufio.Reader
	body []byte // of the last answer
}

func newConn(c io.ReadWriteCloser) *conn { return &conn{ReadWriteCloser: c, r: bufio.NewReader(c)} }

// dial connects. Nothing on the connection may take longer than limit in all.
func dial(address string, limit time.Duration) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		c.Close()
		return nil, err
	}
	return newConn(c), nil
}

// do sends a request and reads the answer; its body is in c.body.
func (c *conn) do(request []byte) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	return c.answer()
}

var errAnswer = errors.New("the answer is not HTTP/1.1")

// answer reads one answer.
func (c *conn) answer() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || string(line[:9]) != "HTTP/1.1 " {
		return 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, errAnswer
	}
	length, chunked := -1, false
	for {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		if value, ok := header(line, "Content-Length:"); ok {
			if length, err = strconv.Atoi(value); err != nil || length < 0 {
				return 0, errAnswer
			}
		} else if value, ok := header(line, "Transfer-Encoding:"); ok {
			chunked = value == "chunked"
		}
	}
	c.body = c.body[:0]
	switch {
	case status == http.StatusNoContent:
		return status, nil
	case chunked:
		return status, c.chunks()
	case length < 0:
		return status, errAnswer
	}
	return status, c.more(length)
}

// line reads a line without its end.
func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// header returns the value of a line that is the named header.
func header(line []byte, name string) (value string, ok bool) {
	if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
		return "", false
	}
	return string(bytes.TrimSpace(line[len(name):])), true
}

// more reads n bytes into the body.
func (c *conn) more(n int) error {
	had := len(c.body)
	c.body = slices.Grow(c.body, n)[:had+n]
	_, err := io.ReadFull(c.r, c.body[had:])
	return err
}

// chunks reads a body in chunks, up to the empty one.
func (c *conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return errAnswer
		}
		if err := c.more(int(n)); err != nil {
			return err
		}
		if end, err := c.line(); err != nil || len(end) != 0 {
			return errors.Join(errAnswer, err)
		}
		if n == 0 {
			return nil
		}
	}
}

// TestConn holds the connection to the answers of a real server.
func TestConn(t *testing.T) {
	long := strings.Repeat("long ", 4000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			io.WriteString(w, "short")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/empty":
			w.WriteHeader(http.StatusConflict)
		case "/chunked":
			io.WriteString(w, long) // longer than what net/http buffers
		case "/flushed":
			for part := range 3 {
				fmt.Fprint(w, "part ", part, " ")
				w.(http.Flusher).Flush()
			}
		}
	}))
	defer server.Close()
	c, err := dial(server.Listener.Addr().String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tests := []struct {
		path   string
		status int
		body   string
	}{
		{"/short", 200, "short"}, {"/none", 204, ""}, {"/empty", 409, ""}, {"/chunked", 200, long}, {"/flushed", 200, "part 0 part 1 part 2 "}, {"/short", 200, "short"},
	}
	for _, test := range tests {
		status, err := c.do([]byte("GET " + test.path + " HTTP/1.1\r\nHost: test\r\n\r\n"))
		if err != nil || status != test.status || string(c.body) != test.body {
			t.Errorf("%s: status %d, body of %d bytes, %v; want %d, %d bytes", test.path, status, len(c.body), err, test.status, len(test.body))
		}
	}
}

func TestConnRefuses(t *testing.T) {
	for _, answer := range []string{
		"", "garbage\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
	} {
		c := &conn{r: bufio.NewReader(strings.NewReader(answer))}
		if status, err := c.answer(); err == nil {
			t.Errorf("%q is taken for an answer with status %d", answer, status)
		}
	}
}
