package regex

import (
	"fmt"
	"strings"
	"testing"

	"renderfarm/jsjobs/codeunit"
)

// found writes a match as "start:groups", with ~ for groups that have nothing.
func found(t *testing.T, pattern, flags, text string, start int) string {
	t.Helper()
	r, err := Compile(codeunit.Encode(pattern), flags)
	if err != nil {
		return err.Error()
	}
	subject := NewText(codeunit.Encode(text))
	m, err := r.Match(subject, start, r.Has('y'))
	if err != nil {
		return err.Error()
	}
	if m == nil {
		return "none"
	}
	parts := []string{}
	for i := 0; i < len(m); i += 2 {
		if m[i] < 0 {
			parts = append(parts, "~")
			continue
		}
		parts = append(parts, codeunit.Decode(subject.Slice(m[i], m[i+1])))
	}
	return fmt.Sprintf("%d:%s", m[0], strings.Join(parts, ","))
}

// The results are those of the standard; the examples with a z are its own.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, flags, text string
		start                int
		want                 string
	}{
		{`a|ab`, "", "abc", 0, "0:a"},
		{`((a)|(ab))((c)|(bc))`, "", "abc", 0, "0:abc,a,a,~,bc,~,bc"},
		{`a[a-z]{2,4}?`, "", "abcdefghi", 0, "0:abc"},
		{`(aa|aabaac|ba|b|c)*`, "", "aabaac", 0, "0:aaba,ba"},
		{`(z)((a+)?(b+)?(c))*`, "", "zaacbbbcac", 0, "0:zaacbbbcac,z,ac,a,~,c"},
		{`(?=(a+))a*b\1`, "", "baaabac", 0, "3:aba,a"},
		{`(.*?)a(?!(a+)b\2c)\2(.*)`, "", "baaabaac", 0, "0:baaabaac,ba,~,abaac"},
		{`\B(?=(\d{3})+$)`, "", "1234567", 0, "1:,567"},
		{`(?<=\$)\d+(\.\d*)?`, "", "$10.53", 0, "1:10.53,.53"},
		{`(?<!\$)\b\d+`, "", "$10 20", 0, "4:20"},
		{`(?<=(\d+)(\d+))$`, "", "1053", 0, "4:,1,053"},
		{`(?<=\1(a))b`, "", "aab", 0, "2:b,a"},
		{`(["'])(.*?)\1`, "", `say "hi" now`, 0, `4:"hi",",hi`},
		{`(?<year>\d{4})-(?<month>\d\d)`, "", "on 2026-03-04", 0, "3:2026-03,2026,03"},
		{`\k<b>(?<b>x)`, "", "x", 0, "0:x,x"},
		{`\1(a)`, "", "aa", 0, "0:a,a"},
		{`(?:(a)|b)*`, "", "ab", 0, "0:ab,~"},
		{`(?:(a)|(b)|c)+`, "", "abc", 0, "0:abc,~,~"},
		{`a[^]b`, "", "a\nb", 0, "0:a\nb"},
		{`a.b`, "", "a\u2028b", 0, "none"},
		{`a.b`, "s", "a\u2028b", 0, "0:a\u2028b"},
		{`[]`, "", "a", 0, "none"},
		{`b$`, "", "b\n", 0, "none"},
		{`^b$`, "m", "a\nb\r\nc", 0, "2:b"},
		{`\bx`, "", "éx", 0, "1:x"},
		{`\w+`, "", "é_a1", 0, "1:_a1"},
		{`\s`, "", "\u00a0", 0, "0:\u00a0"},
		{`\d`, "", "٣", 0, "none"},
		{`a`, "y", "ba", 0, "none"},
		{`a`, "y", "ba", 1, "1:a"},
		{`^a`, "y", "aa", 1, "none"},
		{`[à-ü]`, "i", "Ö", 0, "0:Ö"},
		{`ß`, "i", "ẞ", 0, "none"},
		{`ß`, "iu", "ẞ", 0, "0:ẞ"},
		{`k`, "i", "\u212a", 0, "none"},
		{`k`, "iu", "\u212a", 0, "0:\u212a"},
		{`\w`, "iu", "ſ", 0, "0:ſ"},
		{`[^x]`, "i", "X", 0, "none"},
		{`(a)\1`, "i", "aA", 0, "0:aA,a"},
		{`^.$`, "", "😀", 0, "none"},
		{`^..$`, "", "😀", 0, "0:😀"},
		{`^.$`, "u", "😀", 0, "0:😀"},
		{`[😀-😂]`, "u", "a😁", 0, "1:😁"},
		{`\u{1F600}`, "u", "😀", 0, "0:😀"},
		{`\u{3}`, "", "uuu", 0, "0:uuu"},
		{`\ud83d`, "", "😀", 0, "0:\ufffd"},
		{`\ud83d`, "u", "😀", 0, "none"},
		{`.`, "u", "a😀b", 2, "1:😀"},
		{`\p{Lu}\p{Script=Greek}`, "u", "aΩΩ", 0, "1:ΩΩ"},
		{`\P{L}+`, "u", "ab12", 0, "2:12"},
		{`\p{L}`, "", "p{L}", 0, "0:p{L}"},
		{`\cA\c`, "", "\x01\\c", 0, "0:\x01\\c"},
		{`\101\8`, "", "A8", 0, "0:A8"},
		{`x{1`, "", "x{1", 0, "0:x{1"},
		{`[\d-x]+`, "", "1-x", 0, "0:1-x"},
		{`]`, "", "]", 0, "0:]"},
		{`(?:)`, "", "x", 1, "1:"},
		{`a{0}b`, "", "ab", 0, "1:b"},
		{`(?:(?<n>a)|(?<n>b))\k<n>`, "", "abb", 0, "1:bb,~,b"},
		{`a+?\ud83d\ude00`, "", "aa😀", 0, "0:aa😀"},
		{`[\ud800-\uffff]+`, "", "a😀\ufffd", 0, "1:😀\ufffd"},
		{`[^a]`, "u", "a\ufffd", 0, "1:\ufffd"},
		{`(x|[^a])b`, "", "xb", 0, "0:xb,x"},
		{`(?<a`, "", "", 0, "Invalid regular expression: /(?<a/: Invalid capture group name"},
	} {
		if got := found(t, c.pattern, c.flags, c.text, c.start); got != c.want {
			t.Errorf("/%s/%s on %q from %d: %q, want %q", c.pattern, c.flags, c.text, c.start, got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range [][2]string{
		{"(", ""}, {")", ""}, {"*", ""}, {"a**", ""}, {"[b-a]", ""}, {"[", ""}, {`\`, ""}, {"a{2,1}", ""}, {"(?<a>x)(?<a>y)", ""}, {"(?<1>x)", ""},
		{`(?<a>x)\k<b>`, ""}, {`(?<a>x)\k`, ""}, {"{1}", ""}, {"(?a)", ""}, {"(?<=a)*", ""},
		{"(?=a)*", "u"}, {`\1`, "u"}, {`\u{110000}`, "u"}, {`\-`, "u"}, {"{", "u"}, {"}", "u"}, {"]", "u"}, {`[\d-x]`, "u"}, {`\p{Nonsense}`, "u"}, {`\c`, "u"}, {`\00`, "u"},
		{"a", "gg"}, {"a", "x"},
	} {
		if _, err := Compile(c[0], c[1]); err == nil {
			t.Errorf("/%s/%s was taken", c[0], c[1])
		}
	}
}

// What would take for ever ends, with an error that says why.
func TestCatastrophe(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a match may")
	}
	for _, pattern := range []string{"(a+)+$", "^(?:a|a)*$", "(a*)*b", `^(?=(a+)+$)x`} {
		got := found(t, pattern, "", strings.Repeat("a", 40)+"!", 0)
		if !strings.Contains(got, "look for repetitions within repetitions") && got != "none" {
			t.Errorf("/%s/: %q", pattern, got)
		}
	}
}
