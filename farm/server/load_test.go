package server_test

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What a worker tells of its load with a request is shown until it tells something else;
// what makes no sense counts as nothing, and a worker that tells nothing shows none.
func TestWorkerLoad(t *testing.T) {
	s := newServer(t)
	id := s.worker()
	load := func() map[string]any {
		t.Helper()
		var worker struct{ Load map[string]any }
		if err := json.Unmarshal([]byte(s.want(200, "GET", "/api/v3/worker-mgt/workers/"+string(id), "").body), &worker); err != nil {
			t.Fatal(err)
		}
		return worker.Load
	}
	tell := func(header ...string) { t.Helper(); s.want(204, "POST", "/api/v3/worker/task", "", header...) }
	if got := load(); got != nil {
		t.Errorf("it told nothing: %v", got)
	}
	tell("Farm-Load", `{"cpu":37,"memory_free":1000,"gpus":[{"name":"A4000","memory":20,"memory_free":30}],"colour":"red"}`)
	want := map[string]any{"cpu": 37.0, "memory_free": 1000.0, "gpus": []any{map[string]any{"name": "A4000", "memory": 20.0, "memory_free": 20.0}}}
	if got := load(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{`{"cpu":"much"}`, `{"cpu":37`, `[]`, `{}`, `{"memory_free":-1}`, "37"} {
		tell("Farm-Load", `{"cpu":1}`)
		tell("Farm-Load", bad)
		if got := load(); got != nil {
			t.Errorf("%s: %v", bad, got)
		}
	}
	tell("Farm-Load", `{"cpu":1}`)
	tell() // another program with the same identity
	if got := load(); got != nil {
		t.Errorf("it tells nothing any more: %v", got)
	}
}
