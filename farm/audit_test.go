package farm

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanActor(t *testing.T) {
	for given, want := range map[string]string{
		"anna":                              "anna",
		"  Jürgen 小 ":                       "Jürgen 小",
		"a\x1b[31mb\nc\td\x00":              "a[31mbcd",
		"bad \xff\xfe utf":                  "bad  utf",
		"turned \u202e around":              "turned  around",
		strings.Repeat("x", 1000):           strings.Repeat("x", MaxActor),
		strings.Repeat("ü", MaxActor):       strings.Repeat("ü", MaxActor/2),
		"x" + strings.Repeat("小", MaxActor): "x" + strings.Repeat("小", (MaxActor-1)/3),
		"":                                  "",
	} {
		a := CleanActor(given, "", given)
		if a.Name != want || a.Agent != want || !utf8.ValidString(a.Name) {
			t.Errorf("%q became %q, want %q", given, a.Name, want)
		}
	}
}
