package farm

import (
	"slices"
	"strings"
)

// SplitShell splits a line into words as a POSIX shell does (Shell Command
// Language, 2.2 Quoting): quotes of both kinds, and backslashes outside of
// single quotes. Nothing is expanded, and # begins no comment, because half a
// command line would be lost without a word. The error is of kind Invalid and
// says what is not closed.
func SplitShell(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false // "" is a word, too
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\n', '\r':
			if inWord { // several blanks separate no more than one
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case '\\':
			if i++; i == len(line) {
				return nil, Errorf(Invalid, `nothing follows the last \`)
			}
			if line[i] != '\n' { // which continues the line
				word.WriteByte(line[i])
			}
		case '\'', '"':
			n := unquote(line[i+1:], c, &word)
			if n < 0 {
				return nil, Errorf(Invalid, "a quote (%c) is not closed", c)
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

// unquote writes the text up to the closing quote, and returns its length with
// the quote, or -1 if there is none.
func unquote(rest string, quote byte, word *strings.Builder) int {
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
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

// QuoteShell writes a command line that can be pasted into a shell, and that
// SplitShell splits into the same words.
func QuoteShell(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, special) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// QuoteFor is QuoteShell for who types into a shell of the operating system, named as Go
// does: both shells of Windows know double quotes, and there is a backslash in every path.
func QuoteFor(goos string, words ...string) string {
	if goos != "windows" {
		return QuoteShell(words)
	}
	quoted := slices.Clone(words)
	for i, word := range words {
		if word == "" || strings.ContainsFunc(strings.ReplaceAll(word, `\`, "/"), special) {
			quoted[i] = `"` + word + `"` // which no path there has in it
		}
	}
	return strings.Join(quoted, " ")
}

// special reports whether a shell may give the character a meaning. Curly
// brackets and tildes matter in places only; quoting them never hurts.
func special(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r) || r > 0x7f)
}
