package cmd

import (
	"io"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// testSession is a session on a home of its own, with an environment that the
// test chooses.
func testSession(t *testing.T, env map[string]string) *session {
	t.Helper()
	return &session{
		home: t.TempDir(), out: io.Discard, errOut: io.Discard, log: slog.New(slog.DiscardHandler),
		getenv: func(name string) string { return env[name] }, now: time.Now, given: map[string]string{}, logs: logOptions{level: "info"},
	}
}

func writeConfig(t *testing.T, s *session, text string) {
	t.Helper()
	if err := os.WriteFile(s.configPath(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryKeyAgrees gives every key a value in each of the three ways, and
// expects the same to come out.
func TestEveryKeyAgrees(t *testing.T) {
	values := map[string]string{"string": "/some/where", "int": "7", "float64": "0.25", "bool": "true", "Duration": "90s", "Size": "500MB", "slice": "misc,blender"}
	for _, k := range keys() {
		kind := reflect.TypeOf(k.at(&config{})).Elem()
		text, ok := values[kind.Name()]
		if kind.Kind() == reflect.Slice {
			text, ok = values["slice"], true
		}
		if word := map[string]string{"blender_match": "newer", "work_when": "idle", "ionice": "low", "file_mode": "0664", "gpu": "never", "memory_limit": "2GB", "tls": "self", "manager_fingerprint": strings.Repeat("0f", 32), "trusted_addresses": "10.0.0.0/8,192.168.1.7"}[k.name]; word != "" {
			text = word // not any will do
		}
		if !ok {
			t.Fatalf("%s: no value for %s", k.name, kind)
		}
		var want config
		if err := k.set(&want, text); err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}

		byEnv := testSession(t, map[string]string{k.env: text})
		expectKey(t, byEnv, k, &want, k.env)

		byFile := testSession(t, nil)
		writeConfig(t, byFile, yamlLine(k, &want))
		expectKey(t, byFile, k, &want, "farm.yaml")

		if k.flag == "" {
			continue
		}
		byFlag := testSession(t, map[string]string{k.env: "overruled"})
		writeConfig(t, byFlag, "")
		c := &cobra.Command{Run: func(*cobra.Command, []string) {}}
		byFlag.keyFlags(c, serving, working, asking)
		c.SetArgs([]string{"--" + k.flag + "=" + text})
		if err := c.Execute(); err != nil {
			t.Fatal(err)
		}
		expectKey(t, byFlag, k, &want, "--"+k.flag)
	}
}

// yamlLine writes one key as it stands in farm.yaml, within its sections.
func yamlLine(k key, c *config) string {
	path := strings.Split(k.name, ".")
	var b strings.Builder
	for i, section := range path[:len(path)-1] {
		b.WriteString(indent(i) + section + ":\n")
	}
	b.WriteString(indent(len(path)-1) + path[len(path)-1] + ": " + yamlScalar(k.get(c)) + "\n")
	return b.String()
}

func expectKey(t *testing.T, s *session, k key, want *config, from string) {
	t.Helper()
	got, err := s.config()
	if err != nil {
		t.Errorf("%s from %s: %v", k.name, from, err)
		return
	}
	if !reflect.DeepEqual(k.get(&got.config), k.get(want)) || got.from[k.name] != from {
		t.Errorf("%s from %s: got %v from %s, want %v", k.name, from, k.get(&got.config), got.from[k.name], k.get(want))
	}
}

// TestKeysAreDistinct keeps the table honest: two keys must not share a name,
// a flag or a variable, and only the key of the manager's URL is for clients.
func TestKeysAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, k := range keys() {
		for _, name := range []string{k.name, "--" + k.flag, k.env} {
			if other, taken := seen[name]; taken && name != "--" {
				t.Errorf("%s and %s share %q", other, k.name, name)
			}
			seen[name] = k.name
		}
		if k.flag != "" && k.usage == "" {
			t.Errorf("the flag --%s has no help", k.flag)
		}
		if !strings.HasPrefix(k.env, "FARM_") {
			t.Errorf("%s: the variable %q does not begin with FARM_", k.name, k.env)
		}
	}
}

// TestSaveKeepsOverrides: saving from the web interface must not make a flag's
// value permanent, nor lose what the file says for workers.
func TestSaveKeepsOverrides(t *testing.T) {
	s := testSession(t, map[string]string{"FARM_MANAGER_NAME": "From the environment"})
	writeConfig(t, s, "manager_name: From the file\nlisten: :7001\nworker_name: render07\n")
	s.given["listen"] = "127.0.0.1:7002"
	c, err := s.config()
	if err != nil {
		t.Fatal(err)
	}
	wanted := c.Config
	wanted.TaskTimeout = farm.Duration(time.Hour)
	if err := c.save(wanted); err != nil {
		t.Fatal(err)
	}
	delete(s.given, "listen")
	again := *s
	again.getenv = func(string) string { return "" }
	got, err := again.config()
	if err != nil {
		t.Fatal(err)
	}
	if got.ManagerName != "From the file" || got.Listen != ":7001" || got.WorkerName != "render07" || got.TaskTimeout != farm.Duration(time.Hour) {
		t.Errorf("the file now says %q %q %q %s", got.ManagerName, got.Listen, got.WorkerName, got.TaskTimeout)
	}

	// What the user really changes is written, override or not.
	wanted.Listen = ":7003"
	if err := c.save(wanted); err != nil {
		t.Fatal(err)
	}
	if got, err = again.config(); err != nil || got.Listen != ":7003" {
		t.Errorf("after a real change: %q, %v", got.Listen, err)
	}
}

func TestResolveHome(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"XDG_DATA_HOME": dir, "LOCALAPPDATA": dir, "HOME": dir}
	s := testSession(t, env)
	s.home = ""
	if err := s.resolveHome(); err != nil || !strings.HasPrefix(s.home, dir) || !strings.HasSuffix(s.home, "farm") {
		t.Errorf("by default: %q, %v", s.home, err)
	}
	env["FARM_HOME"] = dir + "/mine"
	s.home = ""
	if err := s.resolveHome(); err != nil || !strings.HasSuffix(s.home, "mine") {
		t.Errorf("from FARM_HOME: %q, %v", s.home, err)
	}
	s.home = "relative"
	if err := s.resolveHome(); err != nil || !strings.HasSuffix(s.home, "relative") || s.home == "relative" {
		t.Errorf("from --home: %q, %v", s.home, err)
	}
	s.home = ""
	s.getenv = func(string) string { return "" }
	if err := s.resolveHome(); err == nil {
		t.Errorf("without any environment: %q", s.home)
	}
}

func TestManagerAddress(t *testing.T) {
	env := map[string]string{}
	s := testSession(t, env)
	expect := func(want string) {
		t.Helper()
		if got, _, err := s.managerAddress(); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	expect(defaultManager)
	if err := os.WriteFile(s.urlFile(), []byte("http://127.0.0.1:4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("http://127.0.0.1:4711")
	writeConfig(t, s, "manager_url: http://from-file:8080\n")
	expect("http://from-file:8080")
	env["FARM_MANAGER"] = "http://from-env:8080"
	expect("http://from-env:8080")
	s.given[managerKey] = "from-flag"
	expect("from-flag")

	// Its own manager is known by its certificate, unless another one was named.
	fingerprint := strings.Repeat("0f", 32)
	if err := os.WriteFile(s.urlFile(), []byte("https://127.0.0.1:4711\n"+fingerprint+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{"https://127.0.0.1:4711": fingerprint, "https://farm:4711": ""} {
		s.given[managerKey] = address
		if _, got, err := s.managerAddress(); err != nil || got != want {
			t.Errorf("%s: fingerprint %q, %v, want %q", address, got, err, want)
		}
	}
}

// TestEveryKeyIsInTheTable finds each key that farm.yaml can have in the one table
// of keys, and in its documentation.
func TestEveryKeyIsInTheTable(t *testing.T) {
	docs, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"_meta.version": true, "variables": true} // only the file can say them
	for _, k := range keys() {
		known[k.name] = true
		// Keys of a section may be listed in a row, by what follows its name.
		section, name := "", k.name
		if i := strings.LastIndex(name, "."); i > 0 {
			section, name = name[:i], name[i:]
		}
		if !strings.Contains(string(docs), "`"+k.name+"`") && !(section != "" && strings.Contains(string(docs), "`"+section+".") && strings.Contains(string(docs), "`"+name+"`")) {
			t.Errorf("docs/configuration.md does not have %s", k.name)
		}
	}
	var walk func(section string, kind reflect.Type)
	walk = func(section string, kind reflect.Type) {
		for i := range kind.NumField() {
			f := kind.Field(i)
			tag, inline, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			name := strings.TrimPrefix(section+"."+tag, ".")
			switch {
			case inline == "inline":
				walk(section, f.Type)
			case tag == "" || tag == "-" || known[name]:
			case f.Type.Kind() == reflect.Struct:
				walk(name, f.Type)
			default:
				t.Errorf("farm.yaml can have %s, and no flag or variable of the environment can", name)
			}
		}
	}
	walk("", reflect.TypeFor[config]())
}
