package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestValuesIn(t *testing.T) {
	pad := strings.Repeat(" ", maxValues)
	for text, want := range map[string]int{`[0,0,0]`: 3, `{"a":1,"b":[{}]}`: 6, `"a,b:[{"`: 0, `["\"",",","\\",1]`: 4, `"`: 0, `"\`: 0} {
		if got := valuesIn([]byte(pad + text)); got != want {
			t.Errorf("%s has %d values, want %d", text, got, want)
		}
	}
}

// slowBody is a body that takes a second for each of its bytes.
type slowBody struct{ left int }

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	if b.left--; b.left < 0 {
		return 0, io.EOF
	}
	p[0] = 'x'
	return 1, nil
}

// slowWriter is a client that takes two seconds for each piece of an answer.
type slowWriter struct{ http.ResponseWriter }

func (w slowWriter) Write(p []byte) (int, error) { time.Sleep(2 * time.Second); return len(p), nil }

// TestTimeOfTheClient has a slow client: the time that it takes is known.
func TestTimeOfTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &observedAnswer{ResponseWriter: slowWriter{httptest.NewRecorder()}}
		body := &observedBody{io.NopCloser(&slowBody{left: 3}), o}
		if text, err := io.ReadAll(body); len(text) != 3 || err != nil {
			t.Fatal(text, err)
		}
		time.Sleep(time.Minute) // the manager is at work
		o.WriteHeader(http.StatusEarlyHints)
		o.WriteHeader(http.StatusTeapot)
		io.WriteString(o, "text")
		io.Copy(o, &slowBody{left: 1})
		if waited := time.Duration(o.waited.Load()); waited != 10*time.Second || o.status != http.StatusTeapot {
			t.Errorf("the client took %s, and got %d", waited, o.status)
		}
	})
}
