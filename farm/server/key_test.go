package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm/access"
	"renderfarm/farm/server"
)

// TestEveryRouteNeedsTheKey tries all that is served without the key: only what
// registered workers ask, who have secrets of their own, is looked at.
func TestEveryRouteNeedsTheKey(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	tried := 0
	chi.Walk(s.server.Routes(), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		path := regexp.MustCompile(`\{\w+\}|\*$`).ReplaceAllString(pattern, "x")
		want := http.StatusUnauthorized
		switch {
		case strings.HasPrefix(path, "/api/farm/worker/"), strings.HasPrefix(path, "/api/v3/worker/") && path != "/api/v3/worker/register-worker":
			want = http.StatusForbidden
		case strings.HasPrefix(path, "/join/x/") && !strings.Contains(path, "program"):
			want = http.StatusNotFound // no script is called x
		case strings.HasPrefix(path, "/join/"):
			want = http.StatusBadRequest // the code in it is looked at
		case path == "/signin" && method == http.MethodGet, path == "/healthz":
			want = http.StatusOK
		}
		if got := s.from(method+" "+path, "farm:8080", far...); got.status != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, got.status, got.body, want)
		}
		tried++
		return nil
	})
	if tried < 80 {
		t.Errorf("only %d routes were tried", tried)
	}
	for _, path := range []string{"/api/v3/worker/../jobs", "/api/v3/worker/%2e%2e/jobs", "/api/farm/worker/..%2f..%2fv3/jobs", "/api/v3/worker/%72egister-worker", "//api/v3/jobs"} {
		if got := s.from("GET "+path, "farm:8080", far...); got.status < 400 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// TestWhoHasTheKey asks with and without the key, from here and from elsewhere.
func TestWhoHasTheKey(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	good := access.CookieName(s.key) + "=" + access.Cookie(s.key, time.Now().Add(time.Hour))
	old := access.CookieName(s.key) + "=" + access.Cookie(s.key, time.Now().Add(-time.Hour))
	for _, c := range []struct {
		what, header, value string
		near                bool
		status              int
	}{
		{"nothing", "", "", false, 401},
		{"nothing, on this computer", "", "", true, 200},
		{"the key", "Farm-Key", s.key, false, 200},
		{"a wrong key", "Farm-Key", "x" + s.key, false, 401},
		{"a cookie", "Cookie", good, false, 200},
		{"an old cookie", "Cookie", old, false, 401},
	} {
		headers := append([]string{c.header, c.value}, far...)
		if c.near {
			headers = nil
		}
		if got := s.from("GET /api/v3/version", "farm:8080", headers...); got.status != c.status {
			t.Errorf("with %s: %d %s, want %d", c.what, got.status, got.body, c.status)
		}
	}
	config := s.manager.Config()
	config.TrustedAddresses = []string{"10.0.0.0/8", "127.0.0.1"}
	if err := s.manager.SetConfig(config); err != nil {
		t.Fatal(err)
	}
	if got := s.from("GET /api/v3/version", "farm:8080", far...); got.status != 401 {
		t.Errorf("a proxy with a trusted address lets in who has no key: %d", got.status)
	}
	s.key, s.keyError = "", errors.New("the file is damaged")
	if got := s.from("GET /api/v3/version", "farm:8080"); got.status != http.StatusServiceUnavailable {
		t.Errorf("with a key that cannot be read: %d %s", got.status, got.body)
	}
}

// TestThisComputer tells requests of this computer from those that a proxy on it
// passes on, by what only who is here may do: 404 is past the door, as there is no such worker.
func TestThisComputer(t *testing.T) {
	s := newServer(t)
	const what = "/api/farm/workers/00000000-0000-4000-8000-000000000000/approve"
	for _, header := range []string{"", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		want, value := http.StatusForbidden, "for=192.0.2.7"
		if header == "" {
			want, value = http.StatusNotFound, ""
		}
		if got := s.from("POST "+what, "localhost", header, value); got.status != want {
			t.Errorf("with the header %q: %d %s, want %d", header, got.status, got.body, want)
		}
	}
	// nginx as it is installed tells nothing, but speaks HTTP/1.0.
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n", what)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("with HTTP/1.0: %v, %v", res, err)
	}
	s.key = access.NewKey()
	if got := s.from("POST "+what, "farm:8080", append([]string{"Farm-Key", s.key}, far...)...); got.status != http.StatusNotFound {
		t.Errorf("with the key: %d %s", got.status, got.body)
	}
}

// TestWrongKeysAreCounted has an address that tries keys: then not even the right one is looked at.
func TestWrongKeysAreCounted(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	ask := func(key string) answer {
		return s.from("GET /api/v3/version", "farm:8080", append([]string{"Farm-Key", key}, far...)...)
	}
	for range server.WrongKeys {
		if got := ask(access.NewKey()); got.status != http.StatusUnauthorized {
			t.Fatalf("a wrong key: %d %s", got.status, got.body)
		}
	}
	if got := ask(s.key); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("after them: %d %s", got.status, got.body)
	}
}

// TestSignIn signs in as a browser does, after a wrong key, and comes to the page that was asked for.
func TestSignIn(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	do := func(method, path string, form url.Values) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html,*/*")
		req.Header.Set("X-Forwarded-For", "192.0.2.7")
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", s.url)
		}
		res, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body strings.Builder
		if _, err := bufio.NewReader(res.Body).WriteTo(&body); err != nil {
			t.Fatal(err)
		}
		return answer{res.StatusCode, res.Header, []byte(body.String())}
	}
	form := do("GET", "/app/jobs/x", nil)
	if form.status != 401 || !strings.Contains(string(form.body), `action="../../signin"`) || !strings.Contains(string(form.body), `value="app/jobs/x"`) {
		t.Fatalf("without a cookie: %d %s", form.status, form.body)
	}
	if got := do("POST", "/signin", url.Values{"key": {"wrong"}, "to": {"app/jobs/x"}}); got.status != 401 || !strings.Contains(string(got.body), "not the key") {
		t.Errorf("a wrong key: %d %s", got.status, got.body)
	}
	got := do("POST", "/signin", url.Values{"key": {s.key + "\n"}, "to": {"app/"}})
	if got.status != 200 || !strings.Contains(string(got.body), "<title>Farm</title>") {
		t.Errorf("the right key: %d %s", got.status, got.body)
	}
	if got := do("GET", "/api/v3/version", nil); got.status != 200 {
		t.Errorf("signed in: %d %s", got.status, got.body)
	}
	s.key = access.NewKey()
	if got := do("GET", "/app/", nil); got.status != 401 {
		t.Errorf("after a new key: %d", got.status)
	}
}

// TestCookie looks at what the browser is told to do with the cookie, and where it is sent.
func TestCookie(t *testing.T) {
	s := newServer(t)
	s.key = access.NewKey()
	for to, want := range map[string]string{"app/jobs/x?y=z": "app/jobs/x?y=z", "//evil.example": "app/", "https://evil.example": "app/", "": "app/", "app/\r\nX: y": "app/"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/signin", strings.NewReader(url.Values{"key": {s.key}, "to": {to}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-Proto", "https")
		got := send(t, req)
		cookie := got.header.Get("Set-Cookie")
		if got.status != http.StatusSeeOther || got.header.Get("Location") != want {
			t.Errorf("to %q: %d %q, want %q", to, got.status, got.header.Get("Location"), want)
		}
		for _, part := range []string{"HttpOnly", "SameSite=Strict", "Secure"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("the cookie %q lacks %s", cookie, part)
			}
		}
		if strings.Contains(cookie, s.key) {
			t.Error("the cookie tells the key")
		}
	}
}
