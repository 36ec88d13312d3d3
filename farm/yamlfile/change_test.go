package yamlfile

import (
	"strings"
	"testing"

	"renderfarm/farm"
)

// TestChange makes one edit in files as people write them, and compares the whole text.
func TestChange(t *testing.T) {
	set := func(path string, value any) Edit { return Edit{strings.Split(path, "."), value} }
	for name, c := range map[string]struct {
		before string
		edit   Edit
		after  string
	}{
		"a value, its remark and the rest stay": {
			"# ours\nlisten: :8080   # all of them\n\n# slow ones\ntask_timeout: 10m\n", set("listen", "127.0.0.1:9000"),
			"# ours\nlisten: \"127.0.0.1:9000\"   # all of them\n\n# slow ones\ntask_timeout: 10m\n"},
		"a new key":           {"# ours\nlisten: x\n\n# the end\n", set("max_workers", 7), "# ours\nlisten: x\nmax_workers: 7\n\n# the end\n"},
		"without a last line": {"listen: x", set("max_workers", 7), "listen: x\nmax_workers: 7\n"},
		"an empty file":       {"", set("max_workers", 7), "max_workers: 7\n"},
		"comments only":       {"# ours\n", set("shaman.enabled", false), "# ours\nshaman:\n  enabled: false\n"},
		"a key in a section": {
			"shaman:\n    # off for now\n    enabled: false\n    quota: 1GB\nlisten: x\n", set("shaman.enabled", true),
			"shaman:\n    # off for now\n    enabled: true\n    quota: 1GB\nlisten: x\n"},
		"a new key in a section":                {"shaman:\n    enabled: false\n\nlisten: x\n", set("shaman.quota", "1GB"), "shaman:\n    enabled: false\n    quota: \"1GB\"\n\nlisten: x\n"},
		"a new section in one":                  {"shaman:\n  enabled: false\n", set("shaman.garbageCollect.period", "2h"), "shaman:\n  enabled: false\n  garbageCollect:\n    period: 2h\n"},
		"a section without keys":                {"shaman:\nlisten: x\n", set("shaman.enabled", true), "shaman:\n  enabled: true\nlisten: x\n"},
		"a list below its key":                  {"gpus:\n- a # one\n- b\n# next\nlisten: x\n", set("gpus", []string{"c"}), "gpus:\n  - c\n# next\nlisten: x\n"},
		"a list on one line":                    {"gpus: [a, \"b # c\"] # cards\nlisten: x\n", set("gpus", []string{}), "gpus: [] # cards\nlisten: x\n"},
		"a text of many lines":                  {"about: |\n  # no comment\n  two\nlisten: x\n", set("about", "one"), "about: one\nlisten: x\n"},
		"a key is taken out":                    {"# a\nlisten: x # gone\n# b\nmax_workers: 7\n", set("listen", nil), "# a\n# b\nmax_workers: 7\n"},
		"the last of a section":                 {"shaman:\n  enabled: true\nlisten: x\n", set("shaman.enabled", nil), "listen: x\n"},
		"one that is not there":                 {"listen: x\n", set("shaman.enabled", nil), "listen: x\n"},
		"the same value stays as it is written": {"listen: 'x'   # x\n", set("listen", "x"), "listen: 'x'   # x\n"},
		"a key in quotes":                       {"\"listen\": x\n", set("listen", "y"), "listen: \"y\"\n"},
		"lines of Windows":                      {"\ufefflisten: x # a\r\nmax_workers: 7\r\n", set("listen", "z"), "\ufefflisten: z # a\r\nmax_workers: 7\r\n"},
		"a variable":                            {"variables:\n  blender:\n    values:\n      - {platform: linux, value: a}\n  # mine\n  x: {values: [{value: b}]}\n", set("variables.x", nil), "variables:\n  blender:\n    values:\n      - {platform: linux, value: a}\n  # mine\n"},
	} {
		got, err := Change("farm.yaml", []byte(c.before), []Edit{c.edit})
		if err != nil || string(got) != c.after {
			t.Errorf("%s: %v\n%s\nwanted\n%s", name, err, got, c.after)
		}
	}
}

// TestChangeLeavesAlone refuses what cannot be changed without touching the rest.
func TestChangeLeavesAlone(t *testing.T) {
	for text, want := range map[string]string{
		"{listen: x, max_workers: 7}\n":    "farm.yaml:1:1",
		"shaman: {enabled: true} # here\n": "farm.yaml:1:9",
		"shaman: &a\n  enabled: true\n":    "farm.yaml",
		"shaman: [x]\n":                    "farm.yaml",
		"listen: [\n":                      "farm.yaml",
		"shaman: off\n":                    "farm.yaml:1:9",
	} {
		for _, path := range [][]string{{"shaman", "enabled"}, {"shaman", "quota"}} {
			got, err := Change("farm.yaml", []byte(text), []Edit{{path, "no"}})
			if err == nil && strings.Contains(string(got), text) {
				continue // it could be added behind what is there
			}
			if farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v\n%s", text, err, got)
			}
		}
	}
}

// FuzzChange: whatever is in a file, a change either is refused, or the file then says
// what it said before with the one key changed.
func FuzzChange(f *testing.F) {
	for _, text := range []string{"a: 1 # b\n\nc:\n  d: x\n", "c:\n- 1\n- 2\n", "c: |\n  x\n\n  y\nd: 'it''s # no'\n", "{c: 1}", "c:\n  d: {e: f}\n  g: >-\n    h\n", "\tc: 1", "c: &x 1\nd: *x\n", "---\nc: 1\n"} {
		f.Add(text, "value # x")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 500 || len(value) > 100 {
			t.Skip()
		}
		before, err := tree(text)
		if err != nil {
			t.Skip()
		}
		e := Edit{[]string{"c", "d"}, value}
		got, err := Change("farm.yaml", []byte(text), []Edit{e})
		if err != nil {
			return
		}
		after, err := tree(string(got))
		if err != nil {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		section, _ := after["c"].(map[string]any)
		if section["d"] != value && value != "" {
			t.Fatalf("%q became %q", text, got)
		}
		delete(before, "c")
		delete(after, "c")
		if len(before) != len(after) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
