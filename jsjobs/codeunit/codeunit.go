// Package codeunit writes texts in the form that the engine counts right.
//
// JavaScript counts a text in UTF-16 code units, and a script may cut a
// character outside the basic plane (an emoji) into its two halves and join
// them again. The engine keeps texts in UTF-8 and counts runes. So inside it
// every rune is one code unit: the 2,048 surrogates, which UTF-8 cannot hold,
// are the runes U+E000 to U+E7FF. Length, comparison, concatenation, indexing
// and names of properties are then right without the engine knowing.
//
//	outside  "a😀"          UTF-8, as the rest of the program has texts
//	inside   "a\ue03d\ue600" one rune per code unit: D83D, DE00
//
// Texts without such characters, that is nearly all, are the same in both
// forms. U+FFFD, which the engine takes for a mistake, is U+FFFE inside.
//
// The private characters U+E000 to U+E7FF, and U+FFFE, are taken by this. One
// that comes from outside is written as a pair (of U+10F000 and following):
// it counts as two, and is itself again outside.
package codeunit

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	surrogates  = 0xd800   // the first of the halves
	halves      = 0xe000   // the runes they are inside
	plain       = 0xe800   // the first code unit that is no half and not taken
	fallback    = 0xfffd   // what the engine takes for a mistake
	inner       = 0xfffe   // what fallback is inside
	shelter     = 0x10f000 // what the private characters are inside
	shelterLast = 0x10f800 // what U+FFFE is inside
)

// Same reports whether a text is the same inside and outside. It looks for the
// first bytes that everything from U+E000 on has.
func Same(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xee {
			return false
		}
	}
	return true
}

// Encode brings a text inside. Invalid UTF-8 becomes U+FFFD.
func Encode(s string) string {
	if Same(s) {
		if utf8.ValidString(s) {
			return s
		}
		return strings.ToValidUTF8(s, string(rune(inner)))
	}
	b := make([]byte, 0, len(s)+len(s)/2)
	for _, r := range s {
		b = AppendPoint(b, r)
	}
	return string(b)
}

// Decode brings a text outside. A half without the other becomes U+FFFD.
func Decode(s string) string {
	if Same(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := Point(s)
		s = s[n:]
		switch {
		case r >= shelter && r < shelterLast:
			r += halves - shelter
		case r == shelterLast:
			r = inner
		case utf16.IsSurrogate(r):
			r = fallback
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// Rune is what a code unit is inside; for those that are taken, it is U+FFFE.
func Rune(unit uint16) rune {
	switch {
	case unit >= surrogates && unit < halves:
		return rune(unit) + halves - surrogates
	case unit >= halves && unit < plain, unit == fallback, unit == inner:
		return inner
	}
	return rune(unit)
}

// Unit is the code unit that a rune inside is.
func Unit(r rune) uint16 {
	switch {
	case r >= halves && r < plain:
		return uint16(r - halves + surrogates)
	case r == inner:
		return fallback
	}
	return uint16(r)
}

// Point reads the first character of a text inside, which is one or two of its
// runes, and how many bytes it has there. A half alone is a surrogate.
func Point(s string) (r rune, size int) {
	first, n := utf8.DecodeRuneInString(s)
	high := rune(Unit(first))
	if high < surrogates || high >= 0xdc00 {
		return high, n
	}
	second, more := utf8.DecodeRuneInString(s[n:])
	if low := rune(Unit(second)); more > 0 && low >= 0xdc00 && low < halves {
		return utf16.DecodeRune(high, low), n + more
	}
	return high, n
}

// AppendPoint appends a character, or a half, to a text inside.
func AppendPoint(b []byte, r rune) []byte {
	switch {
	case r >= halves && r < plain:
		r += shelter - halves
	case r == inner:
		r = shelterLast
	}
	if r >= 0x10000 {
		high, low := utf16.EncodeRune(r)
		return utf8.AppendRune(utf8.AppendRune(b, Rune(uint16(high))), Rune(uint16(low)))
	}
	return utf8.AppendRune(b, Rune(uint16(r)))
}

// FromUTF16 brings code units inside.
func FromUTF16(units []uint16) string {
	b := make([]byte, 0, len(units)+len(units)/2)
	for _, u := range units {
		if u >= surrogates && u < halves {
			b = utf8.AppendRune(b, Rune(u))
		} else {
			b = AppendPoint(b, rune(u))
		}
	}
	return string(b)
}

// Points lists the characters of a text inside; halves alone are surrogates.
func Points(s string) []rune {
	list := make([]rune, 0, len(s))
	for len(s) > 0 {
		r, n := Point(s)
		list = append(list, r)
		s = s[n:]
	}
	return list
}

// FromPoints is the text inside of characters.
func FromPoints(points []rune) string {
	b := make([]byte, 0, len(points)+len(points)/2)
	for _, r := range points {
		b = AppendPoint(b, r)
	}
	return string(b)
}

// Length counts the code units of a text inside.
func Length(s string) int { return utf8.RuneCountInString(s) }

// IsASCII reports whether a code unit is a byte throughout a text.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Slice is the code units from..to of a text inside.
func Slice(s string, from, to int) string {
	if from >= to {
		return ""
	}
	from, to = Offset(s, from), Offset(s, to)
	return s[from:to]
}

// Offset is the byte at which the code unit at a position begins, or the end.
func Offset(s string, position int) int {
	if IsASCII(s) {
		return min(position, len(s))
	}
	n := 0
	for i := range s {
		if n == position {
			return i
		}
		n++
	}
	return len(s)
}
