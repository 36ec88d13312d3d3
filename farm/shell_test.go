package farm

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSplitShell(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"  \t\n", nil},
		{"  a \t b\nc ", []string{"a", "b", "c"}},
		{`--python-expr "import bpy; print(\"a\")" x`, []string{"--python-expr", `import bpy; print("a")`, "x"}},
		{`'a b'c "" ''`, []string{"a bc", "", ""}},
		{`a''b"c"'d'`, []string{"abcd"}},
		{`'a\b' "a\b" "\$\"\\"`, []string{`a\b`, `a\b`, `$"\`}},
		{`a\ b \'c "\x\\"`, []string{"a b", "'c", `\x\`}},
		{"a\\\nb \"c\\\nd\"", []string{"ab", "cd"}},
		{"a #b", []string{"a", "#b"}},
		{"ünï 'cö dé'", []string{"ünï", "cö dé"}},
	} {
		if got, err := SplitShell(c.in); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q splits into %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{`"a`, "'a", `a\`, `"a\"`} {
		if got, err := SplitShell(in); KindOf(err) != Invalid {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestQuotedWordsCanBeSplitAgain(t *testing.T) {
	if got, want := QuoteShell([]string{"/bin/sh", "-c", "exit 3", "it's", "", "a=b"}), `/bin/sh -c 'exit 3' 'it'\''s' '' a=b`; got != want {
		t.Errorf("quoted %s, want %s", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.String()).Draw(t, "words")
		got, err := SplitShell(QuoteShell(words))
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q became %q (%v)", words, got, err)
		}
	})
}

func TestQuoteFor(t *testing.T) {
	for _, c := range []struct{ goos, word, want string }{
		{"linux", "/srv/farm", "/srv/farm"}, {"linux", "/home/Ann Lee/farm", "'/home/Ann Lee/farm'"}, {"darwin", "it's", `'it'\''s'`},
		{"windows", `C:\Farm`, `C:\Farm`}, {"windows", `C:\Users\Ann Lee\Farm`, `"C:\Users\Ann Lee\Farm"`}, {"windows", "", `""`},
	} {
		if got := QuoteFor(c.goos, "--home", c.word); got != "--home "+c.want {
			t.Errorf("%s, %s: %s", c.goos, c.word, got)
		}
	}
}
