package codeunit

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// What Unicode says of texts inside: case, normal forms and order, as in the
// Unicode standard without the rules of any one language.

// Upper is a text in upper case: ß becomes SS.
func Upper(s string) string {
	if IsASCII(s) {
		return strings.ToUpper(s)
	}
	return outside(s, cases.Upper(language.Und).String)
}

// Lower is a text in lower case: a Σ that ends a word becomes ς.
func Lower(s string) string {
	if IsASCII(s) {
		return strings.ToLower(s)
	}
	return outside(s, cases.Lower(language.Und).String)
}

// Normalize brings a text into one of the forms NFC, NFD, NFKC and NFKD; ok is
// false if there is no such form.
func Normalize(s, form string) (normal string, ok bool) {
	f, ok := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}[form]
	if !ok || IsASCII(s) {
		return s, ok
	}
	return outside(s, f.String), true
}

// outside applies f to a text outside. Halves, which there are none of
// outside, part it and stay.
func outside(s string, f func(string) string) string {
	var out []byte
	var part []rune
	end := func() {
		if len(part) > 0 {
			for _, r := range f(string(part)) {
				out = AppendPoint(out, r)
			}
			part = part[:0]
		}
	}
	for _, r := range Points(s) {
		if utf16.IsSurrogate(r) {
			end()
			out = append(out, string(Rune(uint16(r)))...)
			continue
		}
		part = append(part, r)
	}
	end()
	return string(out)
}

// An Order compares texts as people sort them: first letters, then accents,
// then case. It is for one goroutine.
type Order struct{ collator *collate.Collator }

// NewOrder returns the order of the root locale. numeric sorts 9 before 10. The
// sensitivities base, accent and case leave differences out, as JavaScript has
// them.
func NewOrder(numeric bool, sensitivity string) *Order {
	var options []collate.Option
	if numeric {
		options = append(options, collate.Numeric)
	}
	switch sensitivity {
	case "base":
		options = append(options, collate.Loose)
	case "accent":
		options = append(options, collate.IgnoreCase)
	case "case":
		options = append(options, collate.IgnoreDiacritics)
	}
	return &Order{collate.New(language.Und, options...)}
}

// Compare returns -1, 0 or 1.
func (o *Order) Compare(a, b string) int { return o.collator.CompareString(Decode(a), Decode(b)) }
