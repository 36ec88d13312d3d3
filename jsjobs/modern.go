package jsjobs

import "strings"

// modernSyntax finds the first thing in the source that is newer than ES5, and
// says what it is and where. It is only asked about source that does not
// parse, so it need not be exact.
func modernSyntax(source string) (what string, line, column int) {
	lineStart := 0
	line = 1
	for i := 0; i < len(source); i++ {
		c := source[i]
		if c == '\n' {
			line++
			lineStart = i + 1
			continue
		}
		if c == '/' {
			if end := skipComment(source, i); end > i {
				line += strings.Count(source[i:end], "\n")
				if n := strings.LastIndexByte(source[:end], '\n'); n >= lineStart {
					lineStart = n + 1
				}
				i = end - 1
				continue
			}
		}
		if what := modernAt(source, i); what != "" {
			return what, line, i - lineStart + 1
		}
		switch {
		case c == '"' || c == '\'':
			i = skipString(source, i)
		case isWord(c):
			for i+1 < len(source) && isWord(source[i+1]) {
				i++
			}
		}
	}
	return "", 0, 0
}

// modernSigns are the signs that begin something new.
var modernSigns = []struct{ sign, what string }{
	{"=>", "arrow function"},
	{"`", "template string"},
	{"...", "spread or rest"},
	{"?.", "optional chaining"},
	{"??", "nullish coalescing"},
	{"**", "exponentiation operator"},
}

// modernWords are the words that do, each followed by a space.
var modernWords = map[string]string{
	"let": "let declaration", "const": "const declaration", "class": "class",
	"async": "async function", "await": "await", "of": "for-of loop",
	"import": "import", "export": "export",
}

// modernAt says what begins at i, or "".
func modernAt(source string, i int) string {
	for _, s := range modernSigns {
		if strings.HasPrefix(source[i:], s.sign) {
			return s.what
		}
	}
	if !isWord(source[i]) || i > 0 && (isWord(source[i-1]) || source[i-1] == '.') {
		return ""
	}
	end := i
	for end < len(source) && isWord(source[end]) {
		end++
	}
	what := modernWords[source[i:end]]
	if end == len(source) || source[end] != ' ' {
		return ""
	}
	return what
}

// isWord reports whether a byte can be part of a name. All bytes of characters
// beyond ASCII are taken for letters.
func isWord(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
