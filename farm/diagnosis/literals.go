package diagnosis

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"
)

// A matcher finds the first line of a log that a regular expression matches.
// Expressions are slow and logs are long, so the lines are found first in which
// a text stands that every match has.
type matcher struct {
	expr     *regexp.Regexp
	literals [][]byte // in small letters: each match has one of them; none: look at every line
}

func newMatcher(expr string) (matcher, error) {
	m := matcher{}
	var err error
	if m.expr, err = regexp.Compile(expr); err != nil {
		return m, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return m, err
	}
	if list, ok := required(tree.Simplify()); ok {
		for _, text := range list {
			m.literals = append(m.literals, lower([]byte(text)))
		}
	}
	return m, nil
}

// leastLiteral is how long a text has to be to be looked for, in bytes.
const leastLiteral = 3

// required returns texts of which each match has one at least.
func required(tree *syntax.Regexp) ([]string, bool) {
	switch tree.Op {
	case syntax.OpLiteral:
		text := string(tree.Rune)
		return []string{text}, len(text) >= leastLiteral
	case syntax.OpCapture, syntax.OpPlus:
		return required(tree.Sub[0])
	case syntax.OpAlternate:
		var all []string
		for _, sub := range tree.Sub {
			list, ok := required(sub)
			if !ok {
				return nil, false
			}
			all = append(all, list...)
		}
		return all, true
	case syntax.OpConcat:
		var best []string
		for _, sub := range tree.Sub {
			if list, ok := required(sub); ok && (best == nil || shortest(list) > shortest(best)) {
				best = list
			}
		}
		return best, best != nil
	}
	return nil, false
}

func shortest(list []string) int {
	return len(slices.MinFunc(list, func(a, b string) int { return len(a) - len(b) }))
}

// lower makes ASCII letters small, and keeps the length.
func lower(text []byte) []byte {
	small := bytes.Clone(text)
	for i, c := range small {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return small
}

// commandIndent begins the line in which a worker writes what it is going to run.
// What is in it was said by a user: "render /scenes/out of memory/1.blend". What a
// program prints has the worker's prefix before its own spaces.
var commandIndent = []byte("    ")

// maxWidth bounds how much of a line is looked at, in bytes.
const maxWidth = 8 << 10

// find returns the first matching line and what FindSubmatchIndex says of it.
// small is the log in small letters.
func (m *matcher) find(log, small []byte) (line []byte, at []int) {
	for from := 0; from < len(log); {
		next := m.next(small[from:])
		if next < 0 {
			return nil, nil
		}
		begin := bytes.LastIndexByte(log[:from+next], '\n') + 1
		start := max(begin, from+next-maxWidth/2)
		end := len(log)
		if n := bytes.IndexByte(log[from+next:], '\n'); n >= 0 {
			end = from + next + n
		}
		line = log[start:min(end, start+maxWidth)]
		if !bytes.HasPrefix(log[begin:], commandIndent) {
			if at = m.expr.FindSubmatchIndex(line); at != nil {
				return line, at
			}
		}
		from = end + 1
	}
	return nil, nil
}

// next returns where the next line to be looked at has its text, -1 for none.
func (m *matcher) next(small []byte) int {
	if len(m.literals) == 0 {
		return 0
	}
	first := -1
	for _, text := range m.literals {
		if n := bytes.Index(small, text); n >= 0 && (first < 0 || n < first) {
			first = n
			small = small[:min(len(small), n+len(text)+maxWidth)] // others count only before it
		}
	}
	return first
}
