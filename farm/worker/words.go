package worker

import (
	"errors"
	"strings"
)

// splitWords splits text as a POSIX shell does, without expanding anything:
// words are separated by white space; '…' keeps everything, "…" keeps
// everything but a backslash before one of $ ` " \ and a line end; a backslash
// keeps the character after it.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	started := false // "" is a word, too
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r':
			if started { // several blanks separate no more than one
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a ' is not closed")
			}
			word.WriteString(text[i+1 : i+1+end])
			i += 1 + end
			started = true
		case '"':
			n, ok := doubleQuoted(text[i+1:], &word)
			if !ok {
				return nil, errors.New(`a " is not closed`)
			}
			i += n
			started = true
		case '\\':
			if i++; i == len(text) {
				return nil, errors.New(`nothing follows the last \`)
			}
			word.WriteByte(text[i])
			started = true
		default:
			word.WriteByte(c)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}

// doubleQuoted adds the quoted text up to the closing quote to word, and returns
// how many bytes it took, the quote included.
func doubleQuoted(text string, word *strings.Builder) (n int, closed bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1, true
		case c == '\\' && i+1 < len(text) && strings.IndexByte("$`\"\\\n", text[i+1]) >= 0:
			if i++; text[i] != '\n' {
				word.WriteByte(text[i])
			}
		default:
			word.WriteByte(c)
		}
	}
	return 0, false
}

// quoteWords writes a command line that can be pasted into a shell.
func quoteWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, special) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// special reports whether a shell may give the character a meaning. Curly
// brackets and tildes matter in places only; quoting them never hurts.
func special(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r) || r > 0x7f)
}
