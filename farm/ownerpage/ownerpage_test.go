package ownerpage

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
)

// A desk is a worker that keeps what its owner does.
type desk struct {
	mu    sync.Mutex
	state State
}

func (d *desk) OwnerState() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

func (d *desk) Pause(until time.Time) error { return d.set("paused by its owner", until) }
func (d *desk) Resume() error               { return d.set("", time.Time{}) }

func (d *desk) set(inUse string, until time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.InUse, d.state.Until = inUse, until
	return nil
}

func served(t *testing.T) (string, *desk, *Client) {
	t.Helper()
	dir, d := t.TempDir(), &desk{state: State{Name: `<b>w1`, Doing: "working on frame 7"}}
	stop, err := Serve(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, d, c
}

// The commands see and change the worker, of whoever can read its folder.
func TestCommands(t *testing.T) {
	dir, d, c := served(t)
	if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := c.Pause(t.Context(), until); err != nil {
		t.Fatal(err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Name != "<b>w1" || s.InUse == "" || !s.Until.Equal(until) {
		t.Errorf("%+v %v", s, err)
	}
	if err := c.Pause(t.Context(), time.Now().Add(-time.Hour)); farm.KindOf(err) != farm.Invalid {
		t.Errorf("a time that is over: %v", err)
	}
	if err := c.Resume(t.Context()); err != nil || d.OwnerState().InUse != "" {
		t.Errorf("%+v %v", d.OwnerState(), err)
	}
	if _, err := Open(t.TempDir()); farm.KindOf(err) != farm.NotFound {
		t.Errorf("no worker: %v", err)
	}
	c.Token = "wrong"
	if err := c.Pause(t.Context(), time.Time{}); err == nil || d.OwnerState().InUse != "" {
		t.Errorf("with a wrong token: %v", err)
	}
}

// A browser gets in by the address, and uses the buttons.
func TestPage(t *testing.T) {
	_, d, c := served(t)
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	res, err := browser.Get(c.Page())
	if err != nil || res.StatusCode != 200 || strings.Contains(res.Request.URL.String(), c.Token) {
		t.Fatalf("%v %v", res, err)
	}
	text := make([]byte, 8<<10)
	n, _ := res.Body.Read(text)
	res.Body.Close()
	if got := string(text[:n]); !strings.Contains(got, "&lt;b&gt;w1") || !strings.Contains(got, "working on frame 7") {
		t.Errorf("the page: %s", got)
	}
	for button, want := range map[string]time.Time{"hour": time.Now().Add(time.Hour), "tomorrow": Tomorrow(time.Now()), "ever": {}} {
		res, err := browser.PostForm(c.URL+"/pause", url.Values{"for": {button}})
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%v %v", res, err)
		}
		res.Body.Close()
		if s := d.OwnerState(); s.InUse == "" || s.Until.Sub(want).Abs() > time.Minute {
			t.Errorf("%s: %+v", button, s)
		}
	}
	if res, err = browser.Post(c.URL+"/resume", "application/x-www-form-urlencoded", nil); err != nil || d.OwnerState().InUse != "" {
		t.Errorf("%v %v", res, err)
	}
	res.Body.Close()
}

// Nobody else gets in: without the token, under another name, or from another site.
func TestDoors(t *testing.T) {
	_, d, c := served(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(c.URL, "http://"), ":")
	cookie := cookieName + port + "=" + c.Token
	cases := []struct {
		name, method, path, host string
		header                   map[string]string
		want                     int
	}{
		{"no token", "GET", "/", "", nil, 403},
		{"no token", "POST", "/resume", "", nil, 403},
		{"wrong token", "POST", "/pause", "", map[string]string{"Authorization": "Bearer x"}, 403},
		{"token in the address of a change", "POST", "/resume?token=" + c.Token, "", nil, 403},
		{"cookie", "POST", "/resume", "", map[string]string{"Cookie": cookie}, 303},
		{"localhost", "POST", "/resume", "localhost:" + port, map[string]string{"Cookie": cookie}, 303},
		{"rebound name", "GET", "/state", "evil.example:" + port, map[string]string{"Cookie": cookie}, 403},
		{"rebound name", "POST", "/resume", "evil.example", map[string]string{"Authorization": "Bearer " + c.Token}, 403},
		{"other site", "POST", "/resume", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, 403},
		{"other origin", "POST", "/resume", "", map[string]string{"Cookie": cookie, "Origin": "http://evil.example"}, 403},
		{"other port", "POST", "/resume", "", map[string]string{"Cookie": cookie, "Origin": "http://127.0.0.1:1"}, 403},
		{"by a link", "GET", "/resume", "", map[string]string{"Cookie": cookie}, 405},
		{"no time", "POST", "/pause", "", map[string]string{"Cookie": cookie}, 400},
		{"nonsense", "POST", "/pause", "", map[string]string{"Cookie": cookie, "Content-Type": "application/json"}, 400},
	}
	for _, one := range cases {
		d.Pause(time.Time{})
		req, err := http.NewRequest(one.method, c.URL+one.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = one.host
		for k, v := range one.header {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != one.want || one.want >= 400 && d.OwnerState().InUse == "" {
			t.Errorf("%s %s %s: %d, want %d, and it is %+v", one.name, one.method, one.path, res.StatusCode, one.want, d.OwnerState())
		}
	}
}
