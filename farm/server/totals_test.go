package server_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// heap returns the most memory that the program had while f ran, in MiB above
// what it had before.
func heap(f func()) int {
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var now runtime.MemStats
		peak := before.HeapInuse
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			case <-done:
				most <- peak - before.HeapInuse
				return
			}
		}
	}()
	f()
	close(done)
	return int(<-most >> 20)
}

// TestManyLargeSubmissions sends as large bodies as there may be, many at once: all
// are answered, and the memory they take together stays bounded.
func TestManyLargeSubmissions(t *testing.T) {
	s := newServer(t)
	const clients, each = 6, 7 << 20
	var text strings.Builder
	text.WriteString(`{"name":"x","type":"echo-sleep-test","priority":50,"submitter_platform":"linux","settings":{"message":"m","sleep_duration_seconds":0,"sleep_repeats":1},"metadata":{`)
	for i := 0; text.Len() < each; i++ {
		fmt.Fprintf(&text, `"k%d":"%s",`, i, strings.Repeat("v", 200))
	}
	text.WriteString(`"last":"x"}}`)
	whole := text.String()
	peak := heap(func() {
		var all sync.WaitGroup
		for range clients {
			all.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/v3/jobs", strings.NewReader(whole))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				if got := send(t, req); got.status != http.StatusOK {
					t.Errorf("%d %.200s", got.status, got.body)
				}
			})
		}
		all.Wait()
	})
	t.Logf("%d submissions of %d MiB took at most %d MiB", clients, each>>20, peak)
	if peak > 300 { // with a garbage collector's half of it, and that of the test's own client
		t.Errorf("%d submissions of %d MiB took %d MiB", clients, each>>20, peak)
	}
	// Lists tell little of each.
	if got := s.want(200, "GET", "/api/v3/jobs", ""); len(got.body) > clients*100*300 {
		t.Errorf("the list of %d such jobs has %d bytes", clients, len(got.body))
	}
}

// TestManyReadersOfLargeJobs has clients that ask for a job with much in its metadata, and
// for the list that it is in. Some do not take their answers, and nobody waits for them.
func TestManyReadersOfLargeJobs(t *testing.T) {
	s := newServer(t)
	large := strings.Replace(echoJob, `"X"`, `"`+strings.Repeat("many, many words: ", 300_000)+`"`, 1)
	id := s.want(200, "POST", "/api/v3/jobs", large).text("id")
	for range 5 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /api/v3/jobs/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", id)
	}
	peak := heap(func() {
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				path, least := "/api/v3/jobs/"+id, len(large)
				if i%2 == 0 {
					path, least = "/api/v3/jobs", 500
				}
				req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				// Not kept: the memory that is measured is that of the client, too.
				if n, err := io.Copy(io.Discard, res.Body); err != nil || int(n) < least-1000 {
					t.Errorf("%s: %d bytes, %v", path, n, err)
				}
			})
		}
		all.Wait()
	})
	t.Logf("12 readers of a job of %d MB took at most %d MiB", len(large)/1_000_000, peak)
	if peak > 150 { // with a garbage collector's part of it; each by itself takes 40
		t.Errorf("12 readers of a job of %d MB took %d MiB", len(large)/1_000_000, peak)
	}
	if got := s.want(200, "GET", "/api/v3/jobs/"+id, "").text("metadata.project"); len(got) < 5_000_000 {
		t.Errorf("the job came back with %d bytes of metadata", len(got))
	}
}

// TestTooManyValues sends a body of few bytes that takes very much memory once it is read.
func TestTooManyValues(t *testing.T) {
	s := newServer(t)
	many := `{"name":"x","type":"echo-sleep-test","submitter_platform":"linux","settings":{"message":[` + strings.Repeat("[],", 600_000) + `[]]}}`
	if got := s.want(413, "POST", "/api/v3/jobs", many).text("message"); !strings.Contains(got, "more than 500000 values") {
		t.Errorf("%s", got)
	}
	s.want(400, "POST", "/api/v3/jobs", strings.Replace(many, strings.Repeat("[],", 600_000), `"`+strings.Repeat("[],", 600_000)+`",`, 1)) // one long text
}

// TestImageBomb sends a preview of a few kilobytes that says it has very many pixels.
func TestImageBomb(t *testing.T) {
	s := newServer(t)
	s.worker()
	s.submit()
	task := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	var bomb bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&bomb, image.NewNRGBA64(image.Rect(0, 0, 4500, 4000))); err != nil {
		t.Fatal(err)
	}
	peak := heap(func() {
		for range 4 {
			s.call("POST", "/api/v3/worker/task/"+task+"/output-produced", bomb.String(), "Content-Type", "image/png")
		}
		s.want(200, "GET", "/api/v3/version", "")
	})
	if peak > 100 {
		t.Errorf("a preview of %d kB took %d MiB", bomb.Len()>>10, peak)
	}
}

// TestTooManyFollowers opens streams of events until no more are served, and closes one.
func TestTooManyFollowers(t *testing.T) {
	s := newServer(t)
	var open []*http.Response
	defer func() {
		for _, res := range open {
			res.Body.Close()
		}
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() *http.Response {
		res, err := client.Get(s.url + "/api/farm/events")
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	for {
		res := get()
		open = append(open, res)
		if res.StatusCode == http.StatusTooManyRequests {
			break
		}
		if len(open) > 1000 {
			t.Fatal("any number of streams is served")
		}
	}
}

// TestTooManyWorkers registers more workers than the farm may have.
func TestTooManyWorkers(t *testing.T) {
	s := newServer(t)
	s.configure(map[string]string{"max_workers": "2"})
	id := s.worker()
	s.worker()
	const one = `{"secret":"s","platform":"linux","supported_task_types":["misc"],"name":"one more"}`
	if got := s.call("POST", "/api/v3/worker/register-worker", one); got.status != http.StatusTooManyRequests || !strings.Contains(string(got.body), "max_workers") {
		t.Errorf("a third worker: %d %s", got.status, got.body)
	}
	s.want(204, "DELETE", "/api/v3/worker-mgt/workers/"+id, "")
	s.want(200, "POST", "/api/v3/worker/register-worker", one)
}

// picture returns a small PNG.
func picture(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 32))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
