package server_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// fetchAddon asks for the add-on as a browser that knows the manager as host.
func fetchAddon(t *testing.T, s *testServer, path, host string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
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
		res, body := fetchAddon(t, s, path, "farm.studio:8080")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/zip" || !strings.Contains(res.Header.Get("Content-Disposition"), "farm-addon.zip") {
			t.Errorf("%s: %d, %v", path, res.StatusCode, res.Header)
		}
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := z.Open("farm/manager_url.txt")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(f); err != nil || string(text) != "http://farm.studio:8080\n" {
			t.Errorf("%s: the address is %q, %v", path, text, err)
		}
	}
	if res, _ := fetchAddon(t, s, "/flamenco3-addon.zip", ""); res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "/flamenco-addon.zip" {
		t.Errorf("the old name: %d, %v", res.StatusCode, res.Header)
	}
	if res, body := fetchAddon(t, s, "/farm-addon.zip", `x"y`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a host that is none: %d, %.100q", res.StatusCode, body)
	}
}
