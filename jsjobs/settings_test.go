package jsjobs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm"
)

const settingsType = `var JOB_TYPE = {
	label: "S",
	description: "All kinds of settings",
	unknown: 1,
	settings: [
		{key: "text", type: "string", required: true, unknown: 1},
		{key: "choice", type: "string", choices: ["a", "b", 3], default: "a"},
		{key: "number", type: "int32", default: "5", propargs: {min: 1.0, max: "10", subtype: "PIXEL"}},
		{key: "ratio", type: "float", default: 1, propargs: {min: -0.5, max: 2}},
		{key: "flag", type: "bool", default: false, visible: "hidden", editable: false, required: false},
		{key: "path", type: "string", subtype: "hashed_file_path", label: "Where", description: "d",
		 eval: "1+1", evalInfo: {showLinkButton: true, description: "two"}, visible: "web"},
		{key: "filled", type: "string", required: true, default: ""}
	]
};
function compileJob(job) {}
`

func TestJobTypeOnTheWire(t *testing.T) {
	l := library(t, map[string]string{"s.js": settingsType})
	jobType, err := l.Type(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	etag := jobType.ETag
	jobType.ETag = "E"
	got, err := json.Marshal(jobType)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"description":"All kinds of settings","etag":"E","label":"S","name":"s","settings":[` +
		`{"key":"text","required":true,"type":"string"},` +
		`{"choices":["a","b","3"],"default":"a","key":"choice","type":"string"},` +
		`{"default":5,"key":"number","propargs":{"max":10,"min":1,"subtype":"PIXEL"},"type":"int32"},` +
		`{"default":1,"key":"ratio","propargs":{"max":2,"min":-0.5},"type":"float"},` +
		`{"default":false,"editable":false,"key":"flag","required":false,"type":"bool","visible":"hidden"},` +
		`{"description":"d","eval":"1+1","evalInfo":{"description":"two","showLinkButton":true},"key":"path","label":"Where","subtype":"hashed_file_path","type":"string","visible":"web"},` +
		`{"default":"","key":"filled","required":true,"type":"string"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(etag) != 40 || strings.ToLower(etag) != etag {
		t.Errorf("etag %q", etag)
	}
}

// The echo test has the same metadata as the one of the compatible system,
// whose ETag is known: so the JSON that is hashed has the same form.
func TestETag(t *testing.T) {
	l := New(Options{})
	jobType, err := l.Type(t.Context(), "echo-sleep-test")
	if err != nil {
		t.Fatal(err)
	}
	if want := "eba586e16d6b55baaa43e32f9e78ae514b457fee"; jobType.ETag != want {
		t.Errorf("etag %s; want %s", jobType.ETag, want)
	}
	// It is about what submitters see, not about the code.
	l = library(t, map[string]string{"a.js": labelled("A") + " // changed", "b.js": labelled("A"), "c.js": labelled("C")})
	a, _ := l.Type(t.Context(), "a")
	a2, _ := library(t, map[string]string{"a.js": labelled("A")}).Type(t.Context(), "a")
	b, _ := l.Type(t.Context(), "b")
	c, _ := l.Type(t.Context(), "c")
	if a.ETag != a2.ETag || a.ETag == b.ETag || b.ETag == c.ETag {
		t.Errorf("etags %s %s %s %s", a.ETag, a2.ETag, b.ETag, c.ETag)
	}
}

func TestSettingsOfASubmission(t *testing.T) {
	l := library(t, map[string]string{"s.js": settingsType})
	for _, c := range []struct {
		name, settings string
		says           []string // nil: accepted
	}{
		{"least", `{"text": "x"}`, nil},
		{"all", `{"text": "", "choice": "3", "number": 10, "ratio": -0.5, "flag": true, "path": "/x"}`, nil},
		{"integral float", `{"text": "x", "number": 3.0}`, nil},
		{"whole number for a float", `{"text": "x", "ratio": 2}`, nil},
		{"extra", `{"text": "x", "extra": {"a": [1]}}`, nil},
		{"null is absent", `{"text": "x", "number": null, "path": null}`, nil},
		{"required is missing", `{}`, []string{"job type s", "text is required, and missing"}},
		{"required is null", `{"text": null}`, []string{"text is required, and missing"}},
		{"everything wrong", `{"choice": "c", "number": 1.5, "ratio": "1", "flag": 1, "path": 3}`, []string{"text is required",
			`choice is "c": it must be one of a, b, 3`, "number must be a whole number, not 1.5", `ratio must be a number, not "1"`,
			"flag must be true or false, not 1", "path must be a text, not 3"}},
		{"below min", `{"text": "x", "number": 0, "ratio": -0.6}`, []string{"number is 0: it must be at least 1", "ratio is -0.6: it must be at least -0.5"}},
		{"above max", `{"text": "x", "number": 11, "ratio": 2.1}`, []string{"number is 11: it must be at most 10", "ratio is 2.1: it must be at most 2"}},
		{"too large", `{"text": "x", "number": 1e10}`, []string{"number is too large for 32 bits"}},
		{"number as text", `{"text": "x", "number": "3"}`, []string{`number must be a whole number, not "3"`}},
		{"bool as number", `{"text": "x", "number": true}`, []string{"number must be a whole number, not true"}},
		{"list", `{"text": ["x"]}`, []string{`text must be a text, not ["x"]`}},
		{"long", `{"text": "x", "choice": "` + strings.Repeat("c", 5000) + `"}`, []string{"choice is", "…"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var settings map[string]any
			if err := json.Unmarshal([]byte(c.settings), &settings); err != nil {
				t.Fatal(err)
			}
			p, err := l.Plan(t.Context(), farm.Submission{Type: "s", Settings: settings})
			if c.says != nil {
				wantError(t, err, farm.Invalid, c.says...)
				if len(err.Error()) > 1000 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"choice": "a", "number": 5.0, "ratio": 1.0, "flag": false, "filled": ""}
			for key, v := range settings {
				if _, known := want[key]; v != nil || !known {
					want[key] = v
				}
			}
			if !reflect.DeepEqual(p.Settings, want) {
				t.Errorf("settings %v; want %v", p.Settings, want)
			}
		})
	}
}

func TestSettingsFromGo(t *testing.T) {
	s := farm.Setting{Key: "n", Type: farm.SettingInt, Propargs: map[string]any{"min": int32(1)}}
	for _, v := range []any{int(3), int32(3), int64(3), float32(3), 3.0, json.Number("3")} {
		if err := check(&s, v); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	for _, v := range []any{0, json.Number("x"), json.Number("0.5"), struct{}{}, "3", []any{}} {
		if check(&s, v) == nil {
			t.Errorf("%T %v is accepted", v, v)
		}
	}
}

// What the original system's add-on makes of values is taken, too.
func TestCoercedFields(t *testing.T) {
	for written, want := range map[string]string{
		`type: "bool", default: 1`:                      `"default":true`,
		`type: "bool", default: 0`:                      `"default":false`,
		`type: "bool", default: "true"`:                 `"default":true`,
		`type: "bool", default: "False"`:                `"default":false`,
		`type: "int32", default: "7"`:                   `"default":7`,
		`type: "int32", default: true`:                  `"default":1`,
		`type: "float", default: "2.5"`:                 `"default":2.5`,
		`type: "string", default: 25`:                   `"default":"25"`,
		`type: "string", visible: false`:                `"visible":"hidden"`,
		`type: "string", visible: true`:                 `"visible":"visible"`,
		`type: "string", editable: 0, required: "true"`: `"editable":false,"key":"a","required":true`,
	} {
		l := library(t, map[string]string{"t.js": `var JOB_TYPE = {label: "T", settings: [{key: "a", ` + written + `}]}; function compileJob() {}`})
		jobType, err := l.Type(t.Context(), "t")
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got, _ := json.Marshal(jobType.Settings[0]); !strings.Contains(string(got), want) {
			t.Errorf("%s: %s; want %s", written, got, want)
		}
	}
}
