package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestDoors asks by many names and for many pages: a name that somebody else may
// own is refused for everything, and a foreign page for what changes something.
func TestDoors(t *testing.T) {
	s := newServer(t)
	const rebound, open = "this manager does not know the name", ""
	const foreign = "a page of another site"
	read, write := "GET /api/v3/version", "POST /api/v3/worker-mgt/tags"
	for _, c := range []struct {
		host, origin, site, request, refused string
	}{
		{"127.0.0.1:8080", "", "", read, open},
		{"192.168.1.7", "", "", write, open},
		{"[fe80::1]:8080", "", "", write, open},
		{"localhost:8080", "", "", write, open},
		{"render01:8080", "", "", write, open},
		{"Render01.local:8080", "", "", write, open},
		{"farm.studio.internal", "", "", write, open},
		{"farm.studio.example", "", "", read, rebound},
		{"farm.studio.example", "http://farm.studio.example", "same-origin", write, rebound},
		{"127.0.0.1.evil.example:8080", "", "", read, rebound},
		{"local.evil.example.", "", "", read, rebound},
		{"farm.studio.example", "", "", "GET /farm-addon.zip", rebound},
		{"farm.studio.example", "", "", "GET /job-files/x", rebound},
		{"farm.studio.example", "", "", "GET /", rebound},
		{"farm:8080", "http://farm:8080", "", write, open},
		{"farm:8080", "http://FARM:8080", "", write, open},
		{"farm:8080", "https://evil.example", "", write, foreign},
		{"farm:8080", "http://farm:3000", "", write, foreign},
		{"farm:8080", "http://farm:8080.evil.example", "", write, foreign},
		{"farm:8080", "null", "", write, foreign},
		{"farm:8080", "https://evil.example", "", read, open}, // which its page cannot read
		{"localhost:8080", "http://localhost:8080", "same-origin", write, open},
		{"localhost:8080", "", "none", write, open},
		{"localhost:8080", "", "cross-site", write, foreign},
		{"localhost:8080", "http://localhost:9999", "same-site", write, foreign},
		{"farm:8080", "https://evil.example", "", "DELETE /api/v3/jobs/mass-delete", foreign},
		{"farm:8080", "https://evil.example", "", "PUT /api/v3/configuration/file", foreign},
		{"farm:8080", "https://evil.example", "", fmt.Sprintf("POST /api/v3/shaman/files/%064d/1", 0), foreign},
	} {
		answer := s.from(c.request, c.host, "Origin", c.origin, "Sec-Fetch-Site", c.site)
		refused := answer.status == http.StatusForbidden && strings.Contains(string(answer.body), c.refused)
		if (c.refused != "") != refused {
			t.Errorf("%s of %s, origin %q, site %q: %d %s", c.request, c.host, c.origin, c.site, answer.status, answer.body)
		}
	}
}

// TestAllowedHosts has a name of the farm's owner, as behind a proxy that changes the port.
func TestAllowedHosts(t *testing.T) {
	s := newServer(t)
	config := s.manager.Config()
	config.AllowedHosts = []string{"farm.studio.example"}
	if err := s.manager.SetConfig(config); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		host, origin string
		status       int
	}{
		{"farm.studio.example", "https://farm.studio.example:8443", http.StatusBadRequest}, // its body is empty
		{"127.0.0.1:8080", "https://farm.studio.example", http.StatusBadRequest},
		{"other.studio.example", "", http.StatusForbidden},
		{"farm.studio.example", "https://evil.example", http.StatusForbidden},
	} {
		if got := s.from("POST /api/v3/worker-mgt/tags", c.host, "Origin", c.origin); got.status != c.status {
			t.Errorf("%s from %q: %d %s", c.host, c.origin, got.status, got.body)
		}
	}
}

// far makes a request one that a proxy on the manager's computer passes on.
var far = []string{"X-Forwarded-For", "192.0.2.7"}

// TestHostPathsStay sends configurations with other folders: none is taken, and
// the same without them is.
func TestHostPathsStay(t *testing.T) {
	s := newServer(t)
	const url = "/api/v3/configuration/file"
	before := string(s.want(200, "GET", url, "").body)
	for key, value := range map[string]string{"listen": `":1"`, "database": `"other.db"`, "local_manager_storage_path": `"/root/.ssh"`,
		"shared_storage_path": `"/"`, "allowed_hosts": `["evil.example"]`, "trusted_addresses": `["0.0.0.0/0"]`, "approve_workers": "true",
		"tls": `"self"`, "tls_cert": `"/x"`, "tls_key": `"/x"`} {
		file := replaceKey(t, before, key, value)
		if got := s.want(403, "PUT", url, file, far...); !strings.Contains(string(got.body), key) {
			t.Errorf("%s: %s", key, got.body)
		}
		if now := string(s.want(200, "GET", url, "").body); now != before {
			t.Errorf("after a refused change of %s the configuration is %s", key, now)
		}
	}
	s.want(204, "PUT", url, replaceKey(t, before, "manager_name", `"Studio"`), far...)
	s.want(204, "PUT", url, replaceKey(t, before, "allowed_hosts", `["farm.studio.example"]`)) // from this computer
}

// TestPasswordIsNotTold keeps the broker's password from who reads the
// configuration, also when they write it back.
func TestPasswordIsNotTold(t *testing.T) {
	s := newServer(t)
	const url = "/api/v3/configuration/file"
	file := string(s.want(200, "GET", url, "").body)
	s.want(204, "PUT", url, replaceKey(t, file, "password", `"hush"`))
	told := string(s.want(200, "GET", url, "").body)
	if strings.Contains(told, "hush") {
		t.Errorf("the configuration tells the password: %s", told)
	}
	s.want(204, "PUT", url, told)
	if got := s.manager.Config().MQTT.Client.Password; got != "hush" {
		t.Errorf("the password is %q", got)
	}
}

// from sends a request, "METHOD /path", for a host; headers with empty values are left out.
func (s *testServer) from(request, host string, headers ...string) answer {
	s.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	return send(s.t, req)
}

// send sends a request as it is.
func send(t testing.TB, req *http.Request) answer {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, body}
}
