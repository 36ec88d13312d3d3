package cmd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A log may be rotated between the answer that says how long it is and the
// reading: it is then read from its start, or is not there yet.
func TestLogIsPutAsideWhileRead(t *testing.T) {
	const id = farm.TaskID("11111111-2222-4333-8444-555555555555")
	for _, c := range []struct {
		name  string
		now   string // the log by the time it is read; "": not there
		shown int64
		want  string
	}{
		{"shorter", "new run\n", 50, "new run\n"},
		{"not there", "", 50, ""},
		{"not there, never read", "", 0, ""},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/log":
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(api.TaskLogInfo{TaskID: id, Size: 100, URL: "/log"})
			case c.now == "":
				http.NotFound(w, r)
			case r.Header.Get("Range") != "":
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			default:
				w.Write([]byte(c.now))
			}
		}))
		client, err := api.New(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		r := newLogReader(client, &out, target{task: id})
		r.shown[id] = c.shown
		if err := r.readNew(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if out.String() != c.want || r.shown[id] != int64(len(c.want)) {
			t.Errorf("%s: read %q, shown %d", c.name, out.String(), r.shown[id])
		}
		srv.Close()
	}
}
