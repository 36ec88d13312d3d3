package jsjobs

import (
	"fmt"
	"regexp"
	"strings"
)

// What the parser does not survive is looked for before it is started. That
// takes no grammar, so some of it is guessed: a regular expression may be
// taken for something else.

// scan looks for brackets within brackets, and returns what is wrong and its
// line.
func scan(source string) (what string, line int) {
	if line := tooManyOpen(source); line > 0 {
		return fmt.Sprintf("more than %d brackets within each other", maxOpen), line
	}
	depth := 0
	line = 1
	var templates []int // depths at which an expression within a template began
	for i := 0; i < len(source); i++ {
		c := source[i]
		from := i
		switch c {
		case '(', '[', '{':
			if depth++; depth > maxNesting {
				return fmt.Sprintf("more than %d brackets within each other", maxNesting), line
			}
		case ')', ']', '}':
			depth = max(0, depth-1)
			if n := len(templates); c == '}' && n > 0 && depth < templates[n-1] {
				templates = templates[:n-1]
				i = skipTemplate(source, i)
			}
		case '"', '\'':
			i = skipString(source, i)
		case '`':
			i = skipTemplate(source, i)
		case '/':
			end := skipComment(source, i)
			if end < 0 {
				return "SyntaxError: a comment is not closed", line
			}
			i = max(i, end-1)
		}
		if i > from+1 && i < len(source) && source[i] == '{' { // an expression in a template
			if depth++; depth > maxNesting {
				return fmt.Sprintf("more than %d brackets within each other", maxNesting), line
			}
			templates = append(templates, depth)
		}
		line += strings.Count(source[from:min(i+1, len(source))], "\n")
	}
	return "", 0
}

// tooManyOpen counts brackets wherever they are, because the guesses of scan
// can be led astray, and returns the line where there are too many. No script
// has that many in its texts without their other halves.
func tooManyOpen(source string) int {
	open := 0
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '(', '[', '{':
			if open++; open > maxOpen {
				return 1 + strings.Count(source[:i], "\n")
			}
		case ')', ']', '}':
			open = max(0, open-1)
		}
	}
	return 0
}

// skipTemplate returns where the text of a template that begins after i ends:
// at its closing quote, or at the { of an expression in it.
func skipTemplate(source string, i int) int {
	for j := i + 1; j < len(source); j++ {
		switch {
		case source[j] == '\\':
			j++
		case source[j] == '`':
			return j
		case strings.HasPrefix(source[j:], "${"):
			return j + 1
		}
	}
	return len(source)
}

// label is a word and a colon after what a labelled statement within another
// statement follows. Some of what else it finds are parts of ?: expressions.
var label = regexp.MustCompile(`(?:[:)]|\b(?:else|do)\b)\s*[\pL_$][\pL\pN_$]*\s*:`)

// labels counts, roughly, labelled statements within others.
func labels(source string) int {
	n := 0
	for n <= maxLabels {
		at := label.FindStringIndex(source)
		if at == nil {
			break
		}
		n++
		source = source[at[1]-1:] // the colon may be what the next one follows
	}
	return n
}

// skipString returns where the string that begins at i ends: at its closing
// quote, or before the end of the line or file.
func skipString(source string, i int) int {
	quote := source[i]
	for j := i + 1; j < len(source); j++ {
		switch source[j] {
		case '\\':
			j++
		case quote:
			return j
		case '\n':
			return j - 1
		}
	}
	return len(source)
}

// skipComment returns the end of the comment that begins at i: i if none does,
// and -1 if it is not closed.
func skipComment(source string, i int) int {
	switch {
	case strings.HasPrefix(source[i:], "//"):
		if n := strings.IndexByte(source[i:], '\n'); n >= 0 {
			return i + n
		}
		return len(source)
	case strings.HasPrefix(source[i:], "/*"):
		if n := strings.Index(source[i+2:], "*/"); n >= 0 {
			return i + 2 + n + 2
		}
		return -1
	}
	return i
}
