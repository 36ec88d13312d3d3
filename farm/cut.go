package farm

import "unicode/utf8"

// CutText returns the beginning of a text: at most so many bytes of it, cut between
// characters.
func CutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
