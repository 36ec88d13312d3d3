package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func TestAddress(t *testing.T) {
	for address, want := range map[string]string{
		"http://farm.local:8080":    "http://farm.local:8080",
		"http://farm.local:8080/":   "http://farm.local:8080",
		" https://farm.local ":      "https://farm.local",
		"HTTP://farm.local":         "http://farm.local",
		"http://farm.local/render/": "http://farm.local/render",
		"http://farm.local/a%20b":   "http://farm.local/a%20b",
		"farm.local":                "http://farm.local:8080",
		"localhost":                 "http://localhost:8080",
		"farm.local:80":             "http://farm.local:80",
		"farm.local/render":         "http://farm.local:8080/render",
		"192.168.0.7":               "http://192.168.0.7:8080",
		"192.168.0.7:9000":          "http://192.168.0.7:9000",
		"[::1]":                     "http://[::1]:8080",
		"[::1]:9000":                "http://[::1]:9000",
		"::1":                       "http://[::1]:8080",
		"http://[fd00::7]":          "http://[fd00::7]",
		"farm.local:":               "http://farm.local:8080",
	} {
		c, err := api.New(address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
		} else if c.Base != want {
			t.Errorf("%q is %s, want %s", address, c.Base, want)
		}
	}
	for address, why := range map[string]string{
		"":                        "empty",
		"  ":                      "empty",
		"ftp://farm.local":        "http",
		"http://":                 "no host",
		":8080":                   "no host",
		"farm.local:http":         "cannot be read",
		"farm.local:0":            "between 1",
		"farm.local:70000":        "between 1",
		"http://me:pw@farm.local": "user name",
		"http://farm.local/?a=b":  "question mark",
		"my farm":                 "cannot be read",
		"http://farm.local\x00":   "cannot be read",
		`\\server\share`:          "cannot be read",
	} {
		_, err := api.New(address)
		if farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "http://farm.local:8080") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestPreferHeader(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "wait=30": 30 * time.Second, "WAIT = 5": 5 * time.Second, `wait="7"`: 7 * time.Second, "respond-async, wait=10; x=y": 10 * time.Second,
		"wait=0": 0, "wait=3600": api.MaxWait, "wait=99999999999999": 0, "wait=-1": 0, "wait": 0, "wait=soon": 0, "waiting=5": 0,
	} {
		if got := api.PreferWait(http.Header{"Prefer": {"handling=lenient", value}}); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "", -time.Second: "", time.Millisecond: "wait=1", 30 * time.Second: "wait=30", time.Hour: "wait=60"} {
		h := http.Header{}
		if api.SetPreferWait(h, d); h.Get("Prefer") != want {
			t.Errorf("%s is %q, want %q", d, h.Get("Prefer"), want)
		}
	}
}

// TestNeverNull makes sure that missing parts of lists do not become null.
func TestNeverNull(t *testing.T) {
	given := []farm.Command{{Name: "a", Parameters: map[string]any{"x": 1}}, {Name: "b"}}
	types := []farm.JobType{{Name: "a"}}
	for _, v := range []any{api.Commands(given), api.Commands(nil), api.JobTypes(types), api.JobType(types[0]), api.List[int]{}, api.Object[int]{}} {
		text, err := json.Marshal(v)
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%T is %s, %v", v, text, err)
		}
	}
	if given[1].Parameters != nil || types[0].Settings != nil {
		t.Error("what was given was changed")
	}
}

func TestErrorText(t *testing.T) {
	long := strings.Repeat("é", 400)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { reply(w, 500, "text/plain", "a\x00\x1b[31mb"+long) })
	_, err := c.GetVersion(t.Context())
	text := err.Error()
	if len(text) > 400 || strings.ContainsAny(text, "\x00\x1b") || !strings.HasSuffix(text, "é…") {
		t.Errorf("the message is %q", text)
	}
	if api.StatusOf(farm.Errorf(farm.Invalid, "x: %w", err)) != 500 || api.StatusOf(nil) != 0 {
		t.Error("the status of a wrapped error is not found")
	}
}
