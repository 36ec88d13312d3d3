package cmd

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"strconv"
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
	values := map[farm.KeyKind]string{farm.KindText: "some.where", farm.KindSecret: "secret", farm.KindPath: "/some/where", farm.KindInteger: "7", farm.KindNumber: "0.25",
		farm.KindBoolean: "true", farm.KindDuration: "90s", farm.KindSize: "2GB", farm.KindList: "misc,blender"}
	for _, k := range farm.ConfigKeys() {
		text, ok := values[k.Kind]
		if k.Kind == farm.KindChoice {
			text, ok = k.Choices[len(k.Choices)-1], true
		}
		if word := map[string]string{"worker_variables": "storage=/srv/farm,blender=/opt/b", "file_mode": "0664", "wake": "00:1a:2b:3c:4d:5e", "manager_fingerprint": strings.Repeat("0f", 32), "trusted_addresses": "10.0.0.0/8,192.168.1.7"}[k.Name]; word != "" {
			text = word // not any will do
		}
		if !ok {
			t.Fatalf("%s: no value for a %s", k.Name, k.Kind)
		}
		var want config
		if err := k.Set(&want, text); err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}

		byEnv := testSession(t, map[string]string{k.Env: text})
		expectKey(t, byEnv, k, &want, k.Env)

		byFile := testSession(t, nil)
		writeConfig(t, byFile, yamlLine(k, &want))
		expectKey(t, byFile, k, &want, "farm.yaml")

		if k.Flag == "" {
			continue
		}
		byFlag := testSession(t, map[string]string{k.Env: "overruled"})
		writeConfig(t, byFlag, "")
		c := &cobra.Command{Run: func(*cobra.Command, []string) {}}
		byFlag.keyFlags(c, serving, working, asking)
		c.SetArgs([]string{"--" + k.Flag + "=" + text})
		if err := c.Execute(); err != nil {
			t.Fatal(err)
		}
		expectKey(t, byFlag, k, &want, "--"+k.Flag)
	}
}

// yamlLine writes one key as it stands in farm.yaml, within its sections.
func yamlLine(k farm.ConfigKey, c *config) string {
	path := strings.Split(k.Name, ".")
	var b strings.Builder
	for i, section := range path[:len(path)-1] {
		b.WriteString(indent(i) + section + ":\n")
	}
	b.WriteString(indent(len(path)-1) + path[len(path)-1] + ": " + yamlScalar(k.Get(c)) + "\n")
	return b.String()
}

func expectKey(t *testing.T, s *session, k farm.ConfigKey, want *config, from string) {
	t.Helper()
	got, err := s.config()
	if err != nil {
		t.Errorf("%s from %s: %v", k.Name, from, err)
		return
	}
	if !reflect.DeepEqual(k.Get(&got.config), k.Get(want)) || got.from[k.Name] != from {
		t.Errorf("%s from %s: got %v from %s, want %v", k.Name, from, k.Get(&got.config), got.from[k.Name], k.Get(want))
	}
}

// TestKeysAreDistinct keeps the table honest: two keys must not share a name,
// a flag or a variable, and only the key of the manager's URL is for clients.
func TestKeysAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, k := range farm.ConfigKeys() {
		for _, name := range []string{k.Name, "--" + k.Flag, k.Env} {
			if other, taken := seen[name]; taken && name != "--" {
				t.Errorf("%s and %s share %q", other, k.Name, name)
			}
			seen[name] = k.Name
		}
		if k.Flag != "" && k.Usage == "" {
			t.Errorf("the flag --%s has no help", k.Flag)
		}
		if !strings.HasPrefix(k.Env, "FARM_") {
			t.Errorf("%s: the variable %q does not begin with FARM_", k.Name, k.Env)
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
	if err := c.save(c.Config, wanted); err != nil {
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
	now := wanted
	wanted.Listen = ":7003"
	if err := c.save(now, wanted); err != nil {
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
// of keys.
func TestEveryKeyIsInTheTable(t *testing.T) {
	known := map[string]bool{"_meta.version": true, farm.VariablesKey: true, "notifications": true} // only the file can say them
	for _, k := range farm.ConfigKeys() {
		known[k.Name] = true
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
				t.Errorf("farm.yaml can have %s, and farm.ConfigKeys does not", name)
			}
		}
	}
	walk("", reflect.TypeFor[config]())
}

// TestKeysSayWhatHolds tries the kind, the bounds and the choices of every key.
func TestKeysSayWhatHolds(t *testing.T) {
	kinds := map[farm.KeyKind]string{farm.KindText: "string", farm.KindSecret: "string", farm.KindPath: "string", farm.KindChoice: "string", farm.KindBoolean: "bool",
		farm.KindInteger: "int", farm.KindNumber: "float64", farm.KindDuration: "farm.Duration", farm.KindSize: "farm.Size", farm.KindList: "[]string"}
	for _, k := range farm.ConfigKeys() {
		var empty config
		if got := strings.TrimPrefix(fmt.Sprintf("%T", k.Value(&empty)), "*"); got != kinds[k.Kind] {
			t.Errorf("%s is a %s, and not a %s", k.Name, got, k.Kind)
		}
		if k.About == "" || !strings.HasSuffix(k.About, ".") || strings.ContainsAny(k.About, "`|") || k.Group == "" {
			t.Errorf("%s: it says what it does in whole sentences without markup, and has a group: %q, %q", k.Name, k.About, k.Group)
		}
		allowed := func(text string) error {
			c := defaultConfig()
			if err := k.Set(&c, text); err != nil {
				return err
			}
			return errors.Join(c.Check(), c.local.check())
		}
		for _, text := range append([]string{k.Least, k.Most}, k.Choices...) {
			if text != "" && allowed(text) != nil {
				t.Errorf("%s: %s is refused: %v", k.Name, text, allowed(text))
			}
		}
		if k.Kind == farm.KindChoice && allowed("nonsense") == nil {
			t.Errorf("%s can be nonsense", k.Name)
		}
		if k.Zero != "" && allowed("0") != nil {
			t.Errorf("%s: 0 is refused: %v", k.Name, allowed("0"))
		}
		if below := beyond(k, k.Least, -1); below != "" && !(below == "0" && k.Zero != "") && allowed(below) == nil {
			t.Errorf("%s is at least %s, and can be %s", k.Name, k.Least, below)
		}
		if above := beyond(k, k.Most, 1); above != "" && allowed(above) == nil {
			t.Errorf("%s is at most %s, and can be %s", k.Name, k.Most, above)
		}
	}
}

// beyond returns the value next to a bound; "" if there is no bound.
func beyond(k farm.ConfigKey, bound string, step int64) string {
	var c config
	if bound == "" || k.Set(&c, bound) != nil {
		return ""
	}
	switch p := k.Value(&c).(type) {
	case *int:
		return strconv.FormatInt(int64(*p)+step, 10)
	case *float64:
		return strconv.FormatFloat(*p+float64(step), 'f', -1, 64)
	case *farm.Duration:
		return (*p + farm.Duration(step)).String()
	case *farm.Size:
		return strconv.FormatInt(int64(*p)+step, 10)
	}
	return ""
}
