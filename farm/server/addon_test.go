package server_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// fetchAddon asks for the add-on as a browser that knows the manager as host.
func fetchAddon(t *testing.T, s *testServer, path, host string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if host != "" {
		req.Host = host
	}
	res, err := http.DefaultTransport.RoundTrip(req) // no redirects are followed
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// TestAddon downloads the add-on, which knows where it was downloaded.
func TestAddon(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/farm-addon.zip", "/flamenco-addon.zip"} {
		res, body := fetchAddon(t, s, path, "farm.lan:8080")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/zip" || !strings.Contains(res.Header.Get("Content-Disposition"), "farm-addon.zip") {
			t.Errorf("%s: %d, %v", path, res.StatusCode, res.Header)
		}
		if got, err := managerIn(body); err != nil || got != "http://farm.lan:8080" {
			t.Errorf("%s: the address is %q, %v", path, got, err)
		}
	}
	if res, _ := fetchAddon(t, s, "/flamenco3-addon.zip", ""); res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "flamenco-addon.zip" {
		t.Errorf("the old name: %d, %v", res.StatusCode, res.Header)
	}
	if res, body := fetchAddon(t, s, "/farm-addon.zip", `x"y`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a host that is none: %d, %.100q", res.StatusCode, body)
	}
}

// managerIn returns the manager's address in an add-on's zip.
func managerIn(body []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return "", err
	}
	f, err := z.Open("farm/manager_url.txt")
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f)
	return strings.TrimSuffix(string(text), "\n"), errors.Join(err, f.Close())
}

// Behind a proxy the add-on knows the address of the proxy, with the path that it
// puts in front, as far as the proxy or the page tells it.
func TestAddonBehindAProxy(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{[]string{"X-Forwarded-Prefix", "/farm"}, "http://studio/farm"},
		{[]string{"X-Forwarded-Prefix", "/farm/", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "render.lan, inner"}, "https://render.lan/farm"},
		{[]string{"Referer", "http://studio/farm/app/jobs/1"}, "http://studio/farm"},
		{[]string{"Referer", "http://studio/app/"}, "http://studio"},
		{[]string{"X-Forwarded-Prefix", ".evil.example"}, "http://studio"},
		{[]string{"Referer", "http://studio/docs/index.html"}, "http://studio"},
		{[]string{"Referer", "http://elsewhere/farm/app/"}, "http://studio"},
	} {
		_, body := fetchAddon(t, s, "/farm-addon.zip", "studio", c.headers...)
		if got, err := managerIn(body); err != nil || got != c.want {
			t.Errorf("%v: the address is %q, %v; want %q", c.headers, got, err, c.want)
		}
	}
	if res, body := fetchAddon(t, s, "/farm-addon.zip", "studio", "X-Forwarded-Host", "evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a host of somebody else: %d, %.100q", res.StatusCode, body)
	}
	if res, body := fetchAddon(t, s, "/farm-addon.zip", "studio", "X-Forwarded-Prefix", "/farm?x=1"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a path that is none: %d, %.100q", res.StatusCode, body)
	}
}
