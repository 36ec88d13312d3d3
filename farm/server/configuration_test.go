package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// configuration fetches all keys.
func (s *testServer) configuration(header ...string) (all api.FarmConfiguration) {
	s.t.Helper()
	if err := json.Unmarshal(s.want(200, "GET", "/api/farm/configuration", "", header...).body, &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// TestConfigurationKeys tells every key with its value, but no secret.
func TestConfigurationKeys(t *testing.T) {
	s := newServer(t)
	s.want(200, "POST", "/api/farm/configuration", `{"changes":{"mqtt.client.password":"hunter2","manager_name":"Studio","listen":":7001"}}`)
	all := s.configuration()
	if len(all.Keys) != len(farm.ManagerKeys())+1 || !all.MayChangeGuarded || !slices.Equal(all.Pending, []string{"listen", "mqtt.client.password"}) {
		t.Errorf("%d keys, guarded %v, pending %v", len(all.Keys), all.MayChangeGuarded, all.Pending)
	}
	for _, k := range all.Keys {
		if k.Name == "manager_name" && (k.Value != "Studio" || k.Default != "Farm" || k.Kind != "text") {
			t.Errorf("%+v", k)
		}
		if k.Value == "hunter2" {
			t.Errorf("%s is told", k.Name)
		}
	}
	if s.configuration(far...).MayChangeGuarded {
		t.Error("somebody in the network may change guarded keys")
	}
}

// TestChangeConfiguration changes keys in each form, and refuses what cannot be.
func TestChangeConfiguration(t *testing.T) {
	s := newServer(t)
	got := s.want(200, "POST", "/api/farm/configuration", `{"changes":{"task_timeout":"20m","max_workers":7,"task_slow_retry":true,"allowed_hosts":["a.example"],"variables":{"x":{"values":[{"value":"1"}]}}}}`)
	c := s.manager.Config()
	if c.TaskTimeout.String() != "20m0s" || c.MaxWorkers != 7 || !c.SlowRetry || len(c.AllowedHosts) != 1 || c.Variables["x"].Values[0].Value != "1" || strings.Count(string(got.body), `"restart":false`) != 5 {
		t.Errorf("%+v\n%s", c, got.body)
	}
	// A check and what is refused change nothing.
	before := s.manager.Config()
	s.want(200, "POST", "/api/farm/configuration", `{"changes":{"max_workers":8},"check":true}`)
	for body, says := range map[string]string{
		`{"changes":{"max_workers":9,"task_timout":"1m"}}`:    "did you mean task_timeout",
		`{"changes":{"max_workers":9,"task_timeout":"soon"}}`: "task_timeout: ",
		`{"changes":{"max_workers":-1}}`:                      "max_workers",
		`{"changes":{"max_workers":1.5}}`:                     "max_workers: ",
		`{"changes":{"manager_name":7}}`:                      "manager_name: write it as a text",
		`{"changes":{"manager_name":{"a":1}}}`:                "manager_name: ",
		`{"changes":{"manager_name":["a"]}}`:                  "manager_name: ",
		`{"changes":{"allowed_hosts":[1]}}`:                   "allowed_hosts: ",
		`{"changes":{"blender_match":"older"}}`:               "blender_match",
		`{"changes":{"worker_name":"x"}}`:                     "worker_name",
		`{"changes":{"variables":{"x":{"valeus":[]}}}}`:       "variables",
		`{"changes":[]}`:                                      "changes",
		`{}`:                                                  "changes",
	} {
		if a := s.want(400, "POST", "/api/farm/configuration", body); !strings.Contains(a.text("message"), says) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	if a := s.want(403, "POST", "/api/farm/configuration", `{"changes":{"max_workers":9,"shared_storage_path":"/"}}`, far...); !strings.Contains(a.text("message"), "shared_storage_path") {
		t.Errorf("%s", a.body)
	}
	s.want(403, "POST", "/api/farm/configuration/reload", "", far...)
	if changes := s.manager.Config().ChangesFrom(before); len(changes) > 0 {
		t.Errorf("what was refused changed %v", changes)
	}
	// Null is the default.
	s.want(200, "POST", "/api/farm/configuration", `{"changes":{"max_workers":null,"variables":null}}`, far...)
	if c := s.manager.Config(); c.MaxWorkers != 5000 || len(c.Variables) != 2 {
		t.Errorf("%d, %v", c.MaxWorkers, c.Variables)
	}
}
