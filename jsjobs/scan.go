package jsjobs

import (
	"fmt"
	"regexp"
	"strings"
)

// What the parser does not survive is looked for before it is started. That
// takes no grammar, so some of it is guessed: a regular expression may be
// taken for something else.

// maxArrows bounds arrow functions in the parameters of arrow functions. The
// parser reads parameters twice, so each level doubles its work.
const maxArrows = 4

// A scanner goes over source and keeps the brackets that are open.
type scanner struct {
	source string
	line   int
	open   []bracket
}

// A bracket is open.
type bracket struct {
	template bool // it is the one of an expression within a template
	arrows   int  // how deep arrow functions nest in parameters within it
}

// scan looks for brackets and arrow functions that nest too deep, and returns
// what is wrong and its line.
func scan(source string) (what string, line int) {
	if line := tooManyOpen(source); line > 0 {
		return nestsTooDeep, line
	}
	s := &scanner{source: source, line: 1}
	for i := 0; i < len(source); {
		next, what := s.step(i)
		if what != "" {
			return what, s.line
		}
		next = min(next, len(source))
		s.line += strings.Count(source[i:next], "\n")
		i = next
	}
	return "", 0
}

var nestsTooDeep = fmt.Sprintf("more than %d brackets within each other", maxNesting)

// step looks at what is at i, and returns what comes next.
func (s *scanner) step(i int) (next int, what string) {
	switch s.source[i] {
	case '(', '[', '{':
		s.open = append(s.open, bracket{})
		if len(s.open) > maxNesting {
			return 0, nestsTooDeep
		}
	case ')', ']', '}':
		return s.close(i)
	case '"', '\'':
		return skipString(s.source, i) + 1, ""
	case '`':
		return s.template(i), ""
	case '/':
		end := skipComment(s.source, i)
		if end < 0 {
			return 0, "SyntaxError: a comment is not closed"
		}
		return max(i+1, end), ""
	}
	return i + 1, ""
}

// close takes the bracket that is closed at i away.
func (s *scanner) close(i int) (next int, what string) {
	n := len(s.open) - 1
	if n < 0 {
		return i + 1, ""
	}
	closed := s.open[n]
	s.open = s.open[:n]
	if closed.template && s.source[i] == '}' {
		return s.template(i), ""
	}
	if s.source[i] == ')' && strings.HasPrefix(strings.TrimLeft(s.source[i+1:], " \t"), "=>") {
		if closed.arrows++; closed.arrows > maxArrows {
			return 0, fmt.Sprintf("more than %d arrow functions in the parameters of each other", maxArrows)
		}
	}
	if n > 0 {
		s.open[n-1].arrows = max(s.open[n-1].arrows, closed.arrows)
	}
	return i + 1, ""
}

// template goes over the text of a template that begins after i, to its end or
// into an expression in it.
func (s *scanner) template(i int) (next int) {
	end, inner := skipTemplate(s.source, i)
	if inner {
		s.open = append(s.open, bracket{template: true})
	}
	return end
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

// skipTemplate returns what follows the text of a template that begins after
// i: after its closing quote, or after the brace of an expression, inner.
func skipTemplate(source string, i int) (next int, inner bool) {
	for j := i + 1; j < len(source); j++ {
		switch {
		case source[j] == '\\':
			j++
		case source[j] == '`':
			return j + 1, false
		case strings.HasPrefix(source[j:], "${"):
			return j + 2, true
		}
	}
	return len(source), false
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
