package jsjobs

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A snippet is the body of a function and the JSON of what it returns by the
// standard. gap is what it returns here, where that is known to be something
// else; docs/job-types.md lists those.
type snippet struct{ name, body, want, gap string }

// snippets reads a file of them:
//
//	### name
//	body
//	=> JSON
//	gap: JSON
func snippets(t testing.TB, file string) (list []snippet) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "jobtypes", file))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.ReplaceAll("\n"+string(text), "\r\n", "\n"), "\n### ") {
		name, body, ok := strings.Cut(part, "\n")
		if !ok || name == "" {
			continue
		}
		body, want, ok := strings.Cut(body, "\n=> ")
		if !ok {
			t.Fatalf("%s: %s has no result", file, name)
		}
		want, gap, _ := strings.Cut(want, "\ngap: ")
		list = append(list, snippet{name, body, strings.TrimSpace(want), strings.TrimSpace(gap)})
	}
	return list
}

// TestStandard holds the engine, with the lowering and the built-ins it lacks,
// to what browsers return: es2015.txt the language, builtins.txt what is built in.
func TestStandard(t *testing.T) {
	for _, s := range append(snippets(t, "es2015.txt"), snippets(t, "builtins.txt")...) {
		t.Run(s.name, func(t *testing.T) {
			got, err := evaluate(t, "(function () {\n"+s.body+"\n})()")
			if err != nil {
				got = "error: " + err.Error()
			}
			want := cmp.Or(s.gap, s.want)
			if strings.HasPrefix(want, "error: ") && strings.HasPrefix(got, want) {
				return
			}
			if got != want && !same(t, got, want) {
				t.Errorf("%s\ngot  %s\nwant %s", s.body, got, want)
			}
		})
	}
}

// TestOriginal holds scripts to what they return in the original system, which
// is what the standard says. Results are compared as texts: the order of keys
// counts.
func TestOriginal(t *testing.T) {
	for _, s := range snippets(t, "original.txt") {
		t.Run(s.name, func(t *testing.T) {
			got, err := evaluate(t, "(function () {\n"+s.body+"\n})()")
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != s.want {
				t.Errorf("%s\ngot  %s\nwant %s", s.body, got, s.want)
			}
		})
	}
}
