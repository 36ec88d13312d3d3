package jsjobs

import (
	"strings"

	"renderfarm/farm"
)

// splitShell splits a line into words as a POSIX shell does: quotes of both
// kinds, and backslashes outside of single quotes. Nothing is expanded, and #
// begins no comment, because half a command line would be lost without a word.
func splitShell(line string) ([]string, error) {
	words := []string{}
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\n', '\r':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case '\\':
			if i++; i == len(line) {
				return nil, farm.Errorf(farm.Invalid, "%q ends with a backslash that has nothing to quote", brief(line))
			}
			if line[i] != '\n' { // which continues the line
				word.WriteByte(line[i])
			}
		case '\'', '"':
			n := quoted(line[i+1:], c, &word)
			if n < 0 {
				return nil, farm.Errorf(farm.Invalid, "a quote (%c) is not closed in %q", c, brief(line))
			}
			i += n
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// quoted writes the text up to the closing quote and returns its length with
// the quote, or -1 if there is none.
func quoted(rest string, quote byte, word *strings.Builder) int {
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == quote:
			return i + 1
		case c == '\\' && quote == '"' && i+1 < len(rest) && strings.IndexByte("$`\"\\\n", rest[i+1]) >= 0:
			if i++; rest[i] != '\n' {
				word.WriteByte(rest[i])
			}
		default:
			word.WriteByte(c)
		}
	}
	return -1
}
