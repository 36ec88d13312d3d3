package yamlfile

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "farm.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMissingFileKeepsDefaults(t *testing.T) {
	c := farm.DefaultConfig()
	found, err := Read(filepath.Join(t.TempDir(), "farm.yaml"), &c)
	if found || err != nil || !reflect.DeepEqual(c, farm.DefaultConfig()) {
		t.Error(found, err)
	}
}

func TestReadOverDefaults(t *testing.T) {
	same := func(*farm.Config) {}
	for text, change := range map[string]func(c *farm.Config){
		"":                     same,
		"# nothing but this\n": same,
		"# " + strings.Repeat("-", 100) + "\n# [[ - - \n": same,
		"---\n":                  same,
		"task_timeout:\n":        same,
		"manager_name: ~\n":      same,
		"\ufefflisten: :81\r\n":  func(c *farm.Config) { c.Listen = ":81" },
		"listen: 8081\n":         func(c *farm.Config) { c.Listen = "8081" },
		"listen: \"a: b\" # c\n": func(c *farm.Config) { c.Listen = "a: b" },
		"manager_name: yes\n":    func(c *farm.Config) { c.ManagerName = "yes" },
		"manager_name: |\n  a\n": func(c *farm.Config) { c.ManagerName = "a\n" },
		"flamenco_version: 3.10": func(c *farm.Config) { c.FlamencoVersion = "3.10" },
		"task_timeout: 1h30m\n":  func(c *farm.Config) { c.TaskTimeout = farm.Duration(90 * time.Minute) },
		"worker_timeout: 0\n":    func(c *farm.Config) { c.WorkerTimeout = 0 },
		"_meta: {version: 3}\n":  same,
		"shaman:\n  enabled: true\n  garbageCollect: {maxAge: 5m}\n": func(c *farm.Config) {
			c.Shaman.Enabled, c.Shaman.GarbageCollect.MaxAge = true, farm.Duration(5*time.Minute)
		},
		"variables:\n  blender:\n    values:\n    - value: /opt/blender\n      platforms: [linux, darwin]\n  share: &s\n    is_twoway: true\n    values:\n    - {value: /mnt, platform: linux}\n  other: *s\n": func(c *farm.Config) {
			share := farm.Variable{IsTwoWay: true, Values: []farm.VariableValue{{Value: "/mnt", Platform: "linux"}}}
			c.Variables["blender"] = farm.Variable{Values: []farm.VariableValue{{Value: "/opt/blender", Platforms: []string{"linux", "darwin"}}}}
			c.Variables["share"], c.Variables["other"] = share, share
		},
	} {
		got, want := farm.DefaultConfig(), farm.DefaultConfig()
		change(&want)
		found, err := Read(write(t, text), &got)
		if !found || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v\ngot  %+v\nwant %+v", text, found, err, got, want)
		}
	}
}

func TestMistakesArePointedAt(t *testing.T) {
	for _, c := range []struct{ text, at, says string }{
		{"listen: a\nlisten: b\n", ":2:1: ", "already defined"},
		{"# top\nlisten: \"a\n", ":2:9: ", "double-quoted"},
		{"shaman:\n\tenabled: true\n", ":2:1: ", "cannot start any token"},
		{"a: b: c\n", ":1:4: ", "not allowed"},
		{"variables: {\n", ":1:12: ", "'}'"},
		{"lisen: x\n", ":1:1: ", `unknown key "lisen"; did you mean "listen"?`},
		{"Listen: x\n", ":1:1: ", `did you mean "listen"?`},
		{"zzzzzz: x\n", ":1:1: ", "known here are _meta, allowed_hosts, "},
		{"mqtt:\n  client:\n    brokr: x\n", ":3:5: ", `"mqtt.client.brokr"; did you mean "broker"?`},
		{"variables:\n  a:\n    values:\n    - value: x\n      platfrom: linux\n", ":5:7: ", `did you mean "platform"?`},
		{"listen: [a]\n", ":1:9: ", "listen should be one value, not a list"},
		{"task_timeout: 5x\n", ":1:15: ", "write it like 30s"},
		{"task_timeout: {a: 1}\n", ":1:", "task_timeout should be one value"},
		{"shaman:\n  garbageCollect:\n    period: often\n", ":3:13: ", `shaman.garbageCollect.period: "often" is not a duration`},
		{"variables:\n  a: 5\n", ":2:6: ", "variables.a should have keys below it, not a whole number"},
		{"variables:\n  a:\n    values: x\n", ":3:13: ", "variables.a.values should be a list"},
		{"variables: [x]\n", ":1:12: ", "variables should have keys below it"},
		{"shaman: true\n", ":1:9: ", "shaman should have keys below it, not true or false"},
		{"blocklist_threshold: many\n", ":1:22: ", `should be a whole number that is not too large, not text ("many")`},
		{"blocklist_threshold: 1.5\n", ":1:22: ", "not a number"},
		{"blocklist_threshold: 99999999999999999999\n", ":1:22: ", "not too large"},
		{"autodiscoverable: yes\n", ":1:19: ", `autodiscoverable should be true or false, not text ("yes")`},
		{"autodiscoverable: 1\n", ":1:19: ", "not a whole number"},
		{"- a\n- b\n", ":1:1: ", "lines like `key: value`; this is a list"},
		{"just words\n", ":1:1: ", "this is text"},
		{"\x00\x01\xff", ":1:1: ", "this is text"},
		{"listen: a\n---\nlisten: b\n", ":3:", "second document"},
		{"listen: *nowhere\n", ":1:9: ", "no anchor &nowhere"},
		{"listen: 'x'\n  y\n", ":2:3: ", "not allowed"},
		{"variables: &v\n  a: *v\n", ":", ""},
		{strings.Repeat("[", 100), ": ", "nested 100 deep"},
		{strings.Repeat("- ", 100000), ": ", "nested 100000 deep"},
		{strings.Repeat("x", MaxSize+1), "", "larger than 256 KiB"},
	} {
		path := write(t, c.text)
		config := farm.DefaultConfig()
		_, err := Read(path, &config)
		if farm.KindOf(err) != farm.Invalid {
			t.Errorf("%.60q: %v", c.text, err)
			continue
		}
		text := err.Error()
		if !strings.Contains(text, path+c.at) && c.at != ": " || !strings.Contains(text, c.says) {
			t.Errorf("%.60q: %q; want %q at %q", c.text, text, c.says, c.at)
		}
		if strings.ContainsAny(text, "\x00\x01") || !utf8.ValidString(text) {
			t.Errorf("%.60q: the error has bytes that could disturb a terminal", c.text)
		}
	}
}

func TestExcerpt(t *testing.T) {
	c := farm.DefaultConfig()
	err := Decode("farm.yaml", []byte("listen: :8080\nmanager_name: x\nshaman:\n  enabld: true\n"), &c)
	want := "farm.yaml:4:3: unknown key \"shaman.enabld\"; did you mean \"enabled\"?\n" +
		"     2 | manager_name: x\n     3 | shaman:\n>    4 |   enabld: true\n       |   ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestUnreadable(t *testing.T) {
	c := farm.DefaultConfig()
	if _, err := Read(t.TempDir(), &c); farm.KindOf(err) != farm.Invalid {
		t.Errorf("a folder: %v", err)
	}
}

// What is written is read back the same, whatever text is in it.
func TestWriteAndReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "yes", "null", "~", "0123", "1e3", "0x1F", " x ", "- a", "a: b", "# c",
			`C:\a "b" 'c'`, "a\nb\n", "\tb", "{x}", "[x", "*a", "&a", "!t", "2024-01-01", "ö", "%a", "@b", "`", ":", "a:", "?", "? a", "|", ">", "---", "...", "\u2028", "\u0085", "=", "<<"}))
		want := farm.DefaultConfig()
		want.ManagerName = text.Draw(rt, "name")
		want.MQTT.Client.Password = text.Draw(rt, "password")
		key := text.Draw(rt, "key")
		want.Variables[key] = farm.Variable{IsTwoWay: true, Values: []farm.VariableValue{{Value: text.Draw(rt, "value"), Platforms: []string{text.Draw(rt, "platform")}}}}
		var file strings.Builder
		if err := encode(&file, reflect.ValueOf(&want), ""); err != nil {
			rt.Fatal(err)
		}
		got := farm.DefaultConfig()
		if err := Decode("farm.yaml", []byte(file.String()), &got); err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestWhatIsWritten(t *testing.T) {
	c := farm.DefaultConfig()
	c.Variables["share"] = farm.Variable{IsTwoWay: true, Values: []farm.VariableValue{{Platforms: []string{"linux", "darwin"}, Value: `C:\a`}}}
	var file strings.Builder
	if err := encode(&file, reflect.ValueOf(c), ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nlisten: \":8080\"\n", "\ntask_timeout: 10m0s\n", "\nflamenco_version: \"3.8.5\"\n",
		"  share:\n    is_twoway: true\n    values:\n      - platforms:\n          - linux\n          - darwin\n        value: \"C:\\\\a\"\n",
		"\n_meta:\n  version: 3\nmanager_name: Farm\n"} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("%q is not in\n%s", want, file.String())
		}
	}
}

func TestWriteIsPrivateAndFollowsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and links differ there")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "farm.yaml")
	if err := os.WriteFile(real, []byte("listen: old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.yaml", link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, "Head.", map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(real)
	info, _ := os.Lstat(link)
	if string(text) != "# Head.\n\na: 1\n" || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%q, %v", text, info.Mode())
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
	if err := Write(filepath.Join(dir, "no", "farm.yaml"), "", 1); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, ".*")); len(names) > 0 {
		t.Error("left behind: ", names)
	}
}

// local is embedded without being exported, as programs do.
type local struct {
	Tasks []string `yaml:"task_types"`
	Inner struct {
		On bool `yaml:"on"`
	} `yaml:"inner"`
}

func TestEmbeddedStructs(t *testing.T) {
	var got struct {
		farm.Config `yaml:",inline"`
		local
	}
	got.Config = farm.DefaultConfig()
	if err := Decode("f", []byte("listen: x\ntask_types: [a, b]\ninner: {on: true}\n"), &got); err != nil || got.Listen != "x" || len(got.Tasks) != 2 || !got.Inner.On {
		t.Errorf("%+v, %v", got, err)
	}
	var file strings.Builder
	if err := encode(&file, reflect.ValueOf(&got), ""); err != nil {
		t.Fatal(err)
	}
	again := got
	again.Listen, again.local = "", local{}
	if err := Decode("f", []byte(file.String()), &again); err != nil || !reflect.DeepEqual(again, got) {
		t.Errorf("%v\n%s", err, file.String())
	}
}

func TestToJSON(t *testing.T) {
	for text, want := range map[string]string{
		"":                              `null`,
		"z: 1\na: [x, 2.5, true, null]": `{"z":1,"a":["x",2.5,true,null]}`,
		"a:\n- b: |\n    x\n    y\n  c: 'é'\n- 18446744073709551615": `{"a":[{"b":"x\ny\n","c":"é"},18446744073709551615]}`,
		"'200': &r {d: ok}\n'404': *r":                               `{"200":{"d":"ok"},"404":{"d":"ok"}}`,
	} {
		got, err := ToJSON([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"a: .inf", "{", "a: &x [*x]"} {
		if got, err := ToJSON([]byte(text)); err == nil {
			t.Errorf("%q: got %s", text, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"listen: a\n", "variables: {a: {values: [{value: x}]}}", "a: &x [*x]", "? a\n: b", "!!binary x", "- - - -", "|\n a", "\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := farm.DefaultConfig()
		_ = Decode("fuzz", []byte(text), &c)
		_, _ = ToJSON([]byte(text))
	})
}
