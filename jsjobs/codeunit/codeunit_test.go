package codeunit

import (
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// points draws characters of all lengths, with those that are taken inside.
var points = rapid.SliceOf(rapid.OneOf(rapid.Int32Range(0, 0x7f), rapid.Int32Range(0x80, 0xd7ff), rapid.Int32Range(0xe000, 0xffff),
	rapid.Int32Range(0x10000, 0x10ffff), rapid.SampledFrom([]int32{0xe000, 0xe7ff, 0xe800, 0xfffd, 0xfffe, 0xffff, 0x1f600})))

// What comes in goes out as it was, but for the characters whose place is taken.
func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := slices.DeleteFunc(points.Draw(t, "points"), func(r rune) bool { return r >= shelter && r <= shelterLast })
		s := string(list)
		inside := Encode(s)
		if !utf8.ValidString(inside) {
			t.Fatalf("%q inside is not valid UTF-8: %q", s, inside)
		}
		if out := Decode(inside); out != s {
			t.Fatalf("%q became %q", s, out)
		}
	})
}

// A text inside has a rune for each code unit, which tells it.
func TestUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := slices.DeleteFunc(points.Draw(t, "points"), func(r rune) bool { return r >= halves && r < plain || r == inner })
		s := string(list)
		units := utf16.Encode(list)
		inside := Encode(s)
		if Length(inside) != len(units) || FromUTF16(units) != inside || FromPoints(list) != inside || !slices.Equal(Points(inside), list) {
			t.Fatalf("%q: %q of %d units, want %d", s, inside, Length(inside), len(units))
		}
		i := 0
		for _, r := range inside {
			if Unit(r) != units[i] {
				t.Fatalf("%q: unit %d is %x, want %x", s, i, Unit(r), units[i])
			}
			i++
		}
		at := rapid.IntRange(0, len(units)).Draw(t, "at")
		if joined := Slice(inside, 0, at) + Slice(inside, at, len(units)); joined != inside {
			t.Fatalf("%q cut at %d and joined is %q", s, at, Decode(joined))
		}
	})
}

func TestAloneOutside(t *testing.T) {
	for _, c := range []struct {
		units []uint16
		want  string
	}{
		{[]uint16{0xd83d}, "\ufffd"}, {[]uint16{0xde00, 0xd83d}, "\ufffd\ufffd"}, {[]uint16{'a', 0xd83d, 0xde00}, "a😀"}, {[]uint16{0xfffd}, "\ufffd"},
	} {
		if got := Decode(FromUTF16(c.units)); got != c.want {
			t.Errorf("%x: %q, want %q", c.units, got, c.want)
		}
	}
	if got := Decode(Encode("a\xffb")); got != "a\ufffdb" {
		t.Errorf("invalid UTF-8: %q", got)
	}
}
