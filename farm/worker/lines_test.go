package worker

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

func linesOf(r io.Reader) (all []string) {
	eachLine(r, func(line string) { all = append(all, line) })
	return all
}

func TestEachLine(t *testing.T) {
	long := strings.Repeat("ä", maxLine) // two bytes each
	cases := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one without an end", "a", []string{"a"}},
		{"all kinds of ends", "a\nb\r\nc\rd\n\ne\r", []string{"a", "b", "c", "d", "", "e"}},
		{"progress", "1%\r2%\r3%\n", []string{"1%", "2%", "3%"}},
		{"not UTF-8", "a\xffb\n", []string{"a\ufffdb"}},
		{"long", long + "\nend", []string{long[:maxLine], long[maxLine:], "end"}},
		{"long, cut inside a character", "x" + long, []string{"x" + long[:maxLine-2], long[maxLine-2 : 2*maxLine-2], "ä"}},
		{"long garbage", strings.Repeat("\x80", maxLine+1), []string{"\ufffd", "\ufffd"}},
		{"just full", strings.Repeat("x", maxLine) + "\ny\n", []string{strings.Repeat("x", maxLine), "y"}},
	}
	for _, c := range cases {
		if got := linesOf(strings.NewReader(c.in)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %.100q, want %.100q", c.name, got, c.want)
		}
	}
}

// However the text arrives, the lines are the same, whole and bounded.
func TestEachLineInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab\r\nä\u20ac\U0001f600"))).Draw(t, "text")
		whole := linesOf(strings.NewReader(text))
		bytewise := linesOf(iotest.OneByteReader(strings.NewReader(text)))
		if !slices.Equal(whole, bytewise) {
			t.Fatalf("in one: %q, byte by byte: %q", whole, bytewise)
		}
		for _, line := range whole {
			if len(line) > maxLine || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
	})
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"much too long", 10, "much to…"},
		{"two\nlines", 20, "two…"}, {"ääääää", 8, "ää…"}, {"ääääää", 7, "ää…"}, {"ää\n", 20, "ää…"}, {"", 5, ""},
	} {
		if got := clip(c.in, c.most); got != c.want || len(got) > c.most {
			t.Errorf("clip(%q, %d) = %q, want %q", c.in, c.most, got, c.want)
		}
	}
}

// TestCommands holds the worker to the list that everybody else reads.
func TestCommands(t *testing.T) {
	if got := slices.Sorted(maps.Keys(commands)); !slices.Equal(got, farm.Commands) {
		t.Errorf("the worker can %q, and farm.Commands lists %q", got, farm.Commands)
	}
}
