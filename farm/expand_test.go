package farm

import (
	"reflect"
	"strings"
	"testing"
)

// studio is a farm with three platforms that see one share under three paths.
var studio = Variables{
	"blender": {Values: []VariableValue{
		{Platform: "all", Value: "blender"},
		{Platform: "windows", Value: `C:\Program Files\blender.exe`},
		{Platform: "linux", Audience: AudienceUsers, Value: "/users/blender"}}},
	"args": {Values: []VariableValue{{Platform: "all", Value: "-b -y"}}},
	"share": {IsTwoWay: true, Values: []VariableValue{
		{Platform: "linux", Value: "/mnt/share/"},
		{Platform: "windows", Value: `S:\`},
		{Platforms: []string{"darwin", "freebsd"}, Value: "/Volumes/share"}}},
	"deep": {IsTwoWay: true, Values: []VariableValue{
		{Platform: "linux", Value: "/mnt/share/deep"},
		{Platform: "windows", Value: `\\server\deep`},
		{Platform: "darwin", Value: "/mnt/share"}}},
	"empty":  {IsTwoWay: true, Values: []VariableValue{{Platform: "all", Value: ""}}},
	"self":   {Values: []VariableValue{{Value: "{self}{args}"}}},
	"absent": {Values: []VariableValue{{Platform: "plan9", Value: "x"}}},
	"jobs":   {IsTwoWay: true, Values: []VariableValue{{Platform: "all", Value: "/mine"}}},
}

func TestValues(t *testing.T) {
	vs := Variables{
		"v": {Values: []VariableValue{
			{Platform: "all", Value: "everyone"},
			{Platform: "all", Audience: AudienceUsers, Value: "users"},
			{Platform: "linux", Audience: AudienceAll, Value: "linux"},
			{Platforms: []string{"linux", "darwin"}, Audience: AudienceWorkers, Value: "unix workers"},
			{Platform: "windows", Value: "first"}, {Platform: "windows", Value: "last"}}},
		"w": {IsTwoWay: true, Values: []VariableValue{{Value: `/a/\/`}}},
	}
	for _, c := range []struct{ audience, platform, want string }{
		{AudienceWorkers, "linux", "unix workers"},
		{AudienceUsers, "linux", "linux"}, // the platform beats the audience
		{AudienceWorkers, "darwin", "unix workers"},
		{AudienceUsers, "darwin", "users"},
		{AudienceWorkers, "windows", "last"},
		{AudienceWorkers, "freebsd", "everyone"},
		{AudienceUsers, "freebsd", "users"},
		{"nobody", "freebsd", "everyone"},
		{AudienceWorkers, "all", "everyone"},
	} {
		got := vs.Values(c.audience, c.platform)
		if got["v"].Value != c.want {
			t.Errorf("Values(%s, %s) = %q; want %q", c.audience, c.platform, got["v"].Value, c.want)
		}
		if w := (VariableSummary{Value: "/a", IsTwoWay: true}); got["w"] != w {
			t.Errorf("Values(%s, %s) of a two-way value = %v; want %v", c.audience, c.platform, got["w"], w)
		}
	}
	if _, ok := studio.Values(AudienceWorkers, "linux")["absent"]; ok {
		t.Error("a variable without a value for the platform is there")
	}
}

func TestText(t *testing.T) {
	linux := NewExpander(studio, AudienceWorkers, "linux", "linux", "/mnt/share/jobs")
	windows := NewExpander(studio, AudienceWorkers, "windows", "linux", "/mnt/share/jobs")
	darwin := NewExpander(studio, AudienceWorkers, "darwin", "linux", "/mnt/share/jobs")
	fromWindows := NewExpander(studio, AudienceWorkers, "linux", "windows", `S:\jobs`)
	for _, c := range []struct {
		e        *Expander
		in, want string
	}{
		{linux, "", ""},
		{linux, "plain", "plain"},
		{linux, "{blender} {args} {blender}", "blender -b -y blender"},
		{linux, "{unknown} {absent} { args} {", "{unknown} {absent} { args} {"},
		{linux, "{{args}}", "{-b -y}"},
		{linux, "{self}", "{self}{args}"},
		{linux, "{jobs}/a", "/mnt/share/jobs/a"},
		{linux, `{share}\a//b`, "/mnt/share/a/b"},
		{linux, `c:\a {args}`, `c:\a -b -y`}, // one-way variables leave separators alone
		{linux, "{empty}/a", "/a"},
		{windows, "{blender}", `C:\Program Files\blender.exe`},
		{windows, "{share}/a/b", `S:\a\b`},
		{windows, "{share}", `S:\`},
		{windows, "{share}a", `S:\a`},
		{windows, "{deep}/a//b", `\\server\deep\a\b`},
		{windows, "{jobs}/a", `S:\jobs\a`},
		{windows, "/mnt/share/deep/a", `\\server\deep\a`}, // the longest
		{windows, "/mnt/share", `S:\`},
		{windows, "/mnt/shared/a", "/mnt/shared/a"},
		{windows, "/MNT/share/a", "/MNT/share/a"},
		{windows, "-o /mnt/share/a", "-o /mnt/share/a"},
		{windows, "-o {share}/a", `-o S:\a`},
		{darwin, "{deep}/a", "/mnt/share/a"}, // a worker's path is not taken for the manager's
		{darwin, "{jobs}/a", "/Volumes/share/jobs/a"},
		{fromWindows, "{jobs}/a", "/mnt/share/jobs/a"},
		{fromWindows, "S:/a", "/mnt/share/a"},
		{fromWindows, `\\server\deep\a`, "/mnt/share/deep/a"},
		{fromWindows, "s:/a", "s:/a"},
		{NewExpander(nil, AudienceWorkers, "linux", "linux", ""), "{jobs} {x", "{jobs} {x"},
	} {
		if got := c.e.Text(c.in); got != c.want {
			t.Errorf("%q becomes %q; want %q", c.in, got, c.want)
		}
	}
}

func TestCommand(t *testing.T) {
	e := NewExpander(studio, AudienceWorkers, "windows", "linux", "/mnt/share/jobs")
	given := func() Command {
		return Command{Name: "blender-render", Steps: 3, Parameters: map[string]any{
			"exe": "{blender}", "n": 1.5, "flag": true, "none": nil,
			"args":   []any{"{args}", "x", 3.0, []any{"{args}"}},
			"names":  []string{"a", "{share}/b"},
			"same":   []any{"a"},
			"nested": map[string]any{"deep": "{args}"},
		}}
	}
	c := given()
	got := e.Command(c)
	want := given()
	want.Parameters["exe"] = `C:\Program Files\blender.exe`
	want.Parameters["args"] = []any{"-b -y", "x", 3.0, []any{"{args}"}}
	want.Parameters["names"] = []string{"a", `S:\b`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(c, given()) {
		t.Errorf("the given command was changed: %v", c)
	}
	if got := e.Command(Command{Name: "x"}); got.Parameters != nil {
		t.Errorf("a command without parameters got %v", got.Parameters)
	}
}

func TestExpandingNothingAllocatesNothing(t *testing.T) {
	e := NewExpander(studio, AudienceWorkers, "windows", "linux", "/mnt/share/jobs")
	c := Command{Parameters: map[string]any{"args": []any{"--scene", "S", "{unknown}", "/tmp/x"}, "exe": "blender"}}
	if n := testing.AllocsPerRun(100, func() { e.Command(c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestToVariables(t *testing.T) {
	for _, c := range []struct{ platform, in, want string }{
		{"linux", "/mnt/share/a.blend", "{share}/a.blend"},
		{"linux", "/MNT/Share/a.blend", "{share}/a.blend"},
		{"linux", "/mnt/share", "{share}"},
		{"linux", "/mnt/share/", "{share}/"},
		{"linux", "/mnt/shared/a", "/mnt/shared/a"},
		{"linux", "/mnt/share/deep/a", "{deep}/a"},
		{"linux", "/mnt/share/deeper", "{share}/deeper"},
		{"linux", `\mnt\share\a`, `{share}\a`},
		{"linux", "x/mnt/share/a", "x/mnt/share/a"},
		{"linux", "", ""},
		{"linux", "/mine/a", "/mine/a"}, // jobs is the farm's own
		{"windows", `s:/a`, "{share}/a"},
		{"windows", `S:\a`, `{share}\a`},
		{"windows", `//SERVER/deep/a`, "{deep}/a"},
		{"freebsd", "/volumes/SHARE/a", "{share}/a"},
		{"plan9", "/mnt/share/a", "/mnt/share/a"},
	} {
		if got := studio.ToVariables(c.in, c.platform); got != c.want {
			t.Errorf("%s: %q becomes %q; want %q", c.platform, c.in, got, c.want)
		}
	}
	odd := Variables{"k": {IsTwoWay: true, Values: []VariableValue{{Value: "/kö\xff\u212a"}}}}
	if got := odd.ToVariables("/KÖ\xffk/a", "linux"); got != "{k}/a" {
		t.Errorf("folding that changes lengths: %q", got)
	}
}

// A path that a submitter wrote reaches a worker of the same platform with
// only its separators changed, and no text is a way to a panic.
func FuzzExpand(f *testing.F) {
	f.Add("/mnt/share/a", "/mnt/share")
	f.Add(`{share}\{{self}}`, "{self}")
	f.Add("{{{{{{", "")
	f.Fuzz(func(t *testing.T, s, value string) {
		vs := Variables{
			"v":    {IsTwoWay: true, Values: []VariableValue{{Platform: "all", Value: value}}},
			"self": {Values: []VariableValue{{Value: "{self}"}}},
		}
		for _, platform := range []string{"linux", "windows"} {
			e := NewExpander(vs, AudienceWorkers, platform, platform, "/jobs")
			e.Text(s)
			short := vs.ToVariables(s, platform)
			if short == s || strings.Contains(s, "{") || strings.Contains(value, "{") || platform == "windows" {
				continue
			}
			plain := func(s string) string { return strings.ToLower(e.separators(s)) }
			if got := e.Text(short); !strings.EqualFold(plain(got), plain(s)) {
				t.Errorf("%q became %q, then %q", s, short, got)
			}
		}
	})
}

func BenchmarkCommand(b *testing.B) {
	e := NewExpander(studio, AudienceWorkers, "linux", "linux", "/mnt/share/jobs")
	c := Command{Parameters: map[string]any{
		"exe": "{blender}", "exeArgs": "{args}", "blendfile": "{share}/a.blend", "argsBefore": []any{},
		"args": []any{"--scene", "Scene", "--python-expr", "import bpy; pass", "--render-output", "{jobs}/x/######", "--render-frame", "1..3"}}}
	b.ReportAllocs()
	for b.Loop() {
		e.Command(c)
	}
}
