package api_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm/api"
)

// roundTrip is a transport that answers by itself, so that time can be virtual.
type roundTrip func(r *http.Request) (status int, body string)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
	}
	status, body := f(r)
	header := http.Header{"Content-Type": {jsonKind}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestSendGivesUp sends to managers, or what pretends to be one, that never take
// a file: what may pass is waited for, and not for ever, else it fails at once.
func TestSendGivesUp(t *testing.T) {
	source := filepath.Join(t.TempDir(), "a.blend")
	if err := os.WriteFile(source, []byte("BLENDER"), 0o600); err != nil {
		t.Fatal(err)
	}
	const sum = "bebad1fc32a15a67cace8405265fb1bfea76c2cf903efe05dcce3b0cf1a35591" // of BLENDER
	for name, test := range map[string]struct {
		answer  int
		patient bool
	}{
		"conflict":     {http.StatusConflict, true},
		"bad gateway":  {http.StatusBadGateway, true},
		"no room":      {http.StatusInsufficientStorage, false},
		"switched off": {http.StatusServiceUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				client, err := api.New("http://manager.example")
				if err != nil {
					t.Fatal(err)
				}
				client.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (int, string) {
					switch {
					case strings.HasSuffix(r.URL.Path, "/requirements"):
						return http.StatusOK, `{"files":[{"sha":"` + sum + `","size":7,"path":"a.blend","status":"unknown"}]}`
					case r.Method == http.MethodGet:
						return http.StatusOK, `{"status":"unknown"}`
					}
					tries++
					return test.answer, `{"code":1,"message":"no"}`
				})}
				began := time.Now()
				sending := api.Sending{Client: client, Files: []api.SendFile{{Path: "a.blend", Source: source}}, Checkout: "a"}
				_, err = sending.Send(t.Context())
				took := time.Since(began)
				if api.StatusOf(err) != test.answer || !strings.Contains(err.Error(), source) {
					t.Errorf("%v", err)
				}
				if test.patient != (tries > 1) || test.patient != (took >= 2*time.Minute) || took > 3*time.Minute {
					t.Errorf("%d tries in %s", tries, took)
				}
			})
		})
	}
}
